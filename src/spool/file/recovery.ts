/** Putting in order what an earlier drain, ended at any system call, has left. */
import { ignoreErrno } from '../../shared/errors.js';
import type { Corrupt } from '../spool.js';
import type { Disk } from './disk.js';
import { tmpAgeMs } from './layout.js';
import { putAside } from './put-aside.js';

/**
 * Sweeps old left-overs out of `tmp/`, removes empty segments and endpoints,
 * and puts aside what stands where only a directory can be of use.
 * @returns what was put aside
 * @throws the errno of a directory that cannot be listed, or of a failed move
 */
export function recover(disk: Disk, root: string, now: number): Corrupt[] {
  for (const name of disk.readdirSync(`${root}/tmp`)) sweep(disk, `${root}/tmp/${name}`, now);
  const aside: Corrupt[] = [];
  for (const endpoint of directories(disk, root, { path: 'queue', aside })) {
    for (const segment of directories(disk, root, { path: endpoint, aside }))
      removeDirectory(disk, `${root}/${segment}`);
    removeDirectory(disk, `${root}/${endpoint}`);
  }
  for (const endpoint of directories(disk, root, { path: 'retry', aside }))
    removeDirectory(disk, `${root}/${endpoint}`);
  directories(disk, root, { path: 'dead', aside });
  return aside;
}

function sweep(disk: Disk, path: string, now: number): void {
  const stat = disk.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || now - stat.mtimeMs < tmpAgeMs) return;
  try {
    if (stat.isDirectory()) disk.rmdirSync(path);
    else disk.unlinkSync(path);
  } catch (error) {
    // Somebody's directory with things in it, or no right to remove: it is in nobody's way.
    ignoreErrno(error);
  }
}

/** The directories in `path`; what is none is put aside, but for names that begin with a dot. */
function directories(
  disk: Disk,
  root: string,
  { path, aside }: { path: string; aside: Corrupt[] },
): string[] {
  const found: string[] = [];
  for (const name of disk.readdirSync(`${root}/${path}`)) {
    const stat = disk.lstatSync(`${root}/${path}/${name}`, { throwIfNoEntry: false });
    // A name that is not UTF-8 cannot be one of ours, and is not found by its text.
    if (stat === undefined || name.startsWith('.')) continue;
    if (stat.isDirectory()) found.push(`${path}/${name}`);
    else aside.push(...moveAway(disk, root, { path: `${path}/${name}`, name }));
  }
  return found;
}

function moveAway(disk: Disk, root: string, { path, name }: { path: string; name: string }): Corrupt[] {
  const moved = putAside(disk, root, {
    path: `${root}/${path}`,
    name,
    reason: `it stood at ${path}, and is no directory`,
  });
  return moved === undefined ? [] : [moved];
}

/** Removes a directory if that can be done; an empty one that stays is in nobody's way. Returns whether it is gone. */
export function removeDirectory(disk: Disk, path: string): boolean {
  try {
    disk.rmdirSync(path);
    return true;
  } catch (error) {
    ignoreErrno(error);
    return false;
  }
}
