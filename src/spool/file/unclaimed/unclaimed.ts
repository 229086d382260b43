/**
 * `unclaimed/`: accepted events that nobody was registered for. An event is
 * moved there by one rename, with the reason beside it, and is durable there
 * before it counts as taken in. Where that fails it stays in `incoming/`.
 */
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { errnoOf, ignoreErrno } from '../../../shared/errors.js';
import type { UnclaimedReason } from '../../spool.js';
import type { BatchFile, EventFile } from '../batch/accepted-file.js';
import { sameBatchFile } from '../batch/same-batch-file.js';
import { sameEvent } from '../batch/same-event.js';
import type { Disk } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import { readEntry } from '../disk/read-entry.js';
import { readNote } from '../disk/read-note.js';
import { discard, ensureRoom, writeWhole } from '../disk/write-file.js';
import { moveRead } from '../placing/place-file.js';

/**
 * What became of the file. `there`: the same event is in `unclaimed/` already. `replaced`: the file is not the one that
 * was read any more, and nothing was moved.
 */
export type KeptUnclaimed = 'moved' | 'there' | 'replaced';

export interface KeepUnclaimedOptions {
  file: EventFile | BatchFile;
  why: Omit<UnclaimedReason, 'time'>;
  /** ms since the epoch. */
  since: number;
  /** Names a file uniquely. */
  token(): string;
}

/** Other events with the same id that are compared with a new one; after that it gets a random name. */
const mostSameIds = 16;

/**
 * Moves a file of `incoming/` to `unclaimed/`; durable when that directory is fsynced.
 * @throws the errno of a failed move; the file is then where it was
 */
export function keepUnclaimed(
  disk: Disk,
  root: string,
  { file, why, since, token }: KeepUnclaimedOptions,
): KeptUnclaimed {
  const directory = ensureRoom(disk, root, 'unclaimed');
  const stem = freeStem(disk, directory, { file, token });
  if (stem === undefined) return 'there';
  const reason = `${directory}/${stem}.why.json`;
  writeReason(disk, reason, { why, since });
  try {
    const target = `${directory}/${stem}${extensionOf(file)}`;
    const read = 'ino' in file ? file : file.stat;
    if (moveRead(disk, root, { path: file.path, target, read }) === 'moved') return 'moved';
  } catch (error) {
    discard(disk, reason);
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  discard(disk, reason);
  return 'replaced';
}

function extensionOf(file: EventFile | BatchFile): string {
  return 'event' in file ? '.json' : '.jsonl';
}

/** A name that is free, without its extension: the event's id, or that and a number; undefined if the event is there. */
function freeStem(
  disk: Disk,
  directory: string,
  { file, token }: { file: EventFile | BatchFile; token(): string },
): string | undefined {
  const id = 'event' in file ? file.event.id : file.header.id;
  for (let n = 0; n < mostSameIds; n += 1) {
    const stem = n === 0 ? id : `${id}.${n}`;
    const path = `${directory}/${stem}${extensionOf(file)}`;
    if (!disk.lstatSync(path, { throwIfNoEntry: false })) return stem;
    if (isSame(disk, path, file)) return undefined;
  }
  return `${id}.${token()}`;
}

function isSame(disk: Disk, path: string, file: EventFile | BatchFile): boolean {
  if (!('event' in file)) return sameBatchFile(disk, path, file.source) ?? false;
  const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
  if (found.kind !== 'read') return false;
  return found.stat.ino === file.stat.ino || sameEvent(parseEvent(found.bytes), parseEvent(file.bytes));
}

/**
 * Writes why an event is unclaimed; the file's time says since when. Best effort: a full disk must not keep the event
 * where it is in the way. It is not fsynced either: there may be thousands, and a power cut that takes the reason leaves
 * the event.
 * @param options.since ms since the epoch
 */
export function writeReason(
  disk: Disk,
  path: string,
  { why, since }: { why: Omit<UnclaimedReason, 'time'>; since: number },
): void {
  const bytes = Buffer.from(`${JSON.stringify({ ...why, time: new Date(since).toISOString() })}\n`);
  try {
    // An earlier reason is that of an event that was moved away.
    if (disk.lstatSync(path, { throwIfNoEntry: false })) discard(disk, path);
    writeWhole(disk, path, { bytes, mode: privateFile });
    disk.utimesSync(path, since / 1000, since / 1000);
  } catch (error) {
    ignoreErrno(error);
  }
}

/** What is known of why an event is unclaimed; nothing where it cannot be read. */
export function readReason(disk: Disk, root: string, stem: string): Partial<UnclaimedReason> {
  return readNote(disk, `${root}/unclaimed/${stem}.why.json`);
}
