/** Puts single events into segments: once, also after an intake that was cut short, and several of one id in order. */
import { isGeneratedId } from '../../../event/event-id.js';
import { parseEvent } from '../../../event/record.js';
import type { EventFile } from '../batch/accepted-file.js';
import { sameEvent } from '../batch/same-event.js';
import type { Disk } from '../disk/disk.js';
import { privateDir, segmentName, segmentSize } from '../disk/layout.js';
import { readEntry } from '../disk/read-entry.js';
import { ensureDirectory } from '../disk/write-file.js';
import type { KnownIds } from './known-ids.js';
import { isOurs, type Placed, place, placeCopy } from './place-file.js';
import { mostOfOneId, type Put, type PutOptions } from './put.js';
import { beginSegment, type Singles } from './queue-tail.js';

/** Number of segments, at the end of a queue, that are looked through for each event. */
const nearSegments = 2;

export interface PutEventOptions extends PutOptions {
  /** The spool's directory. */
  root: string;
  ids: KnownIds;
  /** Whether no other endpoint gets the event. */
  isOnly: boolean;
}

/** Puts an event at the end of a queue. @throws the errno of what failed */
export function putEvent(disk: Disk, file: EventFile, options: PutEventOptions): Put {
  const { queue, tail, touched } = options;
  let segment = segmentOf(disk, options);
  const earlier = tail.singles.slice(0, -1);
  // A copy leaves no trace at what it was made of: it is looked for near the end in any case.
  const near = mayBeQueued(file) ? earlier : earlier.slice(1 - nearSegments);
  const found = findInAny(disk, near, file, options);
  if (found !== undefined) return found;
  let placed = placeIn(disk, segment, file, {
    ...options,
    far: earlier.slice(0, earlier.length - near.length),
  });
  if (placed === 'taken') {
    if (findIn(disk, segment, file, options) === 'same') return { kind: 'there', segment: segment.name };
    beginSegment(tail); // another event of its id is there, and goes first
    segment = segmentOf(disk, options);
    placed = placeIn(disk, segment, file, { ...options, far: [] });
  }
  if (typeof placed === 'object') return placed;
  if (placed === 'taken') return { kind: 'conflict' };
  touched.add(`${queue}/${segment.name}`);
  if (placed === 'replaced') {
    tail.isMade = false; // or the segment was removed
    return { kind: 'replaced' };
  }
  tail.count += 1;
  return { kind: placed === 'moved' ? 'moved' : 'put', segment: segment.name };
}

/** The segment that the next single delivery goes to; it is made if need be. */
function segmentOf(disk: Disk, { queue, tail, touched, ids }: PutEventOptions): Singles {
  if (tail.isBatch || tail.count >= segmentSize) beginSegment(tail);
  const name = segmentName(tail.number);
  const last = tail.singles.at(-1);
  if (tail.isMade && last?.name === name) return last;
  const isNew = ensureDirectory(disk, `${queue}/${name}`, privateDir);
  touched.add(queue);
  tail.isMade = true;
  if (last?.name === name) {
    ids.forget(last);
    tail.singles.pop();
  }
  const segment = { name, ids: isNew ? new Set<string>() : undefined };
  tail.singles.push(segment);
  tail.singles.slice(0, -nearSegments).forEach(ids.forget);
  return segment;
}

/** What has an event's name in a segment already: that event, or another one of its id. */
function findIn(
  disk: Disk,
  segment: Singles,
  file: EventFile,
  { queue, touched, ids }: PutEventOptions,
): 'same' | 'other' | undefined {
  if (!ids.mayHave(segment, file)) return undefined;
  const path = `${queue}/${segment.name}/${file.event.id}.json`;
  if (!disk.lstatSync(path, { throwIfNoEntry: false })) return undefined;
  if (!isSame(disk, path, file)) return 'other';
  touched.add(`${queue}/${segment.name}`);
  return 'same';
}

/** Where an event is already, or that too many others of its id are. */
function findInAny(
  disk: Disk,
  segments: readonly Singles[],
  file: EventFile,
  options: PutEventOptions,
): Put | undefined {
  let others = 0;
  for (const segment of segments) {
    const found = findIn(disk, segment, file, options);
    if (found === 'same') return { kind: 'there', segment: segment.name };
    if (found === 'other') others += 1;
  }
  return others >= mostOfOneId - 1 ? { kind: 'conflict' } : undefined;
}

/**
 * Puts an event into a segment, unless a copy of it is in an earlier one.
 * @param options.far the earlier segments that were not looked through
 */
function placeIn(
  disk: Disk,
  segment: Singles,
  file: EventFile,
  options: PutEventOptions & { far: readonly Singles[] },
): Placed | Put {
  const { root, queue, ids, isOnly, far, temporary } = options;
  const target = `${queue}/${segment.name}/${file.event.id}.json`;
  const isFree = !ids.mayHave(segment, file);
  ids.note(segment, file);
  const placed = place(disk, root, { file, target, mayMove: isOnly, isFree });
  if (placed !== 'refused') return placed;
  return findInAny(disk, far, file, options) ?? placeCopy(disk, { file, target, temporary });
}

/**
 * Whether an intake that was cut short, or a submitter who chose the id, may have put an event of that name anywhere in a
 * queue. What has only the one name in `incoming/` was linked nowhere.
 */
function mayBeQueued({ stat, event }: EventFile): boolean {
  return !isOurs(stat) || !isGeneratedId(event.id);
}

/** Whether the file of this name in the queue is the same event: then an intake was half done. */
function isSame(disk: Disk, path: string, file: EventFile): boolean {
  const found = readEntry(disk, path, { maxBytes: file.bytes.length + 4096 });
  if (found.kind !== 'read') return false;
  return found.stat.ino === file.stat.ino || sameEvent(parseEvent(found.bytes), parseEvent(file.bytes));
}
