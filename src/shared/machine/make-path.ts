import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../errors.js';

/**
 * Creates a directory and its missing parents. Node's own `recursive` loops for
 * ever below a directory that refuses new entries with ENOENT, as `/proc` does.
 * @param mode permissions of each new directory, before the umask
 * @throws the errno of a directory that cannot be created
 */
export function makePath(path: string, mode: number): void {
  if (statSync(path, { throwIfNoEntry: false })) return;
  makePath(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error; // another process created it meanwhile
  }
}
