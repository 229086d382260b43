/**
 * The deliveries of one endpoint that wait in order. The segment at hand is
 * open, the others are names.
 */
import type { BatchTexts } from '../batch/batch-texts.js';
import { countOwed, listSegments } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { estimateWaiting } from './estimate-waiting.js';
import { openSegment, type SegmentSource } from './segment-source.js';
import { type HandedOut, insert, isIn, type Slot } from './slot.js';

export interface WaitingList {
  /** The next slot whose event is neither in `passed` nor handed out; those are kept at their place. */
  take(passed?: ReadonlySet<string>): Slot | undefined;
  /** The slot of an event that was passed over or given back. */
  takeBack(event: string): Slot | undefined;
  /** Puts off what comes after a slot in its batch, until the slot comes back. */
  putOff(slot: Slot): void;
  /** Takes a slot back, to its old place. */
  giveBack(slot: Slot): void;
  /** Puts a slot that was taken on hold: it stays at its place, and is not taken before `resume`. */
  hold(slot: Slot): void;
  /** Lets what is on hold be taken again, in order. */
  resume(): void;
  /** How many slots are on hold. */
  onHold(): number;
  /** A delivery is settled, or gone. */
  forget(slot: Slot): void;
  /** A delivery was put at the end of the queue; of a batch, all of it. */
  added(segment: string, name: string): void;
  /** Whether there is anything to take. */
  hasMore(): boolean;
  /** Whether anything is there, handed out or not. */
  isOwing(): boolean;
  /** How many are there, handed out or not; an {@link estimateWaiting estimate} of those that were not looked at. */
  count(): number;
  /** How many names are in memory, or what takes as much. */
  held(): number;
  /** Lists the directories again, after files were removed from them. */
  reload(): void;
}

export interface WaitingListOptions {
  endpoint: string;
  out: HandedOut;
  texts: BatchTexts;
  /** How many names may be held. */
  window(): number;
  /** Called with a segment in which nothing is left. */
  onEmpty(segment: string): void;
}

/** @throws, and so do its methods: the errno of what cannot be listed or read; then nothing has changed */
export function createWaitingList(disk: Disk, root: string, options: WaitingListOptions): WaitingList {
  const { endpoint, out, texts, window, onEmpty } = options;
  const queue = `queue/${endpoint}`;
  /** Segments that were not opened yet, in order. */
  let unopened = listSegments(disk, `${root}/${queue}`);
  /** How many deliveries there are in each segment that was opened. */
  const left = new Map<string, number>();
  /** Given back or passed over, sorted by place; before everything in `head`. */
  let returned: Slot[] = [];
  let head: SegmentSource | undefined;
  /** Segments that were opened, and may be opened again. */
  const seen = new Set<string>();
  /** How many slots are on hold in each segment. */
  const held = new Map<string, number>();
  /** The names of those in the segment at hand: it is listed again while it is read. */
  let heldNames = new Set<string>();
  /** Batches that were put off. */
  const putOff = new Set<string>();

  /** A delivery behind another one of its id waits until that is finished, or given back. */
  function isPassed(slot: Slot, passed?: ReadonlySet<string>): boolean {
    return isIn(passed, slot) || out.hasEvent(slot);
  }

  function segmentOf({ directory }: Slot): string {
    return directory.slice(queue.length + 1);
  }

  /** The names of the deliveries of a segment that were handed out, and of those that came back. */
  function takenIn(directory: string): ReadonlySet<string> {
    const back = returned.filter((slot) => slot.directory === directory);
    if (back.length === 0) return out.namesIn(directory);
    return new Set([...out.namesIn(directory), ...back.map(({ name }) => name)]);
  }

  /** The same, with those on hold: they are counted, and not listed again. */
  function passedIn(segment: string): ReadonlySet<string> {
    const taken = takenIn(`${queue}/${segment}`);
    return segment === head?.segment && heldNames.size > 0 ? new Set([...taken, ...heldNames]) : taken;
  }

  function open(segment: string): SegmentSource {
    return openSegment(disk, root, {
      directory: `${queue}/${segment}`,
      segment,
      texts,
      window,
      taken: () => passedIn(segment),
      onFree: (free) => left.set(segment, free + passedIn(segment).size),
    });
  }

  /** The next slot of the segment at hand, or else of the one behind it. */
  function next(): Slot | undefined {
    for (;;) {
      const slot = head?.next();
      if (slot !== undefined) return slot;
      const segment = unopened[0];
      if (segment === undefined) return undefined;
      const before = head;
      head = open(segment);
      heldNames = new Set();
      held.delete(segment); // all of it is handed out again
      unopened.shift();
      seen.add(segment);
      if (before !== undefined) checkEmpty(before.segment);
    }
  }

  /** The segment at hand may still get deliveries, unless it is a batch. */
  function checkEmpty(segment: string): void {
    if (left.get(segment) !== 0 || (segment === head?.segment && !head.isBatch)) return;
    left.delete(segment);
    seen.delete(segment);
    if (segment === head?.segment) head = undefined; // another batch may get its name
    onEmpty(segment);
  }

  return {
    take(passed) {
      const back = returned.findIndex((slot) => !isPassed(slot, passed));
      if (back >= 0) return returned.splice(back, 1)[0];
      for (let slot = next(); slot !== undefined; slot = next()) {
        if (!isPassed(slot, passed)) return slot;
        insert(returned, slot, byPlace);
      }
      return undefined;
    },
    takeBack(event) {
      const at = returned.findIndex((slot) => slot.id === event && !isPassed(slot));
      return at < 0 ? undefined : returned.splice(at, 1)[0];
    },
    putOff(slot) {
      const segment = segmentOf(slot);
      if (head?.segment !== segment || !head.isBatch) return;
      putOff.add(segment);
      head = undefined;
    },
    giveBack(slot) {
      insert(returned, slot, byPlace);
      const segment = segmentOf(slot);
      if (putOff.delete(segment)) insert(unopened, segment, byName);
    },
    hold(slot) {
      const segment = segmentOf(slot);
      held.set(segment, (held.get(segment) ?? 0) + 1);
      if (segment === head?.segment) heldNames.add(slot.name);
    },
    resume() {
      if (held.size === 0) return;
      if (head !== undefined) held.set(head.segment, 0); // in order, it comes after those before it
      head = undefined;
      heldNames = new Set();
      for (const segment of held.keys()) {
        left.delete(segment);
        if (!unopened.includes(segment)) unopened.push(segment);
      }
      unopened.sort();
      held.clear();
    },
    onHold: () => [...held.values()].reduce((sum, count) => sum + count, 0),
    forget(slot) {
      const segment = segmentOf(slot);
      const owed = left.get(segment);
      if (owed === undefined) return;
      left.set(segment, owed - 1);
      checkEmpty(segment);
    },
    added(segment, name) {
      if (segment === head?.segment) {
        left.set(segment, (left.get(segment) ?? 0) + 1);
        head.added(name);
      } else if (!unopened.includes(segment)) {
        left.delete(segment);
        insert(unopened, segment, byName);
      }
    },
    hasMore: () => returned.length > 0 || head?.hasMore() === true || unopened.length > 0,
    isOwing() {
      if (unopened.length > 0) return true;
      for (const owed of left.values()) if (owed > 0) return true;
      return false;
    },
    count() {
      const opened = [...left.values()].reduce((sum, owed) => sum + owed, 0);
      return (
        opened +
        estimateWaiting(disk, `${root}/${queue}`, { segments: unopened, isListed: (each) => seen.has(each) })
      );
    },
    held: () => returned.length + heldNames.size + (head?.held() ?? 0),
    reload() {
      const segments = listSegments(disk, `${root}/${queue}`);
      returned = [];
      held.clear();
      heldNames = new Set();
      putOff.clear();
      head = undefined;
      left.clear();
      seen.clear();
      unopened = segments.filter((segment) => countOwed(disk, `${root}/${queue}/${segment}`) > 0);
      for (const segment of segments.filter((each) => !unopened.includes(each))) onEmpty(segment);
    },
  };
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** Names of files sort by time; events of a batch are numbered. */
function byPlace(a: Slot, b: Slot): number {
  if (a.directory !== b.directory) return a.directory < b.directory ? -1 : 1;
  if (a.member !== undefined && b.member !== undefined) return a.member.index - b.member.index;
  return a.name < b.name ? -1 : 1;
}
