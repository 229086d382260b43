/**
 * Reading what others put into the spool: never follows a link, never blocks
 * on a FIFO, never reads more than it may.
 */
import { errnoOf } from '../../../shared/errors.js';
import { type Disk, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } from './disk.js';
import { closeQuietly } from './write-file.js';

/** `gone`: it was removed. `unreadable`: it is not an event file, for a reason that will not pass. */
export type Entry = { kind: 'read'; bytes: Buffer; stat: EntryStat } | NoEntry;

/** A file that is open, for the caller to close. */
export type OpenEntry = { kind: 'open'; fd: number; stat: EntryStat } | NoEntry;

type NoEntry = { kind: 'gone' } | { kind: 'unreadable'; reason: string };

/** What `fstat` told of the file that was read. */
export interface EntryStat {
  ino: number;
  nlink: number;
  uid: number;
  /** Its size in bytes. */
  size: number;
  /** ms since the epoch. */
  mtimeMs: number;
}

/** Errors of `open` that speak of the file, and will be the same next time. */
const lasting: Record<string, string> = {
  ELOOP: 'it is a symbolic link',
  EMLINK: 'it is a symbolic link', // FreeBSD's word for it
  ENXIO: 'it is a socket or a device',
  ENODEV: 'it is a device',
  EOPNOTSUPP: 'it is a socket',
  EISDIR: 'it is a directory',
  EACCES: 'the drain may not read it',
  EPERM: 'the drain may not read it',
  ENAMETOOLONG: 'its name is too long',
};

/**
 * Reads a regular file.
 * @throws the errno of an error that may pass (`EMFILE`, `EIO`, …)
 */
export function readEntry(disk: Disk, path: string, options: { maxBytes: number }): Entry {
  const opened = openEntry(disk, path, options);
  if (opened.kind !== 'open') return opened;
  const { fd, stat } = opened;
  try {
    const bytes = Buffer.allocUnsafe(stat.size);
    return { kind: 'read', bytes: bytes.subarray(0, readAt(disk, fd, { bytes, position: null })), stat };
  } finally {
    closeQuietly(disk, fd);
  }
}

/**
 * Opens a regular file that is not empty.
 * @throws the errno of an error that may pass (`EMFILE`, `EIO`, …)
 */
export function openEntry(disk: Disk, path: string, { maxBytes }: { maxBytes: number }): OpenEntry {
  let fd: number;
  try {
    fd = disk.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'ENOENT') return { kind: 'gone' };
    const reason = lasting[errno];
    if (reason === undefined) throw error;
    return { kind: 'unreadable', reason };
  }
  let isGood = false;
  try {
    const { ino, nlink, uid, size, mtimeMs, ...kind } = statOf(disk, fd);
    const reason = kind.reason ?? sizeProblem(size, maxBytes);
    if (reason !== undefined) return { kind: 'unreadable', reason };
    isGood = true;
    return { kind: 'open', fd, stat: { ino, nlink, uid, size, mtimeMs } };
  } finally {
    if (!isGood) closeQuietly(disk, fd);
  }
}

/**
 * Checks that a file can be written in place, if there is one.
 * @throws the errno if it cannot be
 */
export function checkWritable(disk: Disk, path: string): void {
  try {
    closeQuietly(disk, disk.openSync(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/**
 * Why a file can never be written in place: it is not a file, or belongs to others. Undefined if it can be, or is not there.
 * @throws the errno of an error that may pass
 */
export function whyNotWritable(disk: Disk, path: string): string | undefined {
  try {
    checkWritable(disk, path);
    return undefined;
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EACCES' || errno === 'EPERM') return 'the drain may not write it';
    const reason = lasting[errno];
    if (reason === undefined) throw error;
    return reason;
  }
}

function statOf(disk: Disk, fd: number): EntryStat & { reason?: string } {
  const stat = disk.fstatSync(fd);
  const { ino, nlink, uid, size, mtimeMs } = stat;
  const entry = { ino, nlink, uid, size, mtimeMs };
  if (stat.isFile()) return entry;
  return { ...entry, reason: stat.isDirectory() ? 'it is a directory' : 'it is not a regular file' };
}

function sizeProblem(size: number, maxBytes: number): string | undefined {
  if (size === 0) return 'it is empty';
  return size > maxBytes ? `it is larger than ${maxBytes} bytes` : undefined;
}

/**
 * Fills a buffer from an open file, as far as the file goes.
 * @param options.position where in the file to begin; null: where it was left
 * @returns how many bytes were read
 * @throws the errno of a failed read
 */
export function readAt(
  disk: Disk,
  fd: number,
  { bytes, position }: { bytes: Uint8Array; position: number | null },
): number {
  let length = 0;
  while (length < bytes.length) {
    const at = position === null ? null : position + length;
    const read = disk.readSync(fd, bytes, length, bytes.length - length, at);
    if (read === 0) break;
    length += read;
  }
  return length;
}
