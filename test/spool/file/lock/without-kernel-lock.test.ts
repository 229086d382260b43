import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { KernelLock } from '../../../../src/spool/file/lock/kernel-lock.js';
import { acquire, gone, held, holder, linux, withoutKernel } from '../../../support/lock-kit.js';
import { madeSpool, names, quickDir } from '../../../support/spool-kit.js';

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
