/** Putting in order what an earlier drain, ended at any system call, has left. */
import { errnoOf } from '../../shared/errors.js';
import type { Disk } from './disk.js';
import { tmpAgeMs } from './layout.js';

/** Sweeps old left-overs out of `tmp/`, and removes empty segments and endpoint directories. */
export function recover(disk: Disk, root: string, now: number): void {
  for (const name of disk.readdirSync(`${root}/tmp`)) sweep(disk, `${root}/tmp/${name}`, now);
  for (const endpoint of disk.readdirSync(`${root}/queue`)) removeEmpty(disk, `${root}/queue/${endpoint}`);
  for (const endpoint of disk.readdirSync(`${root}/retry`)) removeDirectory(disk, `${root}/retry/${endpoint}`);
}

function sweep(disk: Disk, path: string, now: number): void {
  const stat = disk.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || now - stat.mtimeMs < tmpAgeMs) return;
  try {
    if (stat.isDirectory()) disk.rmdirSync(path);
    else disk.unlinkSync(path);
  } catch (error) {
    // Somebody's directory with things in it, or no right to remove: it is in nobody's way.
    if (errnoOf(error) === undefined) throw error;
  }
}

function removeEmpty(disk: Disk, directory: string): void {
  let segments: string[];
  try {
    segments = disk.readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return; // somebody's file: not ours to judge
    throw error;
  }
  for (const segment of segments) removeDirectory(disk, `${directory}/${segment}`);
  removeDirectory(disk, directory);
}

/** Removes a directory if it is empty; returns whether it did. */
export function removeDirectory(disk: Disk, path: string): boolean {
  try {
    disk.rmdirSync(path);
    return true;
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(errno)) return false;
    throw error;
  }
}
