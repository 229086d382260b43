import { errnoOf } from '../../../shared/errors.js';
import type { Disk } from './disk.js';
import { listNames, replacement } from './list-names.js';

/** Number of names in one read. */
const namesPerRead = 1024;

/**
 * Calls back with each name that {@link listNames} would give, in no order; for a directory of which not all names
 * should be in memory.
 * @throws the errno of a directory that cannot be listed
 */
export function eachName(disk: Disk, path: string, callback: (name: string) => void): void {
  let directory: ReturnType<Disk['opendirSync']>;
  try {
    directory = disk.opendirSync(path, { bufferSize: namesPerRead });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return;
    throw error;
  }
  let isStrange = false;
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (entry.name.includes(replacement)) isStrange = true;
      else if (!entry.name.startsWith('.')) callback(entry.name);
    }
  } finally {
    directory.closeSync();
  }
  if (isStrange) {
    for (const name of listNames(disk, path)) if (name.includes(replacement)) callback(name);
  }
}

/** How many names {@link listNames} would give. @throws the errno of a directory that cannot be listed */
export function countNames(disk: Disk, path: string): number {
  let count = 0;
  eachName(disk, path, () => {
    count += 1;
  });
  return count;
}
