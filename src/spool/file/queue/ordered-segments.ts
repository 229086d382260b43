/**
 * The segments of one endpoint's queue, in order. The one at hand is open, the
 * others are names.
 */
import type { BatchTexts } from '../batch/batch-texts.js';
import { countOwed, listSegments } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { estimateWaiting } from './estimate-waiting.js';
import { openSegment, type SegmentSource } from './segment-source.js';
import { insert, type Slot } from './slot.js';

export interface OrderedSegments {
  /** The next slot of the segment at hand, or else of the one behind it. */
  next(): Slot | undefined;
  /** Leaves a batch, if it is at hand. @returns whether it was */
  leaveBatch(segment: string): boolean;
  /** Puts a segment at its place again. */
  insert(segment: string): void;
  /** Leaves the segment at hand, and puts it and others at their places again. */
  reopen(segments: Iterable<string>): void;
  /** A delivery of a segment is settled, or gone. */
  forget(segment: string): void;
  /** A delivery was put at the end of the queue; of a batch, all of it. */
  added(segment: string, name: string): void;
  /** Whether a segment is at hand. */
  isAtHand(segment: string): boolean;
  hasMore(): boolean;
  /** Whether anything is there, handed out or not. */
  isOwing(): boolean;
  /** How many are there, handed out or not; an {@link estimateWaiting estimate} of those that were not looked at. */
  count(): number;
  /** How many names are in memory. */
  held(): number;
  /** Lists the segments again. */
  reload(): void;
}

export interface OrderedSegmentsOptions {
  /** The queue's directory in the spool. */
  queue: string;
  texts: BatchTexts;
  /** Maximum number of names in memory. */
  window(): number;
  /** The names of a segment that are not handed out again. */
  takenIn(segment: string): ReadonlySet<string>;
  /** Called with a segment that is at hand now. */
  onOpen(segment: string): void;
  /** Called with a segment in which nothing is left. */
  onEmpty(segment: string): void;
}

/** @throws, and so do its methods: the errno of what cannot be listed or read; then nothing has changed */
export function createOrderedSegments(
  disk: Disk,
  root: string,
  { queue, texts, window, takenIn, onOpen, onEmpty }: OrderedSegmentsOptions,
): OrderedSegments {
  /** Segments that were not opened yet, in order. */
  let unopened = listSegments(disk, `${root}/${queue}`);
  /** How many deliveries there are in each segment that was opened. */
  const left = new Map<string, number>();
  /** Segments that were opened, and may be opened again. */
  const seen = new Set<string>();
  let head: SegmentSource | undefined;

  function open(segment: string): SegmentSource {
    return openSegment(disk, root, {
      directory: `${queue}/${segment}`,
      segment,
      texts,
      window,
      taken: () => takenIn(segment),
      onFree: (free) => left.set(segment, free + takenIn(segment).size),
    });
  }

  function openNext(segment: string): void {
    const before = head;
    head = open(segment);
    onOpen(segment);
    unopened.shift();
    seen.add(segment);
    if (before !== undefined) checkEmpty(before.segment);
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
    next() {
      for (;;) {
        const slot = head?.next();
        if (slot !== undefined) return slot;
        const segment = unopened[0];
        if (segment === undefined) return undefined;
        openNext(segment);
      }
    },
    leaveBatch(segment) {
      if (head?.segment !== segment || !head.isBatch) return false;
      head = undefined;
      return true;
    },
    insert: (segment) => insert(unopened, segment, byName),
    reopen(segments) {
      const again = new Set(segments);
      if (head !== undefined) again.add(head.segment); // in order, it comes after those before it
      head = undefined;
      for (const segment of again) {
        left.delete(segment);
        if (!unopened.includes(segment)) unopened.push(segment);
      }
      unopened.sort();
    },
    forget(segment) {
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
    isAtHand: (segment) => segment === head?.segment,
    hasMore: () => head?.hasMore() === true || unopened.length > 0,
    isOwing() {
      if (unopened.length > 0) return true;
      for (const owed of left.values()) if (owed > 0) return true;
      return false;
    },
    count() {
      const opened = [...left.values()].reduce((sum, owed) => sum + owed, 0);
      const isListed = (segment: string) => seen.has(segment);
      return opened + estimateWaiting(disk, `${root}/${queue}`, { segments: unopened, isListed });
    },
    held: () => head?.held() ?? 0,
    reload() {
      const segments = listSegments(disk, `${root}/${queue}`);
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
