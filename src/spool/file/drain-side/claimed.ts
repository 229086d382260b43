/** Makes deliveries of what is taken from a queue, or from `incoming/`. */
import type { Delivery, EntryProblem } from '../../spool.js';
import { acceptedAt } from '../batch/delivery-file.js';
import { lastName } from '../disk/layout.js';
import type { Slot } from '../queue/slot.js';
import type { EndpointQueue } from '../readers/endpoint-queue.js';
import type { DrainTools } from './tools.js';

/** A delivery that was handed out. It carries its slot itself: a WeakMap of them costs each garbage collection. */
export interface Claimed extends Delivery {
  queue: EndpointQueue;
  /** Undefined once the claim has ended. */
  slot: Slot | undefined;
}

export interface ClaimedDeliveries {
  /** The next delivery of a queue that is sent from `incoming/`. */
  ofInbox(queue: EndpointQueue): Claimed | undefined;
  /** The delivery of a slot; undefined where nothing can be sent, and then the queue has forgotten it. @throws the errno of what cannot be read now */
  ofSlot(queue: EndpointQueue, slot: Slot, into: Quarantine): Claimed | undefined;
}

/** Where what was moved to `corrupt/` is noted. */
interface Quarantine {
  quarantined: EntryProblem[];
}

/** Makes what makes deliveries. */
export function createClaimed({ readers, inbox, files, reader, now }: DrainTools): ClaimedDeliveries {
  return {
    ofInbox(queue) {
      const { endpoint } = queue;
      const file = inbox.take(endpoint);
      if (file === undefined) return undefined;
      const { event, stat, path } = file;
      const at = acceptedAt({ id: event.id, stat, now: now() });
      const name = lastName(path);
      const slot: Slot = { room: 'incoming', directory: 'incoming', name, attempts: 0, id: event.id };
      return { event, endpoint, attempts: 0, acceptedAt: at, queue, slot };
    },
    ofSlot(queue, slot, { quarantined }) {
      const found = reader.read(slot);
      if (found.kind === 'unreadable') {
        const moved = files.putAside(slot, found);
        if (moved !== undefined) quarantined.push(moved);
      }
      if (found.kind !== 'read') {
        readers.forget(queue, slot);
        return undefined;
      }
      const { event, acceptedAt } = found;
      const { attempts } = slot;
      return { event, endpoint: queue.endpoint, attempts, acceptedAt, queue, slot };
    },
  };
}
