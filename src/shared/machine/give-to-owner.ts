import { fchownSync, fstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ignoreErrno } from '../errors.js';

/**
 * Gives a file that root has made to the owner of its directory, who could not use it otherwise; nothing for other
 * users. Best effort: a container may not let root do it.
 * @param fd the file, open
 */
export function giveToOwner(fd: number, path: string): void {
  if (process.geteuid?.() !== 0) return;
  try {
    const { uid, gid } = statSync(dirname(path));
    if (fstatSync(fd).uid === 0 && uid !== 0) fchownSync(fd, uid, gid);
  } catch (error) {
    ignoreErrno(error);
  }
}
