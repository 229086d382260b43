/**
 * The last look at a batch that was copied: until it has left `incoming/`, its submitter may have added to it, and that is
 * not in the copy. It waits in `tmp/` meanwhile, under a name that tells where it came from: what a crash leaves there
 * goes back to `incoming/`.
 */

import { ignoreErrno } from '../../../shared/errors.js';
import type { Disk } from '../disk/disk.js';
import { lastName } from '../disk/layout.js';
import type { EntryStat } from '../disk/read-entry.js';
import { removeIfThere } from '../disk/write-file.js';
import { moveRead } from '../placing/place-file.js';
import { claimName } from './claim-name.js';

/** The name of a batch in `incoming/`, of its name in `tmp/`. */
const takenName = /^taken\.[^.]+\.([A-Za-z0-9_-]+\.jsonl)$/;

/**
 * Removes a copied batch from `incoming/`. The caller fsyncs `incoming/`, and `tmp/` after it.
 * @param options.token unique
 * @returns false if it has grown, or is another file by now; then it is in `incoming/` again
 * @throws the errno of what failed; the batch is then in `incoming/`, or goes back there with the next drain
 */
export function removeCopied(
  disk: Disk,
  root: string,
  { path, read, token }: { path: string; read: Pick<EntryStat, 'ino' | 'size'>; token: string },
): boolean {
  const name = lastName(path);
  const target = `${root}/tmp/taken.${token}.${name}`;
  if (moveRead(disk, root, { path, target, read }) !== 'moved') return false;
  try {
    removeIfThere(disk, target);
  } catch (error) {
    claimName(disk, target, { to: path, isNew: false });
    throw error;
  }
  return true;
}

/**
 * Moves a batch from `tmp/` back to `incoming/`, where a drain was ended between taking it and removing it. One whose
 * name is taken there waits for the next drain.
 * @returns whether `name` is that of such a batch
 */
export function restoreTaken(disk: Disk, root: string, name: string): boolean {
  const to = takenName.exec(name)?.[1];
  if (to === undefined) return false;
  const path = `${root}/tmp/${name}`;
  try {
    if (disk.lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
    claimName(disk, path, { to: `${root}/incoming/${to}`, isNew: false });
  } catch (error) {
    ignoreErrno(error); // the next drain tries it again
  }
  return true;
}
