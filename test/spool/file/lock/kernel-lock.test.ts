import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readHolder } from '../../../../src/spool/file/lock/lock.js';
import { acquire, gone, held, holder, linux, now } from '../../../support/lock-kit.js';
import { madeSpool, quickDir, read, spoolAt } from '../../../support/spool-kit.js';
import { tempDir } from '../../../support/temp.js';

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
        heartbeat: expect.any(String),
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

  linux('isValid() is false as soon as the spool was removed or replaced', async () => {
    const directory = quickDir();
    const root = madeSpool(directory);
    const lock = await held(root);
    expect(lock.isValid()).toBe(true);
    renameSync(root, `${directory}/moved`);
    expect(lock.isValid()).toBe(false);
    madeSpool(directory);
    const other = await held(root);
    expect(other.isValid()).toBe(true);
    expect(lock.isValid()).toBe(false);
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
    expect(lock.isValid()).toBe(true);
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

  it('join() that cannot open the spool releases the lock', async () => {
    const root = madeSpool(quickDir());
    rmSync(`${root}/queue`, { recursive: true });
    writeFileSync(`${root}/queue`, '');
    await expect(spoolAt(root).join('pass')).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
    expect(read(`${root}/lock`).trim()).toBe('');
  });
});
