/**
 * A segment of a queue as a directory: single deliveries, each a file, or one
 * batch with its progress.
 */

import { ignoreErrno } from '../../../shared/errors.js';
import type { EntryProblem } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { countNames } from '../disk/each-name.js';
import { batchSegmentName, lastName, parseSegmentName } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { putAside } from '../disk/put-aside.js';
import { defaultStillMs } from '../disk/stillness.js';
import { removeIfThere, syncDirectory } from '../disk/write-file.js';
import { readProgress } from './batch-progress.js';
import type { BatchTexts } from './batch-texts.js';
import { growthOf } from './grown-batch.js';

/** The files of a batch's segment. */
export interface BatchFiles {
  id: string;
  /** How many events it has. */
  count: number;
  /** The batch. */
  text: string;
  /** What of it is settled. */
  progress: string;
}

/** The files of a segment that is a batch, by its path; undefined if it has single deliveries. */
export function batchFilesOf(path: string): BatchFiles | undefined {
  // Called three times for each event of a batch.
  if (path !== lastAsked.path) lastAsked = { path, files: findBatchFiles(path) };
  return lastAsked.files;
}

let lastAsked: { path: string; files: BatchFiles | undefined } = { path: '', files: undefined };

function findBatchFiles(path: string): BatchFiles | undefined {
  const batch = parseSegmentName(lastName(path))?.batch;
  if (batch === undefined) return undefined;
  return { ...batch, text: `${path}/${batch.id}.jsonl`, progress: `${path}/${batch.id}.done` };
}

/**
 * How many deliveries are owed from a segment.
 * @throws the errno of what cannot be read
 */
export function countOwed(disk: Disk, path: string): number {
  const batch = batchFilesOf(path);
  if (batch === undefined) return countNames(disk, path);
  if (disk.lstatSync(batch.text, { throwIfNoEntry: false }) === undefined) return 0;
  return readProgress(disk, batch.progress, batch.count).owed;
}

/**
 * Removes a segment in which nothing is owed; one that stays does no harm.
 * @param texts batches that are open; without them a batch is read once more, from its beginning
 * @returns whether it was removed
 */
export function removeSegment(disk: Disk, path: string, texts?: BatchTexts): boolean {
  const batch = batchFilesOf(path);
  try {
    if (batch !== undefined) removeBatch(disk, path, { ...batch, texts });
    disk.rmdirSync(path);
    return true;
  } catch (error) {
    ignoreErrno(error);
    return false;
  }
}

/** The batch goes for good before what says that it is settled: the other way round it would be owed again. */
function removeBatch(
  disk: Disk,
  path: string,
  { text, progress, count, texts }: BatchFiles & { texts: BatchTexts | undefined },
): void {
  if (disk.lstatSync(text, { throwIfNoEntry: false }) !== undefined) {
    if (readProgress(disk, progress, count).owed > 0) return;
    if (growthOf(disk, { text, count, texts }).kind !== 'none') return;
    removeIfThere(disk, text);
    syncDirectory(disk, path);
  }
  removeIfThere(disk, progress);
}

/**
 * Gives a batch that has got more lines since it was queued a name with their number: they are owed from then on. One
 * whose last line has no end, and gets none, or has become something else, goes to `corrupt/` when all else of it is
 * settled.
 * @param options.now ms since the epoch
 * @returns the segment's new name, or what was quarantined, if anything; `isFresh` if another program may still be writing to it
 * @throws the errno of what failed
 */
export function takeInGrowth(
  disk: Disk,
  root: string,
  { queue, segment, texts, now }: { queue: string; segment: string; texts: BatchTexts; now: number },
): { segment?: string; quarantined?: EntryProblem; isFresh?: boolean } {
  const path = `${queue}/${segment}`;
  const batch = batchFilesOf(path);
  const number = parseSegmentName(segment)?.number;
  const stat = batch && disk.lstatSync(batch.text, { throwIfNoEntry: false });
  if (batch === undefined || number === undefined || stat === undefined) return {};
  const growth = growthOf(disk, { ...batch, texts });
  if (growth.kind === 'lines') {
    const longer = batchSegmentName(number, { id: batch.id, count: growth.count });
    disk.renameSync(path, `${queue}/${longer}`);
    syncDirectory(disk, queue);
    return { segment: longer };
  }
  if (growth.kind === 'none') return {};
  if (Math.abs(now - stat.mtimeMs) < defaultStillMs) return { isFresh: true };
  const reason =
    growth.kind === 'changed'
      ? 'its last line had no end when it was queued, and was sent; lines were added to it since'
      : 'a line was added when it was queued already, and has no end; all lines before it are settled';
  const quarantined = putAside(disk, root, { path: batch.text, name: `${batch.id}.jsonl`, reason });
  return quarantined === undefined ? {} : { quarantined };
}

/** The segments of an endpoint's queue, in their order. @throws the errno of a directory that cannot be listed */
export function listSegments(disk: Disk, queue: string): string[] {
  return listNames(disk, queue).sort();
}
