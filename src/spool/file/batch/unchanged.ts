import type { Disk } from '../disk/disk.js';
import { readEntry } from '../disk/read-entry.js';
import type { EventFile } from './accepted-file.js';

/**
 * Whether the file at its path holds what was read. A file system gives a new file the inode of one that
 * was just removed, so one of another time is read again.
 * @throws the errno of a failed `lstat`, or of an error of reading that may pass
 */
export function isUnchanged(disk: Disk, { path, stat, bytes }: EventFile): boolean {
  const there = disk.lstatSync(path, { throwIfNoEntry: false });
  if (there?.ino !== stat.ino || there.size !== stat.size) return false;
  if (there.mtimeMs === stat.mtimeMs) return true;
  const found = readEntry(disk, path, { maxBytes: bytes.length });
  return found.kind === 'read' && Buffer.compare(found.bytes, bytes) === 0;
}
