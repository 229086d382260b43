import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type KernelLock, lockFile } from '../../../../src/spool/file/lock/kernel-lock.js';
import {
  acquireLock,
  type LockOptions,
  readHolder,
  type SpoolLock,
} from '../../../../src/spool/file/lock/lock.js';
import { bundle, startNode } from '../../../support/child.js';
import { madeSpool, quickDir, read } from '../../../support/spool-kit.js';
import { tempDir } from '../../../support/temp.js';

const linux = process.platform === 'linux' ? it : it.skip;

// setuid needs root
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

/** A process that holds the lock until its input ends, or it is killed. */
async function _holder(root: string, options = '{}') {
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
