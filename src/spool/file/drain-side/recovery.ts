/** Putting in order what an earlier drain, ended at any system call, has left. */
import { setImmediate } from 'node:timers/promises';
import { errnoOf, ignoreErrno } from '../../../shared/errors.js';
import type { EntryProblem } from '../../spool.js';
import { batchFilesOf } from '../batch/segment.js';
import { settleMoved } from '../batch/settle-moved.js';
import type { Disk } from '../disk/disk.js';
import { lastName, tmpAgeMs } from '../disk/layout.js';
import { listNames, replacement } from '../disk/list-names.js';
import { putAside } from '../disk/put-aside.js';
import { whyNotWritable } from '../disk/read-entry.js';
import { ofMachine } from '../disk/spool-error.js';
import { leaveFirst, removeDirectory, type Standing } from '../endpoints/endpoint-directories.js';
import { restoreTaken } from '../incoming/taken-batch.js';
import { restoreRooms } from '../setup/create.js';

/** What an earlier drain has left. */
export interface Recovered {
  /** What was quarantined. */
  quarantined: EntryProblem[];
  /**
   * Of each endpoint whose queue could not be put in order: tries it again, and throws the errno if it fails. Before that
   * nothing of it is to be sent.
   */
  unsettled: Map<string, () => void>;
  /** Each endpoint that is owed anything, for all that can be told. */
  found: Map<string, Standing>;
}

/** Number of endpoints that are looked at before others have their turn. */
const yieldEvery = 256;

/**
 * Makes directories that are missing, moves batches back that were being taken out of `incoming/`, sweeps old left-overs
 * out of `tmp/`, removes empty segments and endpoints,
 * and puts aside what stands where only a directory, or a batch's progress, can be
 * of use.
 * @throws the errno of a directory that all need and that cannot be listed, or of a failed move
 */
export async function recover(disk: Disk, root: string, now: number): Promise<Recovered> {
  restoreRooms(disk, root);
  for (const name of listNames(disk, `${root}/tmp`))
    if (!restoreTaken(disk, root, name)) sweep(disk, `${root}/tmp/${name}`, now);
  const quarantined: EntryProblem[] = [];
  const unsettled = new Map<string, () => void>();
  const found = new Map<string, Standing>();
  let seen = 0;

  function putQueueInOrder(endpoint: string): void {
    const path = `queue/${endpoint}`;
    const segments = directories(disk, root, { path, quarantined }).map((name) => `${root}/${path}/${name}`);
    for (const segment of segments) {
      quarantined.push(...freeProgress(disk, root, segment));
      settleMoved(disk, root, { endpoint, segment });
    }
    if (leaveFirst(disk, segments)) found.set(endpoint, { isWaiting: true, hasRetries: false });
    else removeDirectory(disk, `${root}/${path}`);
  }

  for (const endpoint of directories(disk, root, { path: 'queue', quarantined })) {
    try {
      putQueueInOrder(endpoint);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined || ofMachine.has(errno)) throw error;
      found.set(endpoint, { isWaiting: true, hasRetries: false });
      unsettled.set(endpoint, () => putQueueInOrder(endpoint)); // a claim reports it
    }
    seen += 1;
    if (seen % yieldEvery === 0) await setImmediate();
  }
  for (const endpoint of directories(disk, root, { path: 'retry', quarantined })) {
    if (removeDirectory(disk, `${root}/retry/${endpoint}`)) continue;
    found.set(endpoint, { isWaiting: found.get(endpoint)?.isWaiting ?? false, hasRetries: true });
  }
  directories(disk, root, { path: 'dead', quarantined });
  return { quarantined, unsettled, found };
}

function sweep(disk: Disk, path: string, now: number): void {
  const stat = disk.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || now - stat.mtimeMs < tmpAgeMs) return;
  try {
    if (stat.isDirectory()) disk.rmdirSync(path);
    else disk.unlinkSync(path);
  } catch (error) {
    // A directory that is not empty, or no right to remove it: it does no harm.
    ignoreErrno(error);
  }
}

/** The names of the directories in `path`, sorted. Other entries are quarantined, except those whose names begin with a dot. */
function directories(
  disk: Disk,
  root: string,
  { path, quarantined }: { path: string; quarantined: EntryProblem[] },
): string[] {
  const found: string[] = [];
  for (const entry of disk.readdirSync(`${root}/${path}`, { withFileTypes: true })) {
    const { name } = entry;
    // A name that is not UTF-8 cannot be one of ours, and is not found by its text.
    if (name.startsWith('.') || !isThere(disk, root, `${path}/${name}`)) continue;
    if (entry.isDirectory()) found.push(name);
    else quarantined.push(...moveAway(disk, root, { path: `${path}/${name}`, reason: 'is no directory' }));
  }
  return found.sort();
}

function isThere(disk: Disk, root: string, path: string): boolean {
  if (!path.includes(replacement)) return true;
  try {
    return disk.lstatSync(`${root}/${path}`, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENAMETOOLONG') return false; // what stands for its bytes is longer than they are
    throw error;
  }
}

/** Where nothing can be noted, the same events would be sent in each drain. */
function freeProgress(disk: Disk, root: string, segment: string): EntryProblem[] {
  const path = batchFilesOf(segment)?.progress;
  const reason = path && whyNotWritable(disk, path);
  return reason ? moveAway(disk, root, { path: path.slice(root.length + 1), reason }) : [];
}

function moveAway(
  disk: Disk,
  root: string,
  { path, reason }: { path: string; reason: string },
): EntryProblem[] {
  const moved = putAside(disk, root, {
    path: `${root}/${path}`,
    name: lastName(path),
    reason: `it stood at ${path}, and ${reason}`,
  });
  return moved === undefined ? [] : [moved];
}
