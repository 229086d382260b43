/**
 * The reading side of one endpoint's queue and retries: which deliveries come
 * next. At most one segment's names are in memory, and each is handed out
 * once until it is given back.
 */
import { errnoOf } from '../../shared/errors.js';
import type { Disk } from './disk.js';
import { parseRetryName } from './layout.js';

/** A delivery's file. */
export interface Slot {
  /** `queue` or `retry`: where it lies. */
  room: 'queue' | 'retry';
  /** The directory below the spool, e.g. `queue/chat/00000001`. */
  directory: string;
  name: string;
  /** Attempts that its name tells of; 0 in the queue. */
  attempts: number;
  /** The event's id, as the name has it; undefined if the name is none of ours. */
  id: string | undefined;
}

interface Retry extends Slot {
  dueMs: number;
}

export interface QueueReader {
  /** The next slots: due retries first, then those in order. */
  take(limit: number, now: number): Slot[];
  /** Gives a slot back, at its old place. */
  giveBack(slot: Slot): void;
  /** A slot's file is gone from its place. */
  forget(slot: Slot): void;
  /** Sets a slot aside until `resume`: its event is not wholly taken in yet. */
  hold(slot: Slot): void;
  /** The event of this name is wholly taken in. */
  resume(name: string): void;
  /** A delivery was put at the end of the queue. */
  added(segment: string, name: string): void;
  /** A retry was put there. */
  deferred(name: string): void;
  /** Whether `take` has anything to give at `now`. */
  hasReady(now: number): boolean;
  /** The earliest time a retry is due, ms. */
  nextDue(): number | undefined;
  /** Whether anything is owed, handed out or not. */
  isOwing(): boolean;
  /** How many are owed, handed out or not. */
  count(): number;
}

/** What a reader needs to tell others. */
export interface QueueReaderOptions {
  endpoint: string;
  /** Called with a segment of which nothing is left to hand out, and nothing is handed out. */
  onEmpty(segment: string): void;
}

/** @throws from its methods: the errno of a directory that cannot be listed */
export function createQueueReader(disk: Disk, root: string, { endpoint, onEmpty }: QueueReaderOptions): QueueReader {
  const queue = `queue/${endpoint}`;
  const retryDirectory = `retry/${endpoint}`;
  /** Segments whose names are not in memory, in order. */
  const later = list(disk, `${root}/${queue}`).filter((name) => !name.startsWith('.'));
  later.sort();
  /** Sorted by due time, the earliest first. */
  const retries: Retry[] = [];
  /** Given back, sorted by place; before everything in `names`. */
  const returned: Slot[] = [];
  let head: string | undefined;
  let names: string[] = [];
  let next = 0;
  /** Handed out, held ones included. */
  let out = 0;
  const held = new Map<string, Slot>();
  const outBySegment = new Map<string, number>();

  for (const name of list(disk, `${root}/${retryDirectory}`)) addRetry(name);

  function addRetry(name: string): void {
    if (name.startsWith('.')) return;
    const parsed = parseRetryName(name);
    const dueMs = parsed?.dueMs ?? 0;
    const slot: Retry = {
      room: 'retry',
      directory: retryDirectory,
      name,
      attempts: parsed?.attempts ?? 0,
      id: parsed?.id,
      dueMs,
    };
    insert(retries, slot, (a, b) => a.dueMs - b.dueMs || (a.name < b.name ? -1 : 1));
  }

  /** Brings names into memory until there is one to hand out; false if none is left. */
  function fill(): boolean {
    while (next >= names.length) {
      const segment = later.shift();
      if (segment === undefined) return false;
      const left = head;
      head = segment;
      names = list(disk, `${root}/${queue}/${segment}`).filter((name) => !name.startsWith('.'));
      names.sort();
      next = 0;
      if (left !== undefined) checkEmpty(left);
    }
    return true;
  }

  function checkEmpty(segment: string): void {
    if (segment === head || (outBySegment.get(segment) ?? 0) > 0) return;
    if (returned.some((slot) => slot.directory.endsWith(`/${segment}`))) return;
    outBySegment.delete(segment);
    onEmpty(segment);
  }

  function handOut(slot: Slot): Slot {
    out += 1;
    outBySegment.set(segmentOf(slot), (outBySegment.get(segmentOf(slot)) ?? 0) + 1);
    return slot;
  }

  function handIn(slot: Slot): void {
    out -= 1;
    outBySegment.set(segmentOf(slot), (outBySegment.get(segmentOf(slot)) ?? 1) - 1);
  }

  function giveBack(slot: Slot): void {
    handIn(slot);
    if (slot.room === 'retry') addRetry(slot.name);
    else insert(returned, slot, (a, b) => (`${a.directory}/${a.name}` < `${b.directory}/${b.name}` ? -1 : 1));
  }

  function takeOne(now: number): Slot | undefined {
    const retry = retries[0];
    if (retry !== undefined && retry.dueMs <= now) return retries.shift();
    const back = returned.shift();
    if (back !== undefined) return back;
    if (!fill() || head === undefined) return undefined;
    const name = names[next++] ?? '';
    const id = /^([A-Za-z0-9_-]{1,128})\.json$/.exec(name)?.[1];
    return { room: 'queue', directory: `${queue}/${head}`, name, attempts: 0, id };
  }

  return {
    take(limit, now) {
      const slots: Slot[] = [];
      while (slots.length < limit) {
        const slot = takeOne(now);
        if (slot === undefined) break;
        slots.push(handOut(slot));
      }
      return slots;
    },
    giveBack,
    hold(slot) {
      held.set(slot.name, slot);
    },
    resume(name) {
      const slot = held.get(name);
      if (slot === undefined) return;
      held.delete(name);
      giveBack(slot);
    },
    forget(slot) {
      handIn(slot);
      if (slot.room === 'queue') checkEmpty(segmentOf(slot));
    },
    added(segment, name) {
      if (segment === head) names.push(name);
      else if (!later.includes(segment)) later.push(segment);
    },
    deferred: addRetry,
    hasReady: (now) =>
      returned.length > 0 || next < names.length || later.length > 0 || (retries[0]?.dueMs ?? Infinity) <= now,
    nextDue: () => retries[0]?.dueMs,
    isOwing: () => out + returned.length + retries.length + later.length > 0 || next < names.length,
    count() {
      const unread = later.reduce((sum, segment) => sum + list(disk, `${root}/${queue}/${segment}`).length, 0);
      return out + returned.length + retries.length + (names.length - next) + unread;
    },
  };
}

function segmentOf(slot: Slot): string {
  return slot.directory.slice(slot.directory.lastIndexOf('/') + 1);
}

function list(disk: Disk, path: string): string[] {
  try {
    return disk.readdirSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** Inserts into a sorted array, by binary search. */
function insert<T>(sorted: T[], item: T, compare: (a: T, b: T) => number): void {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = sorted[middle] as T;
    if (compare(there, item) < 0) low = middle + 1;
    else high = middle;
  }
  sorted.splice(low, 0, item);
}
