import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockFile } from '../../../../src/spool/file/lock/kernel-lock.js';
import { openLockFile } from '../../../../src/spool/file/lock/lock-record.js';
import { bundle } from '../../../support/child.js';
import { linux } from '../../../support/lock-kit.js';
import { quickDir } from '../../../support/spool-kit.js';
import { tempDir } from '../../../support/temp.js';

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
