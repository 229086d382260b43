/** Taking the lock of a spool, in this process and in another one. */
import { expect, it } from 'vitest';
import { type KernelLock, lockFile } from '../../src/spool/file/lock/kernel-lock.js';
import { acquireLock, type LockOptions, type SpoolLock } from '../../src/spool/file/lock/lock.js';
import { bundle, startNode } from './child.js';
import { tempDir } from './temp.js';

/** Rests on /proc or on flock(1). */
export const linux: typeof it | typeof it.skip = process.platform === 'linux' ? it : it.skip;

/** The time at which locks are taken, ms since the epoch. */
export const now: number = Date.parse('2026-11-23T12:00:00.000Z');

/** As on a machine without `flock`. */
export function withoutKernel(path: string, { mode }: { mode: number }): KernelLock {
  return lockFile(path, { mode, commands: [], platform: 'linux' });
}

/** Takes the lock of a spool for a pass. */
export function acquire(root: string, options: Partial<LockOptions> = {}): ReturnType<typeof acquireLock> {
  return acquireLock(root, { mode: 'pass', now, ...options });
}

/** Takes the lock, or throws where it is held. */
export async function held(root: string, options: Partial<LockOptions> = {}): Promise<SpoolLock> {
  const result = await acquire(root, options);
  if (result.held) throw new Error('the lock is held');
  return result.lock;
}

/** A process that holds the lock until its input ends, or it is killed. */
export async function holder(root: string, options = '{}'): Promise<ReturnType<typeof startNode>> {
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

/** Resolves when a child has ended. */
export async function gone(child: ReturnType<typeof startNode>): Promise<void> {
  await new Promise((resolve) => child.once('exit', resolve));
}
