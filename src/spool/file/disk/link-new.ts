/** Giving a file a name that nobody has yet. rename(2) would silently replace what is there; link(2) does not. */
import { errnoOf } from '../../../shared/errors.js';
import type { Disk } from './disk.js';

/** Hard links that a file system has no word for; then something else must do. */
export const linkRefusals: ReadonlySet<string> = new Set([
  'EMLINK',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EXDEV',
]);

/**
 * Gives the file `from` the name `to` as well, unless that is taken. The caller removes `from`, which is removed already
 * where links are refused.
 * @returns whether the file has the name now
 * @throws the errno of what failed
 */
export function linkNew(disk: Disk, from: string, to: string): boolean {
  try {
    disk.linkSync(from, to);
    return true;
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') return false;
    if (!linkRefusals.has(errno)) throw error;
  }
  if (disk.lstatSync(to, { throwIfNoEntry: false })) return false;
  disk.renameSync(from, to);
  return true;
}
