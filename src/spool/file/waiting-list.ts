/**
 * The deliveries of one endpoint that wait in order. A part of one segment's
 * names is in memory; the directory is listed again when they are used up.
 */
import type { DirectoryCounts } from './directory-counts.js';
import type { Disk } from './disk.js';
import { parseQueueName } from './layout.js';
import { listNames } from './list-names.js';
import { type HandedOut, insert, isIn, type Slot } from './slot.js';

export interface WaitingList {
  /** The next slot whose event is not in `passed`; those are kept at their place. */
  take(passed?: ReadonlySet<string>): Slot | undefined;
  /** The slot of an event that was passed over or given back. */
  takeBack(event: string): Slot | undefined;
  /** Takes a slot back, to its old place. */
  giveBack(slot: Slot): void;
  /** A slot's file is gone. */
  forget(slot: Slot): void;
  /** A delivery was put at the end of the queue. */
  added(segment: string, name: string): void;
  /** Whether there is anything to take. */
  hasMore(): boolean;
  /** Whether anything is there, handed out or not. */
  isOwing(): boolean;
  /** How many are there, handed out or not. */
  count(): number;
  /** How many names are in memory. */
  held(): number;
  /** Looks at the directories anew, after files were removed from them. */
  reload(): void;
}

export interface WaitingListOptions {
  endpoint: string;
  out: HandedOut;
  counts: DirectoryCounts;
  /** How many names may be held. */
  window(): number;
  /** Called with a segment in which nothing is left. */
  onEmpty(segment: string): void;
}

/** @throws, and so do its methods: the errno of a directory that cannot be listed; then nothing has changed */
export function createWaitingList(disk: Disk, root: string, options: WaitingListOptions): WaitingList {
  const { endpoint, out, counts, window, onEmpty } = options;
  const queue = `queue/${endpoint}`;
  /** Segments that were not listed yet, in order. */
  let unlisted = listNames(disk, `${root}/${queue}`).sort();
  /** How many files there are in each segment that was listed. */
  const left = new Map<string, number>();
  /** Given back or passed over, sorted by place; before everything in `names`. */
  let returned: Slot[] = [];
  let head: string | undefined;
  let names: string[] = [];
  let next = 0;
  /** Whether the head has more than `names`. */
  let isPart = false;

  function list(segment: string): void {
    const directory = `${queue}/${segment}`;
    const back = new Set(returned.filter((slot) => slot.directory === directory).map(({ name }) => name));
    const free = listNames(disk, `${root}/${directory}`).filter(
      (name) => !out.has(directory, name) && !back.has(name),
    );
    left.set(segment, free.length + back.size + out.count(directory));
    names = free.sort().slice(0, window());
    next = 0;
    isPart = names.length < free.length;
  }

  /** Brings names into memory until there is one to take; the segment it is in, or undefined if none is left. */
  function fill(): string | undefined {
    while (next >= names.length) {
      if (head !== undefined && isPart) list(head);
      else {
        const segment = unlisted[0];
        if (segment === undefined) return undefined;
        list(segment);
        unlisted.shift();
        const before = head;
        head = segment;
        if (before !== undefined) checkEmpty(before);
      }
    }
    return head;
  }

  function checkEmpty(segment: string): void {
    if (segment === head || left.get(segment) !== 0) return;
    left.delete(segment);
    onEmpty(segment);
  }

  return {
    take(passed) {
      const back = returned.findIndex((slot) => !isIn(passed, slot));
      if (back >= 0) return returned.splice(back, 1)[0];
      for (let segment = fill(); segment !== undefined; segment = fill()) {
        const name = names[next++] as string;
        const directory = `${queue}/${segment}`;
        const slot: Slot = { room: 'queue', directory, name, attempts: 0, id: parseQueueName(name) };
        if (!isIn(passed, slot)) return slot;
        insert(returned, slot, byPlace);
      }
      return undefined;
    },
    takeBack(event) {
      const at = returned.findIndex(({ id }) => id === event);
      return at < 0 ? undefined : returned.splice(at, 1)[0];
    },
    giveBack: (slot) => insert(returned, slot, byPlace),
    forget({ directory }) {
      const segment = directory.slice(queue.length + 1);
      const files = left.get(segment);
      if (files === undefined) return;
      left.set(segment, files - 1);
      checkEmpty(segment);
    },
    added(segment, name) {
      const files = left.get(segment);
      if (segment === head) {
        left.set(segment, (files ?? 0) + 1);
        if (isPart || names.length - next >= window()) isPart = true;
        else names.push(name);
      } else if (!unlisted.includes(segment)) {
        left.delete(segment);
        insert(unlisted, segment, (a, b) => (a < b ? -1 : 1));
      }
    },
    hasMore: () => returned.length > 0 || next < names.length || isPart || unlisted.length > 0,
    isOwing: () => unlisted.length > 0 || [...left.values()].some((files) => files > 0),
    count() {
      const listed = [...left.values()].reduce((sum, files) => sum + files, 0);
      return unlisted.reduce((sum, segment) => sum + counts.count(endpoint, `${queue}/${segment}`), listed);
    },
    held: () => returned.length + names.length - next,
    reload() {
      const segments = listNames(disk, `${root}/${queue}`).sort();
      returned = [];
      names = [];
      next = 0;
      isPart = false;
      head = undefined;
      left.clear();
      unlisted = segments.filter((segment) => {
        if (listNames(disk, `${root}/${queue}/${segment}`).length > 0) return true;
        onEmpty(segment);
        return false;
      });
    },
  };
}

function byPlace(a: Slot, b: Slot): number {
  return a.directory < b.directory || (a.directory === b.directory && a.name < b.name) ? -1 : 1;
}
