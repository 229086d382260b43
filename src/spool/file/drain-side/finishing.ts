/** Ends claims: each delivery is removed, deferred, dead, or given back. */
import { ignoreErrno } from '../../../shared/errors.js';
import { removeUnordered } from '../../../shared/remove-unordered.js';
import type { Deferral, Delivery, DoneOptions, Why } from '../../spool.js';
import { isUnchanged } from '../batch/unchanged.js';
import { retryName } from '../disk/layout.js';
import type { Slot } from '../queue/slot.js';
import type { EndpointQueue } from '../readers/endpoint-queue.js';
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

interface Burial {
  slot: Slot;
  delivery: Delivery;
  why: Why;
}

export function createFinishing(tools: DrainTools, claims: Claims): Finishing {
  const { disk, readers, inbox, intake, files, sent, answers, sync, inWords } = tools;
  /** Delivered, and not removed yet; by their paths. */
  const delivered: Slot[] = [];

  /** Whether the file of a delivery is the one that was read; another one in `incoming/` is taken in later. */
  function isAsRead({ room, name }: Slot): boolean {
    if (room !== 'incoming') return true;
    const file = inbox.find(name)?.file;
    return file !== undefined && isUnchanged(disk, file);
  }

  function keep(slot: Slot, { event, endpoint }: Delivery, { keepMaxBytes }: DoneOptions): Promise<void> {
    return sent.keep({ slot, event, endpoint, maxBytes: keepMaxBytes });
  }

  function forget(queue: EndpointQueue, slot: Slot): void {
    if (slot.room !== 'incoming') {
      readers.forget(queue, slot);
      return;
    }
    inbox.forget(slot.name);
    intake.freed(slot.name);
  }

  /** Moves a delivery to the dead, with the last answer to it. */
  function moveToDead(queue: EndpointQueue, { slot, delivery, why }: Burial): void {
    const { endpoint, event, attempts } = delivery;
    const answer = why.answer ?? (attempts > 0 ? answers.of(endpoint, event.id) : undefined);
    const whole = answer === undefined ? why : { ...why, answer };
    const bytes = files.moveToDead(slot, { event, endpoint, why: whole });
    forget(queue, slot);
    if (attempts > 0) answers.drop(endpoint, event.id);
    if (answer !== undefined) answers.buried(`dead/${endpoint}/${event.id}.why.json`, bytes);
  }

  function deferSlot(
    queue: EndpointQueue,
    { slot, delivery, deferral }: { slot: Slot; delivery: Delivery; deferral: Deferral },
  ): void {
    const { endpoint, event, acceptedAt } = delivery;
    const { dueMs, attempts, answer } = deferral;
    const name = retryName({ dueMs, attempts, id: event.id });
    const moved = isAsRead(slot) && files.moveToRetry(slot, { event, endpoint, name, acceptedAt });
    if (moved) readers.deferred(queue, name); // before anything makes the reader look, and find it
    forget(queue, slot);
    if (moved && answer !== undefined) answers.keep(endpoint, answer);
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
        deferSlot(queue, { slot: claims.end(queue, delivery), delivery, deferral });
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
