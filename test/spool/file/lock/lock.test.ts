import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type KernelLock, lockFile } from '../../../../src/spool/file/lock/kernel-lock.js';
import {
  acquireLock,
  type LockOptions,
  readHolder,
  type SpoolLock,
} from '../../../../src/spool/file/lock/lock.js';
import { openLockFile } from '../../../../src/spool/file/lock/lock-record.js';
import {
  isAlive,
  ownIdentity,
  type ProcessIdentity,
} from '../../../../src/spool/file/lock/process-identity.js';
import { bundle, runNode, startNode } from '../../../support/child.js';
import { isRoot, madeSpool, names, quickDir, read, spoolAt } from '../../../support/spool-kit.js';
import { tempDir } from '../../../support/temp.js';

const linux = process.platform === 'linux' ? it : it.skip; // rests on /proc or on flock(1)
const asRoot = isRoot ? it : it.skip; // setuid needs root
const now = Date.parse('2026-11-23T12:00:00.000Z');

/** As on a machine without `flock`. */
function withoutKernel(path: string, { mode }: { mode: number }): KernelLock {
  return lockFile(path, { mode, commands: [], platform: 'linux' });
}

function acquire(root: string, options: Partial<LockOptions> = {}) {
  return acquireLock(root, { mode: 'pass', now, ...options });
}

async function held(root: string, options: Partial<LockOptions> = {}): Promise<SpoolLock> {
  const result = await acquire(root, options);
  if (result.held) throw new Error('the lock is held');
  return result.lock;
}

function writeRecord(root: string, record: Partial<ProcessIdentity>): void {
  writeFileSync(
    `${root}/lock`,
    JSON.stringify({ mode: 'daemon', since: '2026-01-01T00:00:00.000Z', ...record }),
  );
}

/** A process that holds the lock until its input ends, or it is killed. */
async function holder(root: string, options = '{}') {
  const directory = tempDir();
  const script = await bundle(
    `${directory}/hold.mjs`,
    `
    import { acquireLock } from '${process.cwd()}/src/spool/file/lock/lock.ts';
    import { lockFile } from '${process.cwd()}/src/spool/file/lock/kernel-lock.ts';
    const withoutKernel = (path, { mode }) => lockFile(path, { mode, commands: [] });
    const result = await acquireLock(process.argv[2], { mode: 'daemon', now: ${now}, ...${options} });
    console.log(JSON.stringify(result.held));
    setInterval(() => {}, 1000);
    process.stdin.on('end', () => result.lock.release().then(() => process.exit())).resume();
  `,
  );
  const child = startNode(script, [root]);
  const said = await new Promise<string>((resolve) =>
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  expect(said).toBe('false\n');
  return child;
}

async function gone(child: ReturnType<typeof startNode>): Promise<void> {
  await new Promise((resolve) => child.once('exit', resolve));
}

describe('acquireLock() with the lock of the kernel', () => {
  linux('acquireLock() is held by one, and says by whom and since when', async () => {
    const root = madeSpool(quickDir());
    const lock = await held(root);
    expect(await acquire(root, { mode: 'daemon', now: now + 5 })).toEqual({
      held: true,
      holder: {
        host: hostname(),
        pid: process.pid,
        mode: 'pass',
        since: '2026-11-23T12:00:00.000Z',
        isVisible: true,
      },
    });
    await lock.release();
    expect(read(`${root}/lock`).trim()).toBe('');
    await (await held(root)).release();
  });

  linux(
    'acquireLock() gets it at once from a process that was killed, and not from one that was stopped',
    async () => {
      const root = madeSpool(quickDir());
      const child = await holder(root);
      process.kill(child.pid!, 'SIGSTOP');
      expect(await acquire(root)).toMatchObject({ held: true, holder: { pid: child.pid, mode: 'daemon' } });
      process.kill(child.pid!, 'SIGKILL');
      await gone(child);
      expect(readHolder(root)).toBeUndefined();
      await (await held(root)).release();
    },
  );

  linux('acquireLock() makes the lock file 0600, whatever the umask', async () => {
    const root = madeSpool(tempDir());
    const umask = process.umask(0o777);
    const result = await acquire(root).finally(() => process.umask(umask));
    expect(result.held).toBe(false);
    expect(statSync(`${root}/lock`).mode & 0o777).toBe(0o600);
    if (!result.held) await result.lock.release();
  });

  linux('acquireLock() gets it from a process that released it', async () => {
    const root = madeSpool(quickDir());
    const child = await holder(root);
    child.stdin!.end();
    await gone(child);
    expect(read(`${root}/lock`).trim()).toBe('');
    await (await held(root)).release();
  });

  linux('valid() is false as soon as the spool was removed or replaced', async () => {
    const directory = quickDir();
    const root = madeSpool(directory);
    const lock = await held(root);
    expect(lock.valid()).toBe(true);
    renameSync(root, `${directory}/moved`);
    expect(lock.valid()).toBe(false);
    madeSpool(directory);
    const other = await held(root);
    expect(other.valid()).toBe(true);
    expect(lock.valid()).toBe(false);
    await lock.release();
    expect(readHolder(root)).toMatchObject({ pid: process.pid });
    await other.release();
  });

  it('acquireLock() goes on where its record cannot be written: the kernel keeps the lock', async () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/lock`, '');
    let fd = 0;
    const lock = await held(root, {
      takeKernelLock(path) {
        fd = openSync(path, 'r');
        return { kind: 'locked', fd };
      },
    });
    expect(lock.valid()).toBe(true);
    expect(readHolder(root)).toBeUndefined();
    await expect(lock.release()).resolves.toBeUndefined();
    expect(() => closeSync(fd)).toThrow('EBADF');
  });

  it('acquireLock() throws the errno of a lock file that cannot be opened', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/lock`);
    await expect(acquire(root)).rejects.toMatchObject({
      code: 'SPOOL_WRITE',
      message: expect.stringContaining('EISDIR'),
    });
    rmSync(`${root}/lock`, { recursive: true });
    symlinkSync('/tmp/nowhere', `${root}/lock`);
    await expect(acquire(root)).rejects.toMatchObject({
      code: 'SPOOL_WRITE',
      message: expect.stringContaining('ELOOP'),
    });
  });

  it('lease() that cannot open the spool releases the lock', async () => {
    const root = madeSpool(quickDir());
    rmSync(`${root}/queue`, { recursive: true });
    writeFileSync(`${root}/queue`, '');
    await expect(spoolAt(root).lease('pass')).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
    expect(read(`${root}/lock`).trim()).toBe('');
  });
});

describe('lockFile()', () => {
  linux('lockFile() looks for flock in several places', () => {
    const path = `${quickDir()}/lock`;
    const taken = lockFile(path, { mode: 0o600, commands: ['/nowhere/flock', 'flock'] });
    if (taken.kind !== 'locked') throw new Error('not locked');
    expect(lockFile(path, { mode: 0o600 })).toEqual({ kind: 'held' });
    closeSync(taken.fd);
    const again = lockFile(path, { mode: 0o600 });
    expect(again.kind).toBe('locked');
    if (again.kind === 'locked') closeSync(again.fd);
  });

  it('lockFile() says that there is none where no command can lock', () => {
    const directory = tempDir();
    const command = `${directory}/flock`;
    writeFileSync(command, '#!/bin/sh\nexit 64\n', { mode: 0o755 });
    const taken = lockFile(`${directory}/lock`, { mode: 0o600, commands: ['/nowhere/flock', command] });
    expect(taken.kind).toBe('none');
    if (taken.kind === 'none') closeSync(taken.fd);
  });

  linux(
    'lockFile() throws where flock cannot be started just now, so that no other kind of lock is taken',
    async () => {
      const directory = tempDir();
      const script = await bundle(
        `${directory}/full.mjs`,
        `
      import { closeSync, openSync } from 'node:fs';
      import { lockFile } from '${process.cwd()}/src/spool/file/lock/kernel-lock.ts';
      const open = [];
      try { for (;;) open.push(openSync('/dev/null', 'r')); } catch {}
      closeSync(open.pop());
      let said;
      try { said = lockFile('${directory}/lock', { mode: 0o600 }).kind; } catch (error) { said = error.code; }
      for (const fd of open) closeSync(fd);
      console.log(said);
    `,
      );
      const wrapper = `${directory}/run.sh`;
      writeFileSync(wrapper, `ulimit -n 64; exec "${process.execPath}" "${script}"\n`);
      expect(execFileSync('sh', [wrapper], { encoding: 'utf8' })).toBe('EMFILE\n');
    },
  );

  linux('lockFile() throws where flock is being replaced', () => {
    const directory = tempDir();
    const command = `${directory}/flock`;
    const fd = openSync(command, 'w', 0o755);
    expect(() => lockFile(`${directory}/lock`, { mode: 0o600, commands: [command] })).toThrow('ETXTBSY');
    closeSync(fd);
  });

  const hasPython = spawnSync('python3', ['--version']).status === 0;
  (process.platform === 'linux' && hasPython ? it : it.skip)(
    'lockFile() on macOS is held where open says EAGAIN (python3 takes a lease on the file)',
    async () => {
      const path = `${tempDir()}/lock`;
      const code = `
import fcntl, os, signal, sys, time
signal.signal(signal.SIGIO, signal.SIG_IGN)
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('ready', flush=True)
time.sleep(60)`;
      const python = spawn('python3', ['-c', code, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => {
        python.kill('SIGKILL');
      });
      await new Promise((resolve) => python.stdout.once('data', resolve));
      expect(lockFile(path, { mode: 0o600, platform: 'darwin' })).toEqual({ kind: 'held' });
    },
  );

  // On Linux the flag means nothing: what can be seen is that no command is run, and what an error of open comes to.
  it('lockFile() on macOS and FreeBSD opens and locks in one call', () => {
    for (const platform of ['darwin', 'freebsd'] as const) {
      const taken = lockFile(`${quickDir()}/lock`, { mode: 0o600, platform, commands: ['/nowhere/flock'] });
      expect(taken.kind).toBe('locked');
      if (taken.kind === 'locked') closeSync(taken.fd);
    }
    expect(() => lockFile('/nowhere/lock', { mode: 0o600, platform: 'darwin' })).toThrow('ENOENT');
    const path = `${quickDir()}/lock`;
    const refusing = (errno: string) => (at: string, options: { flags: number; mode?: number }) => {
      if ((options.flags & 0x20) !== 0) throw Object.assign(new Error(errno), { code: errno });
      return openLockFile(at, options);
    };
    for (const errno of ['ENOTSUP', 'EOPNOTSUPP']) {
      const taken = lockFile(path, { mode: 0o600, platform: 'darwin', open: refusing(errno) });
      expect(taken.kind).toBe('none');
      if (taken.kind === 'none') closeSync(taken.fd);
    }
  });
});

describe('acquireLock() without the lock of the kernel', () => {
  it('acquireLock() is held by one at a time', async () => {
    const root = madeSpool(quickDir());
    const lock = await held(root, { takeKernelLock: withoutKernel });
    expect(await acquire(root, { takeKernelLock: withoutKernel })).toMatchObject({
      held: true,
      holder: { pid: process.pid },
    });
    writeFileSync(`${root}/lock`, 'torn');
    expect(await acquire(root, { takeKernelLock: withoutKernel })).toEqual({ held: true, holder: undefined });
    await lock.release();
    expect(names(root)).not.toContain('lock.lock');
    await (await held(root, { takeKernelLock: withoutKernel })).release();
  });

  linux('acquireLock() does not take it from a process that lives, however old its lock looks', async () => {
    const root = madeSpool(quickDir());
    const child = await holder(root, '{ takeKernelLock: withoutKernel }');
    process.kill(child.pid!, 'SIGSTOP');
    utimesSync(`${root}/lock.lock`, 1, 1);
    expect(await acquire(root, { takeKernelLock: withoutKernel })).toMatchObject({
      held: true,
      holder: { pid: child.pid },
    });
    process.kill(child.pid!, 'SIGKILL');
    await gone(child);
    utimesSync(`${root}/lock.lock`, 1, 1);
    await (await held(root, { takeKernelLock: withoutKernel })).release();
  });

  it('acquireLock() throws where its record cannot be written, and holds nothing', async () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/lock`, '');
    const readOnly = (path: string): KernelLock => ({ kind: 'none', fd: openSync(path, 'r') });
    await expect(acquire(root, { takeKernelLock: readOnly })).rejects.toThrow(/EINVAL|EBADF/);
    expect(existsSync(`${root}/lock.lock`)).toBe(false);
  });

  it('acquireLock() throws the errno of a lock that cannot be made, and leaves no file open', async () => {
    const root = madeSpool(quickDir());
    let fd = 0;
    const takeKernelLock = (path: string): KernelLock => {
      const taken = withoutKernel(path, { mode: 0o600 });
      if (taken.kind === 'none') fd = taken.fd;
      rmSync(root, { recursive: true });
      return taken;
    };
    await expect(acquire(root, { takeKernelLock })).rejects.toThrow('ENOENT');
    expect(() => closeSync(fd)).toThrow('EBADF');
  });
});

describe('acquireLock() beside a holder that has no lock of the kernel', () => {
  linux(
    'acquireLock() leaves the lock to a process that lives, and to a fresh directory beside it',
    async () => {
      const root = madeSpool(quickDir());
      const child = await holder(root, '{ takeKernelLock: withoutKernel }');
      rmSync(`${root}/lock.lock`, { recursive: true }); // as if it had been stopped for long
      expect(await acquire(root)).toMatchObject({ held: true, holder: { pid: child.pid } });
      process.kill(child.pid!, 'SIGKILL');
      await gone(child);
      mkdirSync(`${root}/lock.lock`);
      expect(await acquire(root, { now: Date.now() })).toMatchObject({ held: true });
      utimesSync(`${root}/lock.lock`, 1, 1);
      await (await held(root, { now: Date.now() })).release();
    },
  );

  linux('acquireLock() that finds no record keeps away from a fresh directory, too', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/lock.lock`);
    expect(await acquire(root, { now: Date.now() })).toEqual({ held: true, holder: undefined });
  });

  linux('acquireLock() gives the lock back where the record cannot be read', async () => {
    const root = madeSpool(quickDir());
    const fifo = `${root}/fifo`;
    execFileSync('mkfifo', [fifo]);
    let fd = 0;
    const takeKernelLock = (path: string): KernelLock => {
      fd = openSync(path, 'w');
      rmSync(path);
      renameSync(fifo, path);
      return { kind: 'locked', fd };
    };
    await expect(acquire(root, { takeKernelLock })).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
    expect(() => closeSync(fd)).toThrow('EBADF');
  });
});

describe('the record of the lock', () => {
  linux('the record of the lock is overwritten in place, never truncated', async () => {
    const root = madeSpool(quickDir());
    const lock = await held(root);
    expect(read(`${root}/lock`)).toHaveLength(512);
    await lock.release();
    expect(read(`${root}/lock`)).toBe(`${' '.repeat(511)}\n`);
  });

  linux('a FIFO in place of the lock file does not hang anybody', async () => {
    const root = madeSpool(quickDir());
    execFileSync('mkfifo', [`${root}/lock`]);
    expect(() => readHolder(root)).toThrow('is no regular file');
    await expect(acquire(root)).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
  });

  it('release() of a lock that was lost leaves the record of the next holder alone', async () => {
    const root = madeSpool(quickDir());
    const lock = await held(root, { takeKernelLock: withoutKernel });
    rmSync(`${root}/lock.lock`, { recursive: true });
    await expect.poll(() => lock.valid(), { timeout: 15_000 }).toBe(false);
    const record = read(`${root}/lock`);
    await lock.release();
    expect(read(`${root}/lock`)).toBe(record);
  });
});

describe('readHolder()', () => {
  linux('readHolder() never takes another process for the holder', async () => {
    const root = madeSpool(quickDir());
    const own = ownIdentity();
    writeRecord(root, own);
    expect(readHolder(root)).toEqual({
      host: hostname(),
      pid: process.pid,
      mode: 'daemon',
      since: '2026-01-01T00:00:00.000Z',
      isVisible: true,
    });
    writeRecord(root, { ...own, start: '1' });
    expect(readHolder(root)).toBeUndefined();
    writeRecord(root, { ...own, boot: 'another' });
    expect(readHolder(root)).toBeUndefined();
    writeRecord(root, { ...own, pid: 2 ** 30 });
    expect(readHolder(root)).toBeUndefined();
  });

  it('readHolder() believes what another host has written while the lock is held, and no longer', async () => {
    const root = madeSpool(quickDir());
    const taken = await acquireLock(root, { mode: 'daemon', now: 0 });
    if (taken.held) throw new Error('the lock is held');
    writeRecord(root, { host: 'elsewhere', pid: 1 });
    const holder = readHolder(root)!;
    await taken.lock.release();
    writeRecord(root, { host: 'elsewhere', pid: 1 });
    expect(readHolder(root)).toBeUndefined();
    expect(holder).toMatchObject({ host: 'elsewhere', pid: 1 });
    expect(holder.isVisible).toBe(false);
  });

  linux(
    'readHolder() asks the lock where no process of this pid namespace is the one in the record',
    async () => {
      const root = madeSpool(quickDir());
      const lock = await held(root, { mode: 'daemon' });
      writeRecord(root, { ...ownIdentity(), pid: 2 ** 30 });
      expect(readHolder(root)).toMatchObject({ pid: 2 ** 30, isVisible: false });
      expect(readHolder(root, { visibleOnly: true })).toBeUndefined();
      await lock.release();
      writeRecord(root, { ...ownIdentity(), pid: 2 ** 30 });
      expect(readHolder(root)).toBeUndefined();
    },
  );

  linux('readHolder() minds the lock of a holder without the kernel that it cannot see', async () => {
    const root = madeSpool(quickDir());
    const lock = await held(root, { mode: 'daemon', takeKernelLock: withoutKernel });
    writeRecord(root, { ...ownIdentity(), pid: 2 ** 30 });
    expect(readHolder(root)).toMatchObject({ pid: 2 ** 30, isVisible: false });
    await lock.release();
    expect(readHolder(root)).toBeUndefined();
  });

  linux('readHolder() takes a zombie for dead', async () => {
    const root = madeSpool(quickDir());
    // The shell's child ends, and the shell, replaced by sleep, never looks.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => {
      parent.kill('SIGKILL');
    });
    const pid = Number(
      await new Promise<string>((resolve) =>
        parent.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
      ),
    );
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8');
    while (!stat().includes(') Z ')) await new Promise((resolve) => setTimeout(resolve, 10));
    const start = stat().split(') ')[1]!.split(' ')[19]!;
    writeRecord(root, { ...ownIdentity(), pid, start });
    expect(readHolder(root)).toBeUndefined();
  });

  for (const record of [
    '',
    '{',
    '{"host":"x","pid":1,"mo',
    'null',
    '7',
    '[]',
    '{}',
    '{"host":1,"pid":1,"mode":"pass","since":""}',
    '{"host":"x","pid":"1","mode":"pass","since":""}',
    '{"host":"x","pid":0,"mode":"pass","since":""}',
    '\u0000\u0000\u0000',
  ]) {
    it(`readHolder() knows of nobody where the record is ${JSON.stringify(record)}`, () => {
      const root = madeSpool(quickDir());
      writeFileSync(`${root}/lock`, record);
      expect(readHolder(root)).toBeUndefined();
    });
  }

  it('holder() knows of nobody where there is no spool, and throws what is neither a file nor missing', async () => {
    expect(readHolder('/nowhere')).toBeUndefined();
    const root = quickDir();
    mkdirSync(`${root}/lock`);
    await expect(spoolAt(root).holder()).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
  });

  asRoot('readHolder() throws EACCES where it may not read the record (as root)', async () => {
    const directory = tempDir();
    execFileSync('chmod', ['755', directory]);
    writeFileSync(`${directory}/lock`, 'x', { mode: 0o600 });
    const script = await bundle(
      `${directory}/read.mjs`,
      `
      import { readHolder } from '${process.cwd()}/src/spool/file/lock/lock.ts';
      process.setuid(65534);
      try {
        readHolder('${directory}');
      } catch ({ code }) {
        console.log(code);
      }
    `,
    );
    expect(await runNode(script)).toEqual({ code: 0, stdout: 'EACCES\n' });
  });
});

describe('isAlive()', () => {
  it('isAlive() asks the kernel by a signal where nothing else is known of the process', async () => {
    const host = hostname();
    expect(isAlive({ host, pid: process.pid })).toBe(true);
    expect(isAlive({ host, pid: 2 ** 22 + 1 })).toBe(false);
    expect(isAlive({ host: 'elsewhere', pid: process.pid })).toBe('unknown');
  });

  asRoot('isAlive() takes a process that may not be signalled for alive (as root)', async () => {
    const directory = tempDir();
    execFileSync('chmod', ['755', directory]);
    const script = await bundle(
      `${directory}/alive.mjs`,
      `
      import { hostname } from 'node:os';
      import { isAlive } from '${process.cwd()}/src/spool/file/lock/process-identity.ts';
      process.setuid(65534);
      console.log(isAlive({ host: hostname(), pid: 1 }));
    `,
    );
    expect(await runNode(script)).toEqual({ code: 0, stdout: 'true\n' });
  });
});
