import { errnoOf } from '../../../shared/errors.js';
import type { Disk } from './disk.js';

/** The character that replaces bytes that are not UTF-8. */
export const replacement = '\uFFFD';

/**
 * The names in a directory, except those that begin with a dot, and those that
 * are not UTF-8 and would not be found by their text; none where there is no directory.
 * @throws the errno of a directory that cannot be listed
 */
export function listNames(disk: Disk, path: string): string[] {
  try {
    const names = disk.readdirSync(path).filter((name) => !name.startsWith('.'));
    if (!names.some((name) => name.includes(replacement))) return names;
    return disk.readdirSync(path, { encoding: 'buffer' }).filter(isText).map(String);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function isText(raw: Buffer): boolean {
  const name = raw.toString();
  return !name.startsWith('.') && raw.equals(Buffer.from(name));
}
