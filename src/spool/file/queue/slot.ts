/** Where a delivery lies, and which of them are handed out. */

/** A delivery's file, or its place in a batch. */
export interface Slot {
  /** Its directory in the spool; `incoming` while it is sent from there, `dead` or `sent` while it is put back. */
  room: 'queue' | 'retry' | 'incoming' | 'dead' | 'sent';
  /** The directory below the spool, e.g. `queue/chat/00000001`. */
  directory: string;
  /** Of an event of a batch: its id. */
  name: string;
  /** Attempts that its name tells of; 0 in the queue. */
  attempts: number;
  /** The event's id, as the name has it; undefined if it is not a name of capnhook's. */
  id: string | undefined;
  /** Only of an event of a batch: which one it is. */
  member?: Member;
}

/** An event of a batch. */
export interface Member {
  /** Its number, from 0. */
  index: number;
  /** Where its line begins in the batch's file, of that inode; undefined if it was not found there. */
  place: { offset: number; ino: number } | undefined;
}

/** What is handed out, and was neither given back nor settled. */
export interface HandedOut {
  add(slot: Slot): void;
  remove(slot: Slot): void;
  /** The names of one directory. */
  namesIn(directory: string): ReadonlySet<string>;
  /** How many of one directory. */
  count(directory: string): number;
  /** Whether another delivery with this one's id is handed out: this one comes after it. */
  hasEvent(slot: Slot): boolean;
  isEmpty(): boolean;
}

const none: ReadonlySet<string> = new Set();

/** Makes a record of the slots that are handed out. */
export function createHandedOut(): HandedOut {
  const names = new Map<string, Set<string>>();
  /** How many retries have each event's id; the name of any other delivery tells its id. */
  const retries = new Map<string, number>();

  function countRetry({ room, id }: Slot, change: 1 | -1): void {
    if (room !== 'retry' || id === undefined) return;
    const count = (retries.get(id) ?? 0) + change;
    if (count > 0) retries.set(id, count);
    else retries.delete(id);
  }

  return {
    add(slot) {
      const { directory, name } = slot;
      countRetry(slot, 1);
      const there = names.get(directory);
      if (there === undefined) names.set(directory, new Set([name]));
      else there.add(name);
    },
    remove(slot) {
      const { directory, name } = slot;
      const there = names.get(directory);
      if (there?.delete(name)) countRetry(slot, -1);
      if (there?.size === 0) names.delete(directory);
    },
    namesIn: (directory) => names.get(directory) ?? none,
    count: (directory) => names.get(directory)?.size ?? 0,
    hasEvent({ id, directory }) {
      if (id === undefined) return false;
      if (retries.size > 0 && retries.has(id)) return true;
      for (const [other, there] of names) {
        // No two names of a segment have the same id.
        if (other !== directory && (there.has(id) || there.has(`${id}.json`))) return true;
      }
      return false;
    },
    isEmpty: () => names.size === 0,
  };
}

/** Whether a slot's event is in a set. */
export function isIn(events: ReadonlySet<string> | undefined, { id }: Slot): boolean {
  return events !== undefined && id !== undefined && events.has(id);
}

/** Inserts into a sorted array, by binary search. */
export function insert<T>(sorted: T[], item: T, compare: (a: T, b: T) => number): void {
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
