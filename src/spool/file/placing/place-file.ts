/** Giving an accepted file its place in a queue: as a hard link, as the file itself, or as a copy. */
import { errnoOf } from '../../../shared/errors.js';
import type { BatchFile, EventFile } from '../batch/accepted-file.js';
import { writeProgress } from '../batch/batch-progress.js';
import { batchFilesOf, removeSegment } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { lastName, privateDir, privateFile } from '../disk/layout.js';
import { linkNew, linkRefusals } from '../disk/link-new.js';
import { putAside } from '../disk/put-aside.js';
import type { EntryStat } from '../disk/read-entry.js';
import {
  closeQuietly,
  copyDurably,
  ensureDirectory,
  removeIfThere,
  writeDurably,
} from '../disk/write-file.js';

/**
 * `taken`: something stands there. `replaced`: the file is not the one that was read any more, or gone. `refused`: only
 * a copy can have that place.
 */
export type Placed = 'placed' | 'moved' | 'taken' | 'replaced' | 'refused';

/** Whether no other user has the file: its bytes could be changed later by way of another link to it. */
export function isOurs({ uid, nlink }: EntryStat): boolean {
  return uid === ownUid && nlink === 1;
}

const ownUid = process.geteuid?.();

/**
 * Puts an event's file where it belongs, unless something stands there.
 * @param options.mayMove whether the file may leave `incoming/` for its place
 * @param options.isFree whether it is known that nothing stands there
 * @throws the errno of whatever failed
 */
export function place(
  disk: Disk,
  root: string,
  { file, target, mayMove, isFree }: { file: EventFile; target: string; mayMove: boolean; isFree: boolean },
): Placed {
  const { path, stat } = file;
  if (!isOurs(stat)) return 'refused';
  try {
    if (mayMove) {
      if (!isFree && disk.lstatSync(target, { throwIfNoEntry: false })) return 'taken';
      return moveRead(disk, root, { path, target, read: stat });
    }
    disk.linkSync(path, target);
    return isFile(disk, target, stat) ? 'placed' : 'replaced';
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') return 'taken';
    if (errno === 'ENOENT') return 'replaced';
    if (linkRefusals.has(errno)) return 'refused';
    throw error;
  }
}

/**
 * Puts a copy of an event's file where it belongs, unless something stands there.
 * @param options.temporary gives a path on the spool's file system, where it is written
 * @throws the errno of whatever failed
 */
export function placeCopy(
  disk: Disk,
  { file, target, temporary }: { file: EventFile; target: string; temporary(): string },
): 'placed' | 'taken' {
  if (disk.lstatSync(target, { throwIfNoEntry: false })) return 'taken';
  const copied = temporary();
  closeQuietly(disk, writeDurably(disk, copied, { bytes: file.bytes, mode: privateFile }));
  disk.renameSync(copied, target);
  return 'placed';
}

/**
 * Moves a file that was read to a place that is free; rename(2) would replace what is there, but nobody except the
 * drain puts anything there.
 * @returns `replaced` if another file has come to its path since it was read: that one is moved back
 * @throws the errno of what failed
 */
export function moveRead(
  disk: Disk,
  root: string,
  { path, target, read }: { path: string; target: string; read: Pick<EntryStat, 'ino' | 'size'> },
): 'moved' | 'replaced' {
  disk.renameSync(path, target);
  if (isAsRead(disk, target, read)) return 'moved';
  // It has grown since it was read, or another one was moved over it, and nobody has read that yet.
  if (linkNew(disk, target, path)) removeIfThere(disk, target);
  else
    putAside(disk, root, {
      path: target,
      name: lastName(path),
      reason: 'another event came to its place',
    });
  return 'replaced';
}

/** Whether a link just made leads to the file that was read, and not to one that was moved over it since; that is undone. */
function isFile(disk: Disk, target: string, stat: EntryStat): boolean {
  if (isAsRead(disk, target, stat)) return true;
  removeIfThere(disk, target);
  return false;
}

/** Whether it is the file that was read, and as large as then. */
function isAsRead(disk: Disk, path: string, { ino, size }: Pick<EntryStat, 'ino' | 'size'>): boolean {
  const stat = disk.lstatSync(path);
  return stat.ino === ino && stat.size === size;
}

/**
 * Makes a segment of a batch: its progress first, since without that everything in it is owed.
 * @throws the errno of whatever failed; then the segment is not there
 */
export function placeBatch(
  disk: Disk,
  { source, stat, count }: BatchFile,
  { directory, temporary }: { directory: string; temporary: () => string },
): 'placed' | 'replaced' {
  const { text, progress } = batchFilesOf(directory) as NonNullable<ReturnType<typeof batchFilesOf>>;
  ensureDirectory(disk, directory, privateDir);
  try {
    writeProgress(disk, progress, { count, temporary: temporary() });
    if (linkBatch(disk, { source, text, stat, temporary })) return 'placed';
  } catch (error) {
    undo();
    throw error;
  }
  undo();
  return 'replaced';

  function undo(): void {
    removeIfThere(disk, text);
    removeSegment(disk, directory);
  }
}

function linkBatch(
  disk: Disk,
  {
    source,
    text,
    stat,
    temporary,
  }: { source: string; text: string; stat: EntryStat; temporary: () => string },
): boolean {
  try {
    disk.linkSync(source, text);
    return isFile(disk, text, stat);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'ENOENT') return false;
    if (!linkRefusals.has(errno)) throw error;
  }
  const copied = temporary();
  copyDurably(disk, source, { to: copied, mode: privateFile });
  disk.renameSync(copied, text);
  return true;
}
