/**
 * The reading side of one endpoint's queue and retries: which deliveries come
 * next. At most one segment's names are in memory, and each is handed out
 * once until it is given back.
 */
import type { Disk } from './disk.js';
import { parseQueueName, parseRetryName } from './layout.js';
import { listNames } from './list-names.js';

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
  /** The next slot: a due retry first, then those in order. */
  take(now: number): Slot | undefined;
  /** Gives a slot back, at its old place. */
  giveBack(slot: Slot): void;
  /** A slot's file is gone from its place. */
  forget(slot: Slot): void;
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
  /** Looks at the directories anew, after files were removed from them; what is handed out stays so. */
  reload(): void;
}

/** What a reader needs to tell others. */
export interface QueueReaderOptions {
  endpoint: string;
  /** Called with a segment of which nothing is left to hand out, and nothing is handed out. */
  onEmpty(segment: string): void;
}

/** @throws from its methods: the errno of a directory that cannot be listed; then nothing has changed */
export function createQueueReader(
  disk: Disk,
  root: string,
  { endpoint, onEmpty }: QueueReaderOptions,
): QueueReader {
  const queue = `queue/${endpoint}`;
  const retryDirectory = `retry/${endpoint}`;
  /** Segments whose names are not in memory, in order. */
  let later = listNames(disk, `${root}/${queue}`).sort();
  /** Sorted by due time, the earliest first. */
  const retries: Retry[] = [];
  /** Given back, sorted by place; before everything in `names`. */
  const returned: Slot[] = [];
  let head: string | undefined;
  let names: string[] = [];
  let next = 0;
  /** The names that are handed out, by directory. */
  const out = new Map<string, Set<string>>();

  for (const name of listNames(disk, `${root}/${retryDirectory}`)) addRetry(name);

  /** The names in a directory that are not handed out. */
  function listIn(directory: string): string[] {
    const taken = out.get(directory);
    return listNames(disk, `${root}/${directory}`).filter((name) => !taken?.has(name));
  }

  function addRetry(name: string): void {
    const { dueMs = 0, attempts = 0, id } = parseRetryName(name) ?? {};
    const slot: Retry = { room: 'retry', directory: retryDirectory, name, attempts, id, dueMs };
    insert(retries, slot, (a, b) => a.dueMs - b.dueMs || (a.name < b.name ? -1 : 1));
  }

  /** Brings names into memory until there is one to hand out; the segment it is in, or undefined if none is left. */
  function fill(): string | undefined {
    while (next >= names.length) {
      const segment = later[0];
      if (segment === undefined) return undefined;
      names = listIn(`${queue}/${segment}`).sort();
      next = 0;
      later.shift();
      const left = head;
      head = segment;
      if (left !== undefined) checkEmpty(left);
    }
    return head;
  }

  function checkEmpty(segment: string): void {
    const directory = `${queue}/${segment}`;
    if (segment === head || out.has(directory)) return;
    if (!returned.some((slot) => slot.directory === directory)) onEmpty(segment);
  }

  function handOut({ directory, name }: Slot): void {
    const taken = out.get(directory);
    if (taken === undefined) out.set(directory, new Set([name]));
    else taken.add(name);
  }

  function takeBack({ directory, name }: Slot): void {
    const taken = out.get(directory);
    taken?.delete(name);
    if (taken?.size === 0) out.delete(directory);
  }

  function takeQueued(): Slot | undefined {
    const back = returned.shift();
    if (back !== undefined) return back;
    const segment = fill();
    if (segment === undefined) return undefined;
    const name = names[next++] as string;
    return { room: 'queue', directory: `${queue}/${segment}`, name, attempts: 0, id: parseQueueName(name) };
  }

  return {
    take(now) {
      const isDue = (retries[0]?.dueMs ?? Infinity) <= now;
      const slot = isDue ? retries.shift() : takeQueued();
      if (slot !== undefined) handOut(slot);
      return slot;
    },
    giveBack(slot) {
      takeBack(slot);
      if (slot.room === 'retry') addRetry(slot.name);
      else
        insert(returned, slot, (a, b) => (`${a.directory}/${a.name}` < `${b.directory}/${b.name}` ? -1 : 1));
    },
    forget(slot) {
      takeBack(slot);
      if (slot.room === 'queue') checkEmpty(slot.directory.slice(queue.length + 1));
    },
    added(segment, name) {
      if (segment === head) names.push(name);
      else if (!later.includes(segment)) later.push(segment);
    },
    deferred: addRetry,
    hasReady: (now) =>
      returned.length > 0 ||
      next < names.length ||
      later.length > 0 ||
      (retries[0]?.dueMs ?? Infinity) <= now,
    nextDue: () => retries[0]?.dueMs,
    isOwing: () => out.size + returned.length + retries.length + later.length > 0 || next < names.length,
    count() {
      const unread = later.reduce((sum, segment) => sum + listIn(`${queue}/${segment}`).length, 0);
      const handedOut = [...out.values()].reduce((sum, { size }) => sum + size, 0);
      return handedOut + returned.length + retries.length + (names.length - next) + unread;
    },
    reload() {
      retries.length = 0;
      returned.length = 0;
      names = [];
      next = 0;
      head = undefined;
      for (const name of listIn(retryDirectory)) addRetry(name);
      later = listNames(disk, `${root}/${queue}`).sort();
      later = later.filter((segment) => {
        if (listNames(disk, `${root}/${queue}/${segment}`).length > 0) return true;
        onEmpty(segment);
        return false;
      });
    },
  };
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
