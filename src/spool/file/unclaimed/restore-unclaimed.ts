import type { EventHeader } from '../../../event/event.js';
import { isGeneratedId } from '../../../event/event-id.js';
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { errnoOf } from '../../../shared/errors.js';
import { createSelector, type Selector } from '../../selection.js';
import { openBatchText } from '../batch/batch-text.js';
import { acceptedAt, headerOf } from '../batch/delivery-file.js';
import type { Disk } from '../disk/disk.js';
import { lastName } from '../disk/layout.js';
import { linkNew } from '../disk/link-new.js';
import { listNames } from '../disk/list-names.js';
import { readEntry } from '../disk/read-entry.js';
import { readNote } from '../disk/read-note.js';
import { readableOr } from '../disk/readable-or.js';
import { discard, removeIfThere, syncDirectory } from '../disk/write-file.js';
import { forgetUnclaimedReports } from './unclaimed-reports.js';

/** An event, or a batch, that was moved back. */
export interface RestoredEntry {
  /** The event's id, or the batch's. */
  event: string;
  hook?: string | undefined;
  /** How many events. */
  events: number;
}

export interface RestoreFrom {
  /** Where they are, below the spool. */
  directory: string;
  /** Which of them; default: all, unread. */
  selector?: Selector;
  /** ms since the epoch. */
  now: number;
}

/**
 * Moves unclaimed events back to `incoming/`, where the next intake, or the drain that runs, finds them.
 * @param options.hook only those of this hook; default: all
 * @param options.now ms since the epoch
 * @returns how many events; those of a batch are counted one by one
 * @throws the errno of what failed; what was moved before stays moved
 */
export function restoreUnclaimed(
  disk: Disk,
  root: string,
  { hook, now }: { hook?: string | undefined; now: number },
): number {
  const from: RestoreFrom = { directory: 'unclaimed', now };
  if (hook !== undefined) from.selector = createSelector({ hook });
  let events = 0;
  for (const restored of restoreEntries(disk, root, from)) events += restored?.events ?? 0;
  if (events > 0) {
    syncDirectory(disk, `${root}/incoming`);
    syncDirectory(disk, `${root}/unclaimed`);
  }
  return events;
}

/**
 * Moves entries that have no endpoint back to `incoming/`, one a step; the caller makes both directories durable.
 * @returns from each step what was moved; undefined for an entry that stays
 * @throws the errno of what failed
 */
export function* restoreEntries(
  disk: Disk,
  root: string,
  from: RestoreFrom,
): Generator<RestoredEntry | undefined> {
  let isFirst = true;
  for (const name of listNames(disk, `${root}/${from.directory}`).sort()) {
    const stem = /^(.+?)\.jsonl?$/.exec(name)?.[1];
    if (stem === undefined || name.endsWith('.why.json')) continue;
    const restored = restoreEntry(disk, root, { name, stem, from });
    if (restored !== undefined && isFirst) {
      forgetUnclaimedReports(disk, root);
      isFirst = false;
    }
    yield restored;
  }
}

function restoreEntry(
  disk: Disk,
  root: string,
  { name, stem, from }: { name: string; stem: string; from: RestoreFrom },
): RestoredEntry | undefined {
  const { directory, selector, now } = from;
  const path = `${root}/${directory}/${name}`;
  const { hook, events, reason } = readNote(disk, `${root}/${directory}/${stem}.why.json`);
  const isNoted = typeof events === 'number';
  const isRead = selector !== undefined || !isNoted;
  const file = isRead ? readableOr(undefined, () => readHeader(disk, path, { stem, now })) : undefined;
  if (selector !== undefined) {
    const why = typeof reason === 'string' ? reason : undefined;
    if (file === undefined || !selector.has({ ...file, endpoint: undefined, reason: why })) return undefined;
  }
  if (!restore(disk, path, `${root}/incoming/${name}`)) return undefined;
  discard(disk, `${root}/${directory}/${stem}.why.json`);
  return {
    event: file?.header.id ?? stem,
    hook: file?.header.hook ?? (typeof hook === 'string' ? hook : undefined),
    events: isNoted ? events : (file?.events ?? 1),
  };
}

/** Moves a file; false if it was removed, or another entry has its name there. */
function restore(disk: Disk, from: string, to: string): boolean {
  const name = lastName(from);
  try {
    if (isGeneratedId(name.replace(/\.jsonl?$/, ''))) {
      // No other process makes up that id, so a rename replaces nothing.
      if (disk.lstatSync(to, { throwIfNoEntry: false })) return false;
      disk.renameSync(from, to);
      return true;
    }
    if (!linkNew(disk, from, to)) return false;
    removeIfThere(disk, from);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** What selects an event or a batch; undefined where it cannot be read. */
function readHeader(
  disk: Disk,
  path: string,
  { stem, now }: { stem: string; now: number },
): { header: EventHeader; acceptedAt: number; events: number | undefined } | undefined {
  if (path.endsWith('.json')) {
    const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
    const parsed = found.kind === 'read' ? parseEvent(found.bytes) : undefined;
    if (found.kind !== 'read' || !parsed?.ok) return undefined;
    const id = parsed.id ?? stem;
    const { stat } = found;
    return { header: headerOf(parsed, { id, stat }), acceptedAt: acceptedAt({ id, stat, now }), events: 1 };
  }
  const opened = openBatchText(disk, path);
  if (opened.kind !== 'open') return undefined;
  const { header, stat } = opened.text;
  opened.text.close();
  if (!header.ok) return undefined;
  const id = header.id ?? stem;
  const at = acceptedAt({ id, stat, now });
  return { header: headerOf(header, { id, stat }), acceptedAt: at, events: header.events };
}
