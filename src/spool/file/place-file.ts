/** Giving an accepted file its place in a queue: as a hard link, as the file itself, or as a copy. */
import { errnoOf } from '../../shared/errors.js';
import type { BatchFile, EventFile } from './accepted-file.js';
import { writeProgress } from './batch-progress.js';
import type { Disk } from './disk.js';
import { privateDir, privateFile } from './layout.js';
import { linkNew, linkRefusals } from './link-new.js';
import { putAside } from './put-aside.js';
import type { EntryStat } from './read-entry.js';
import { batchFilesOf, removeSegment } from './segment.js';
import { closeQuietly, copyDurably, ensureDirectory, removeIfThere, writeDurably } from './write-file.js';

/** `taken`: something stands there. `replaced`: the file is not the one that was read any more, or gone. */
export type Placed = 'placed' | 'moved' | 'taken' | 'replaced';

export interface Place {
  target: string;
  /** Gives a path on the spool's file system, where a copy is written. */
  temporary(): string;
  /** Whether the file may leave `incoming/` for its place. */
  mayMove: boolean;
}

/** Whether nobody else has the file: a link that somebody else holds, or may hold, could change its bytes later. */
export function isOurs({ uid, nlink }: EntryStat): boolean {
  return uid === ownUid && nlink === 1;
}

const ownUid = process.geteuid?.();

/**
 * Puts an event's file where it belongs, unless something stands there.
 * @throws the errno of whatever failed
 */
export function place(disk: Disk, root: string, { file, ...to }: Place & { file: EventFile }): Placed {
  const { path, stat } = file;
  const { target, mayMove } = to;
  try {
    if (isOurs(stat) && mayMove) return move(disk, root, { path, target, stat });
    if (isOurs(stat) || disk.lstatSync(target, { throwIfNoEntry: false })?.ino === stat.ino) {
      disk.linkSync(path, target);
      return isFile(disk, target, stat) ? 'placed' : 'replaced';
    }
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') return 'taken';
    if (errno === 'ENOENT') return 'replaced';
    if (!linkRefusals.has(errno)) throw error;
  }
  return copy(disk, file, to);
}

/** rename(2) would replace what is there; nobody but the drain puts anything into a queue. */
function move(
  disk: Disk,
  root: string,
  { path, target, stat }: { path: string; target: string; stat: EntryStat },
): Placed {
  if (disk.lstatSync(target, { throwIfNoEntry: false })) return 'taken';
  disk.renameSync(path, target);
  if (disk.lstatSync(target).ino === stat.ino) return 'moved';
  // It was moved over the one that was read, and nobody has read it yet.
  if (linkNew(disk, target, path)) removeIfThere(disk, target);
  else
    putAside(disk, root, {
      path: target,
      name: path.slice(path.lastIndexOf('/') + 1),
      reason: 'another event came to its place',
    });
  return 'replaced';
}

/** Whether a link just made leads to the file that was read, and not to one that was moved over it since; that is undone. */
function isFile(disk: Disk, target: string, { ino }: EntryStat): boolean {
  if (disk.lstatSync(target).ino === ino) return true;
  removeIfThere(disk, target);
  return false;
}

function copy(disk: Disk, { bytes }: EventFile, { target, temporary }: Place): Placed {
  if (disk.lstatSync(target, { throwIfNoEntry: false })) return 'taken';
  const copied = temporary();
  closeQuietly(disk, writeDurably(disk, copied, { bytes, mode: privateFile }));
  disk.renameSync(copied, target);
  return 'placed';
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
