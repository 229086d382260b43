import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readHolder } from '../../../../src/spool/file/lock/lock.js';
import { acquire, held, linux, withoutKernel } from '../../../support/lock-kit.js';
import { madeSpool, quickDir, read } from '../../../support/spool-kit.js';

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
    await expect.poll(() => lock.isValid(), { timeout: 15_000 }).toBe(false);
    const record = read(`${root}/lock`);
    await lock.release();
    expect(read(`${root}/lock`)).toBe(record);
  });
});
