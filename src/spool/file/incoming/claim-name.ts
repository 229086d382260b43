import type { Disk } from '../disk/disk.js';
import { linkNew } from '../disk/link-new.js';
import { removeIfThere } from '../disk/write-file.js';

/**
 * Gives a file of `incoming/` its id for a name, before anything else is done with it, so that a crash cannot give it
 * a second id.
 * @param isNew whether the id was made just now: then nobody else can have it, and one call does
 * @returns `taken` if another file has that name; then nothing has changed
 * @throws the errno of what failed
 */
export function claimName(
  disk: Disk,
  path: string,
  { to, isNew }: { to: string; isNew: boolean },
): 'claimed' | 'taken' {
  if (isNew) {
    disk.renameSync(path, to);
    return 'claimed';
  }
  if (!linkNew(disk, path, to) && !isSameFile(disk, path, to)) return 'taken';
  removeIfThere(disk, path); // where links are refused it was renamed
  return 'claimed';
}

/** Whether two names lead to one file, as after a crash between giving it the second and taking away the first. */
function isSameFile(disk: Disk, a: string, b: string): boolean {
  const inode = disk.lstatSync(a, { throwIfNoEntry: false })?.ino;
  return inode !== undefined && inode === disk.lstatSync(b, { throwIfNoEntry: false })?.ino;
}
