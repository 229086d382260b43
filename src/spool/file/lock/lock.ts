/**
 * One drain at a time on a spool. What it rests on is the kernel's lock; the
 * record in the lock file only tells who holds it. Where the kernel has none
 * to offer, proper-lockfile stands in, and the record keeps it from being
 * taken from a process that lives.
 */
import { closeSync, fstatSync, futimesSync, lstatSync } from 'node:fs';
import { errnoOf, ignoreErrno } from '../../../shared/errors.js';
import { lockBeside } from '../../../shared/machine/lock-beside.js';
import type { DrainMode, Holder } from '../../spool.js';
import { privateFile } from '../disk/layout.js';
import { type KernelLock, lockFile } from './kernel-lock.js';
import { type LockRecord, readRecord, writeRecord } from './lock-record.js';
import { isAlive, ownIdentity } from './process-identity.js';

/** A held lock. */
export interface SpoolLock {
  /** False once the lock file was replaced: the spool was made again. To be asked often: this is the holder's heartbeat. */
  isValid(): boolean;
  release(): Promise<void>;
}

export type LockResult = { held: false; lock: SpoolLock } | { held: true; holder: Holder | undefined };

/** proper-lockfile touches its directory every 5 s, and takes one that is older than this (ms) for left behind. */
const staleMs = 10_000;

/** Time between two heartbeats, in ms. */
const beatEveryMs = 5_000;

/** Options of {@link acquireLock}. */
export interface LockOptions {
  mode: DrainMode;
  /** ms since the epoch. */
  now: number;
  /** Stands in for the kernel's lock; for tests. */
  takeKernelLock?: (path: string, options: { mode: number }) => KernelLock;
}

/**
 * Takes the spool's lock, without waiting.
 * @throws the errno of a lock file that cannot be made or written
 */
export async function acquireLock(root: string, options: LockOptions): Promise<LockResult> {
  const path = `${root}/lock`;
  const taken = (options.takeKernelLock ?? lockFile)(path, { mode: privateFile });
  if (taken.kind === 'held') return { held: true, holder: readHolder(root) };
  const { fd } = taken;
  const kernel = taken.kind === 'locked';
  const other = kernel ? findOtherHolder(root, { fd, now: options.now }) : undefined;
  if (other !== undefined) return { held: true, ...other };
  let lost = false;
  const onLost = () => {
    lost = true;
  };
  const unlock = kernel ? async () => {} : await lockWithoutKernel(root, { fd, onLost });
  if (unlock === undefined) return { held: true, holder: readHolder(root) };
  const letGo = async (): Promise<void> => {
    closeSync(fd);
    await unlock();
  };
  const inode = fstatSync(fd).ino;
  const beat = createHeartbeat(fd);
  const lock: SpoolLock = {
    isValid() {
      beat();
      return !lost && lstatSync(path, { throwIfNoEntry: false })?.ino === inode;
    },
    async release() {
      // Best effort: the next holder overwrites the record, and a lock that was lost belongs to another process.
      if (!lost) clearRecord(fd);
      await letGo().catch(ignoreErrno);
    },
  };
  const { mode, now } = options;
  try {
    writeRecord(fd, { ...ownIdentity(), mode, since: new Date(now).toISOString(), kernel });
  } catch (error) {
    // A full disk must not stop the drain, which empties it: where the kernel keeps the lock, the record only tells.
    if (!kernel || errnoOf(error) === undefined) {
      await letGo();
      throw error;
    }
  }
  return { held: false, lock };
}

/** Makes the function that gives the lock file the time of now, now and then: so others see that the holder goes on. */
function createHeartbeat(fd: number): () => void {
  let beatenAt = Date.now();
  return () => {
    const now = Date.now();
    if (Math.abs(now - beatenAt) < beatEveryMs) return;
    beatenAt = now;
    try {
      futimesSync(fd, now / 1000, now / 1000);
    } catch (error) {
      ignoreErrno(error); // it only tells
    }
  };
}

/**
 * The process that holds the lock at this moment.
 * @param options.visibleOnly leaves out a process that cannot be seen here, and so never has to try the lock; default false
 * @throws the errno of a lock file that cannot be read
 */
export function readHolder(
  root: string,
  { visibleOnly = false }: { visibleOnly?: boolean } = {},
): Holder | undefined {
  const record = readRecord(`${root}/lock`);
  if (record === undefined) return undefined;
  if (visibleOnly) return isAlive(record) === true ? holderOf(record, root) : undefined;
  // A process that is not seen here may have ended without clearing its record, or may live on another machine or in
  // another pid namespace: then only the lock itself can tell.
  const isCertain = isAlive(record) === true && record.start !== undefined;
  if (!isCertain && isFree(root, record)) return undefined;
  return holderOf(record, root);
}

function holderOf(record: LockRecord, root: string): Holder {
  const { host, pid, mode, since } = record;
  const beatenMs = lstatSync(`${root}/lock`, { throwIfNoEntry: false })?.mtimeMs;
  const heartbeat = beatenMs === undefined ? undefined : new Date(beatenMs).toISOString();
  return { host, pid, mode, since, heartbeat, isVisible: isAlive(record) === true };
}

/**
 * Who holds the lock without the kernel, for want of `flock`, and so cannot be seen by a process that has the kernel's.
 * Closes the file, and so gives the kernel's lock back, unless there is nobody.
 */
function findOtherHolder(
  root: string,
  { fd, now }: { fd: number; now: number },
): { holder: Holder | undefined } | undefined {
  let nobody = false;
  try {
    const record = readRecord(`${root}/lock`);
    const lives = record !== undefined && record.kernel !== true && isAlive(record) === true;
    nobody = !isFreshBeside(root, now) && !(lives && record.pid !== process.pid);
    return nobody ? undefined : { holder: record && holderOf(record, root) };
  } finally {
    if (!nobody) closeSync(fd);
  }
}

function clearRecord(fd: number): void {
  try {
    writeRecord(fd, undefined);
  } catch (error) {
    ignoreErrno(error);
  }
}

/** Closes the file unless the lock is got. */
async function lockWithoutKernel(
  root: string,
  { fd, onLost }: { fd: number; onLost: () => void },
): Promise<(() => Promise<void>) | undefined> {
  let unlock: (() => Promise<void>) | undefined;
  try {
    const record = readRecord(`${root}/lock`);
    const lives = record !== undefined && isAlive(record) === true; // however stale its lock looks
    if (!lives) unlock = await lockBeside(`${root}/lock`, { retries: 0, onLost });
    return unlock;
  } finally {
    if (unlock === undefined) closeSync(fd);
  }
}

/**
 * Whether the kernel's lock is held, whatever its record says.
 * @throws the errno of a lock file that cannot be opened
 */
export function isHeld(root: string): boolean {
  if (lstatSync(`${root}/lock`, { throwIfNoEntry: false }) === undefined) return false;
  const probe = lockFile(`${root}/lock`, { mode: privateFile });
  if (probe.kind !== 'held') closeSync(probe.fd);
  return probe.kind === 'held';
}

/** Whether the directory of a lock without the kernel is there and kept up; `now` in ms since the epoch. */
function isFreshBeside(root: string, now: number): boolean {
  const beside = lstatSync(`${root}/lock.lock`, { throwIfNoEntry: false });
  return beside !== undefined && Math.abs(now - beside.mtimeMs) < staleMs;
}

/** Whether the lock of a record can be had; of a record whose process has ended on this machine, where the kernel has no lock to ask. */
function isFree(root: string, record: LockRecord): boolean {
  const probe = lockFile(`${root}/lock`, { mode: privateFile });
  if (probe.kind === 'held') return false;
  closeSync(probe.fd);
  if (record.kernel !== true && isFreshBeside(root, Date.now())) return false;
  return probe.kind === 'locked' || isAlive(record) === false;
}
