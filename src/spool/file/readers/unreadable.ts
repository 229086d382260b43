/** Deliveries that could not be read: they are kept back for some seconds, and others are handed out in front of them. */
import type { Slot } from '../queue/slot.js';
import type { EndpointQueue } from './endpoint-queue.js';
import type { QueueReaders } from './queue-readers.js';

export interface Unreadable {
  /** Keeps a slot back. @returns false where that would be too many */
  keep(queue: EndpointQueue, slot: Slot): boolean;
  /** Gives back those whose time is over. */
  giveBack(): void;
  /** When the first is to be read again, ms since the epoch; undefined if there are none. */
  againAt(): number | undefined;
}

/** A slot that is kept back. */
export interface KeptBack {
  queue: EndpointQueue;
  slot: Slot;
}

/** Time after which a delivery that could not be read is read again, in ms. */
const unreadableMs = 5_000;

/** Maximum number of unreadable deliveries that others are handed out in front of. */
const maxUnreadable = 1_024;

/** Makes the list of unreadable deliveries. @param now ms since the epoch */
export function createUnreadable(readers: Pick<QueueReaders, 'giveBack'>, now: () => number): Unreadable {
  let kept: Array<KeptBack & { since: number }> = [];
  return {
    keep(queue, slot) {
      if (kept.length >= maxUnreadable) return false;
      kept.push({ queue, slot, since: now() });
      return true;
    },
    giveBack() {
      if (kept.length === 0) return;
      // The clock may have been set back since.
      const isOver = ({ since }: { since: number }) => Math.abs(now() - since) >= unreadableMs;
      const readAgain = kept.filter(isOver);
      kept = kept.filter((each) => !isOver(each));
      for (const { queue, slot } of readAgain) readers.giveBack(queue, slot);
    },
    againAt: () => (kept[0] === undefined ? undefined : kept[0].since + unreadableMs),
  };
}
