import type { Disk } from '../disk/disk.js';

/** Errnos of a directory that is to be unlinked as a file. */
const errnos: ReadonlySet<string> = new Set(['EISDIR', 'EPERM']);

/** Whether a path could not be unlinked because it is a directory. */
export function isOfDirectory(disk: Disk, path: string, errno: string): boolean {
  return errnos.has(errno) && disk.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
