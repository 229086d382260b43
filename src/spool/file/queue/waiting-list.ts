/**
 * The deliveries of one endpoint that wait in order. The segment at hand is
 * open, the others are names.
 */
import type { BatchTexts } from '../batch/batch-texts.js';
import type { Disk } from '../disk/disk.js';
import { createHeldSlots } from './held-slots.js';
import { createOrderedSegments } from './ordered-segments.js';
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
  const held = createHeldSlots((segment) => segments.isAtHand(segment));
  /** Given back or passed over, sorted by place; before everything in the segment at hand. */
  let returned: Slot[] = [];
  /** Batches that were put off. */
  const putOff = new Set<string>();
  const segments = createOrderedSegments(disk, root, {
    queue,
    texts,
    window,
    takenIn: (segment) => held.join(segment, takenIn(`${queue}/${segment}`)),
    onOpen: held.opened,
    onEmpty,
  });

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

  return {
    take(passed) {
      const back = returned.findIndex((slot) => !isPassed(slot, passed));
      if (back >= 0) return returned.splice(back, 1)[0];
      for (let slot = segments.next(); slot !== undefined; slot = segments.next()) {
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
      if (segments.leaveBatch(segment)) putOff.add(segment);
    },
    giveBack(slot) {
      insert(returned, slot, byPlace);
      const segment = segmentOf(slot);
      if (putOff.delete(segment)) segments.insert(segment);
    },
    hold: (slot) => held.add(segmentOf(slot), slot.name),
    resume() {
      if (held.count() === 0) return;
      segments.reopen(held.segments());
      held.clear();
    },
    onHold: held.count,
    forget: (slot) => segments.forget(segmentOf(slot)),
    added: segments.added,
    hasMore: () => returned.length > 0 || segments.hasMore(),
    isOwing: segments.isOwing,
    count: segments.count,
    held: () => returned.length + held.names() + segments.held(),
    reload() {
      segments.reload();
      returned = [];
      held.clear();
      putOff.clear();
    },
  };
}

/** Names of files sort by time; events of a batch are numbered. */
function byPlace(a: Slot, b: Slot): number {
  if (a.directory !== b.directory) return a.directory < b.directory ? -1 : 1;
  if (a.member !== undefined && b.member !== undefined) return a.member.index - b.member.index;
  return a.name < b.name ? -1 : 1;
}
