/** Ends claims: each delivery is removed, deferred, dead, or given back. */
import { ignoreErrno } from '../../../shared/errors.js';
import { removeUnordered } from '../../../shared/remove-unordered.js';
import type { Deferral, Delivery, DoneOptions, Why } from '../../spool.js';
import type { Slot } from '../queue/slot.js';
import type { EndpointQueue } from '../readers/endpoint-queue.js';
import { createClaimedFiles } from './claimed-files.js';
import type { Claims } from './claims.js';
import type { DrainTools } from './tools.js';

/** Each throws the error in words. */
export interface Finishing {
  done(queue: EndpointQueue, delivery: Delivery, options?: DoneOptions): Promise<void>;
  defer(queue: EndpointQueue, delivery: Delivery, options: Deferral): Promise<void>;
  bury(queue: EndpointQueue, delivery: Delivery, why: Why): Promise<void>;
  giveBack(queue: EndpointQueue, delivery: Delivery): void;
  hold(queue: EndpointQueue, delivery: Delivery): void;
  /** Tries once more to remove what was delivered and could not be removed: the next drain would send it again. */
  removeDelivered(): Promise<void>;
}

export function createFinishing(tools: DrainTools, claims: Claims): Finishing {
  const { readers, inbox, files, sent, answers, sync, inWords } = tools;
  const { isAsRead, forget, moveToDead, moveToRetry } = createClaimedFiles(tools);
  /** Delivered, and not removed yet; by their paths. */
  const delivered: Slot[] = [];

  function keep(slot: Slot, { event, endpoint }: Delivery, { keepMaxBytes }: DoneOptions): Promise<void> {
    return sent.keep({ slot, event, endpoint, maxBytes: keepMaxBytes });
  }

  return {
    async done(queue, delivery, options) {
      try {
        const slot = claims.slotOf(queue, delivery);
        delivered.push(slot);
        sync.check();
        claims.end(queue, delivery);
        if (delivery.attempts > 0) answers.drop(delivery.endpoint, delivery.event.id);
        if (isAsRead(slot))
          await (options === undefined ? files.remove(slot) : keep(slot, delivery, options));
        removeUnordered(delivered, slot);
        forget(queue, slot);
      } catch (error) {
        throw inWords(error);
      }
    },
    async defer(queue, delivery, deferral) {
      try {
        sync.check();
        moveToRetry(queue, { slot: claims.end(queue, delivery), delivery, deferral });
      } catch (error) {
        throw inWords(error);
      }
    },
    async bury(queue, delivery, why) {
      try {
        sync.check();
        const slot = claims.end(queue, delivery);
        if (isAsRead(slot)) moveToDead(queue, { slot, delivery, why });
        else forget(queue, slot);
      } catch (error) {
        throw inWords(error);
      }
    },
    giveBack(queue, delivery) {
      const slot = claims.end(queue, delivery);
      if (slot.room === 'incoming') inbox.giveBack(slot.name);
      else readers.giveBack(queue, slot);
    },
    hold(queue, delivery) {
      const slot = claims.end(queue, delivery);
      if (slot.room === 'incoming') inbox.giveBack(slot.name);
      else readers.hold(queue, slot);
    },
    async removeDelivered() {
      for (const slot of delivered) {
        try {
          if (isAsRead(slot)) await files.remove(slot);
        } catch (error) {
          ignoreErrno(error);
        }
      }
    },
  };
}
