import { errnoOf } from '../../shared/errors.js';
import type { Disk } from './disk.js';

/**
 * The names in a directory, but for those that begin with a dot; none where there is no directory.
 * @throws the errno of a directory that cannot be listed
 */
export function listNames(disk: Disk, path: string): string[] {
  try {
    return disk.readdirSync(path).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}
