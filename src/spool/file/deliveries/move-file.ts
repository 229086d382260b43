/** Moving the file of a delivery. */

import { errnoOf } from '../../../shared/errors.js';
import type { Disk } from '../disk/disk.js';
import { lastName } from '../disk/layout.js';
import { putAside } from '../disk/put-aside.js';
import { removeIfThere } from '../disk/write-file.js';

/**
 * Renames a file, and makes sure that its old name is removed. Another file with the new name goes to `corrupt/`.
 * @returns false if the file was removed before
 * @throws the errno of what failed
 */
export function moveFile(disk: Disk, root: string, { from, to }: { from: string; to: string }): boolean {
  try {
    evict(disk, root, { from, to });
    disk.renameSync(from, to);
    removeIfThere(disk, from); // rename(2) does nothing where both names are the same file already
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Renames a file, in place of another one, and makes sure that its old name is removed.
 * @returns false if the file, or the directory that it goes to, was removed before
 * @throws the errno of what failed
 */
export function replaceFile(disk: Disk, { from, to }: { from: string; to: string }): boolean {
  try {
    disk.renameSync(from, to);
    removeIfThere(disk, from); // as above
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Quarantines another file that has the name `to`: another event may have had the same id, and is not overwritten. */
export function evict(disk: Disk, root: string, { from, to }: { from: string; to: string }): void {
  const there = disk.lstatSync(to, { throwIfNoEntry: false });
  if (there === undefined || there.ino === disk.lstatSync(from).ino) return;
  putAside(disk, root, {
    path: to,
    name: lastName(to),
    reason: `another delivery came to ${to}`,
  });
}
