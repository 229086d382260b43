/**
 * Writing so that it stays: a file is written whole into `tmp/` and made
 * durable there before it gets a name that anyone looks at.
 */
import { errnoOf, ignoreErrno } from '../../../shared/errors.js';
import {
  type Disk,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
  W_OK,
  X_OK,
} from './disk.js';
import { privateDir, type Room, roomPath } from './layout.js';

/** What a new file is to hold. */
export interface Content {
  bytes: Uint8Array;
  mode: number;
}

/**
 * Creates `path`, which must not exist, with all of `bytes`, and fsyncs it.
 * Leaves nothing behind when it fails.
 * @returns the open descriptor, for the caller to close
 * @throws the errno of whatever failed; a failed fsync is never tried again
 */
export function writeDurably(disk: Disk, path: string, { bytes, mode }: Content): number {
  const fd = createFile(disk, path, { pieces: [bytes], mode });
  try {
    disk.fsyncSync(fd);
    return fd;
  } catch (error) {
    abandon(disk, path, fd);
    throw error;
  }
}

/** As {@link writeDurably}, in pieces, and without the fsync. */
export function createFile(
  disk: Disk,
  path: string,
  { pieces, mode }: { pieces: Iterable<Uint8Array>; mode: number },
): number {
  const fd = disk.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    disk.fchmodSync(fd, mode); // whatever the umask
    for (const piece of pieces) writeAll(disk, fd, piece);
    return fd;
  } catch (error) {
    abandon(disk, path, fd);
    throw error;
  }
}

/**
 * Creates `path`, which must not exist, with all of `bytes`: it outlasts the process, and no power cut. Leaves nothing
 * behind when it fails.
 * @throws the errno of whatever failed
 */
export function writeWhole(disk: Disk, path: string, { bytes, mode }: Content): void {
  closeQuietly(disk, createFile(disk, path, { pieces: [bytes], mode }));
}

/** Size of the pieces of a copy, in bytes. */
const copyBytes = 1 << 20;

/**
 * Copies a file to `to`, which must not exist, and fsyncs the copy. Leaves nothing behind when it fails.
 * @throws the errno of whatever failed
 */
export function copyDurably(disk: Disk, from: string, { to, mode }: { to: string; mode: number }): void {
  const source = disk.openSync(from, O_RDONLY | O_NOFOLLOW);
  try {
    const fd = disk.openSync(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    try {
      disk.fchmodSync(fd, mode);
      const bytes = Buffer.allocUnsafe(copyBytes);
      for (let read = -1; read !== 0; ) {
        read = disk.readSync(source, bytes, 0, bytes.length, null);
        writeAll(disk, fd, bytes.subarray(0, read));
      }
      disk.fsyncSync(fd);
    } catch (error) {
      discard(disk, to);
      throw error;
    } finally {
      closeQuietly(disk, fd);
    }
  } finally {
    closeQuietly(disk, source);
  }
}

/** Closes and removes a file of which nothing is to be left. */
export function abandon(disk: Disk, path: string, fd: number): void {
  closeQuietly(disk, fd);
  discard(disk, path);
}

/** Removes a file of `tmp/`. One that cannot be removed is swept later, so nothing is lost by going on. */
export function discard(disk: Disk, path: string): void {
  try {
    disk.unlinkSync(path);
  } catch (error) {
    ignoreErrno(error);
  }
}

/** Closes a file whose bytes are durable, given up, or were only read: an error of `close` has nothing to say any more. */
export function closeQuietly(disk: Disk, fd: number): void {
  try {
    disk.closeSync(fd);
  } catch (error) {
    ignoreErrno(error);
  }
}

/**
 * Writes all bytes, after what was written or from a position in the file; a short write is not an error, one of nothing is.
 * @throws the errno of a failed write; `ENOSPC` where nothing is written
 */
export function writeAll(disk: Disk, fd: number, bytes: Uint8Array, position: number | null = null): void {
  for (let at = 0; at < bytes.length; ) {
    const place = position === null ? null : position + at;
    const written = disk.writeSync(fd, bytes, at, bytes.length - at, place);
    if (written === 0)
      throw Object.assign(new Error('ENOSPC: the file system wrote nothing'), { code: 'ENOSPC' });
    at += written;
  }
}

/** fsync(2) in another thread. Rejects with its errno. */
export function fsyncAside(disk: Disk, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    disk.fsync(fd, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Makes a directory's entries durable. */
export function syncDirectory(disk: Disk, path: string): void {
  const fd = disk.openSync(path, O_RDONLY | O_DIRECTORY);
  try {
    disk.fsyncSync(fd);
  } finally {
    closeQuietly(disk, fd);
  }
}

/** Removes a file. @returns false where it was removed or taken away already @throws the errno of what failed */
export function removeIfThere(disk: Disk, path: string): boolean {
  try {
    disk.unlinkSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return false;
  }
}

/**
 * Makes sure that a directory is there, with exactly this mode.
 * @returns whether it was made now, so that its parent needs an fsync
 */
export function ensureDirectory(disk: Disk, path: string, mode: number): boolean {
  try {
    disk.mkdirSync(path, { mode });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  disk.chmodSync(path, mode); // whatever the umask
  return true;
}

/** Makes sure that one of the drain's directories is there: a person may have removed it. @returns its path */
export function ensureRoom(disk: Disk, root: string, room: Room): string {
  const path = roomPath(root, room);
  if (ensureDirectory(disk, path, privateDir)) syncDirectory(disk, root);
  return path;
}

/**
 * Checks that what is in a directory can be removed, if there is one: what cannot be when it is delivered would be sent
 * in every drain.
 * @throws the errno if it cannot be
 */
export function checkRemovable(disk: Disk, path: string): void {
  try {
    disk.accessSync(path, W_OK | X_OK);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
