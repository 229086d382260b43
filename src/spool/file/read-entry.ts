/**
 * Reading what others put into the spool: never follows a link, never blocks
 * on a FIFO, never reads more than it may.
 */
import { errnoOf } from '../../shared/errors.js';
import { type Disk, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from './disk.js';
import { closeQuietly } from './write-file.js';

/** `gone`: somebody else took it. `unreadable`: it is no event file, for a reason that will not pass. */
export type Entry =
  | { kind: 'read'; bytes: Buffer; stat: EntryStat }
  | { kind: 'gone' }
  | { kind: 'unreadable'; reason: string };

/** What `fstat` told of the file that was read. */
export interface EntryStat {
  ino: number;
  nlink: number;
  uid: number;
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
  EACCES: 'the drain may not read it',
  EPERM: 'the drain may not read it',
  ENAMETOOLONG: 'its name is too long',
};

/**
 * Reads a regular file.
 * @throws the errno of an error that may pass (`EMFILE`, `EIO`, …)
 */
export function readEntry(disk: Disk, path: string, { maxBytes }: { maxBytes: number }): Entry {
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
  try {
    return readOpen(disk, fd, maxBytes);
  } finally {
    closeQuietly(disk, fd);
  }
}

function readOpen(disk: Disk, fd: number, maxBytes: number): Entry {
  const stat = disk.fstatSync(fd);
  if (stat.isDirectory()) return { kind: 'unreadable', reason: 'it is a directory' };
  if (!stat.isFile()) return { kind: 'unreadable', reason: 'it is not a regular file' };
  if (stat.size === 0) return { kind: 'unreadable', reason: 'it is empty' };
  if (stat.size > maxBytes) return { kind: 'unreadable', reason: `it is larger than ${maxBytes} bytes` };
  const bytes = Buffer.allocUnsafe(stat.size);
  let length = 0;
  while (length < bytes.length) {
    const read = disk.readSync(fd, bytes, length, bytes.length - length, null);
    if (read === 0) break;
    length += read;
  }
  const { ino, nlink, uid, mtimeMs } = stat;
  return { kind: 'read', bytes: bytes.subarray(0, length), stat: { ino, nlink, uid, mtimeMs } };
}
