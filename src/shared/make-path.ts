import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from './errors.js';

/**
 * Makes a directory and what is missing above it. Node's own `recursive` never
 * ends where a directory is there and refuses entries with ENOENT (`/proc`).
 * @param mode of each directory that is made, within the umask
 * @throws the errno of a directory that cannot be made
 */
export function makePath(path: string, mode: number): void {
  if (statSync(path, { throwIfNoEntry: false })) return;
  makePath(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error; // somebody else made it meanwhile
  }
}
