/** What becomes of the slots of a queue: taken, given back, put on hold, removed. */
import type { ClaimOptions } from '../../spool.js';
import { parseRetryName } from '../disk/layout.js';
import type { Slot } from '../queue/slot.js';
import { anyTime, type EndpointQueue } from './endpoint-queue.js';
import type { OpenReaders } from './open-readers.js';
import type { Ownership } from './ownership.js';
import { tryOr } from './try-or.js';

export interface SlotMoves {
  /** The next slot: see {@link QueueReader.take}. */
  take(queue: EndpointQueue, options: Omit<ClaimOptions, 'limit'>): Slot | undefined;
  /** The rest of a slot's batch is not taken before the slot is given back. */
  putOff(queue: EndpointQueue, slot: Slot): void;
  /** Gives a slot back, at its old place. */
  giveBack(queue: EndpointQueue, slot: Slot): void;
  /** Puts a slot on hold: it is not taken before `resume`. */
  hold(queue: EndpointQueue, slot: Slot): void;
  /** A slot's file was removed. */
  forget(queue: EndpointQueue, slot: Slot): void;
  /** A retry was put there. */
  deferred(queue: EndpointQueue, name: string): void;
  /** The earliest time a retry of an endpoint is due, ms. */
  nextDue(queue: EndpointQueue): number | undefined;
}

/** Makes the moves. @throws from them: the errno of a directory that cannot be listed; then nothing has changed */
export function createSlotMoves(readers: OpenReaders, ownership: Ownership): SlotMoves {
  return {
    take(queue, claim) {
      queue.putInOrder?.();
      queue.putInOrder = undefined;
      const { reader, closed } = queue;
      if (reader === undefined && !closed.isWaiting && closed.retries === undefined) return undefined;
      const slot = readers.open(queue).take(claim);
      readers.used(queue);
      return slot;
    },
    putOff(queue, slot) {
      readers.open(queue).putOff(slot);
    },
    giveBack(queue, slot) {
      readers.open(queue).giveBack(slot);
      readers.used(queue);
      ownership.announceReturned(queue, slot.room === 'retry' ? dueOf(slot.name) : anyTime);
    },
    hold(queue, slot) {
      readers.open(queue).hold(slot);
      readers.used(queue);
    },
    forget(queue, slot) {
      queue.lastDirectory = slot.directory;
      readers.open(queue).forget(slot);
      readers.used(queue);
      if (queue.isDry) ownership.announceWhatIsThere(queue); // another one of its id can be taken now, or its batch has grown
    },
    deferred(queue, name) {
      readers.open(queue).deferred(name);
      readers.used(queue);
      queue.hasDirectories = true;
      ownership.announceReturned(queue, dueOf(name));
    },
    nextDue(queue) {
      const { closed, reader } = queue;
      if (reader === undefined && closed.retries !== 'unknown') return closed.retries?.first;
      return tryOr(undefined, () => {
        const first = readers.open(queue).retryTimes()?.first;
        readers.used(queue);
        return first;
      });
    },
  };
}

function dueOf(name: string): number {
  return parseRetryName(name)?.dueMs ?? anyTime;
}
