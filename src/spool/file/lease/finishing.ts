/** Ends claims: each delivery is removed, deferred, dead, or given back. */
import { ignoreErrno } from '../../../shared/errors.js';
import { removeUnordered } from '../../../shared/remove-unordered.js';
import type { Delivery, Lease, Why } from '../../spool.js';
import { isUnchanged } from '../batch/unchanged.js';
import { retryName } from '../disk/layout.js';
import type { Slot } from '../queue/slot.js';
import type { Claims } from './claims.js';
import type { LeaseTools } from './tools.js';

export interface Finishing extends Pick<Lease, 'done' | 'defer' | 'bury' | 'release' | 'hold'> {
  /** Tries once more to remove what was delivered and could not be removed: the next drain would send it again. */
  removeDelivered(): Promise<void>;
}

export function createFinishing(tools: LeaseTools, claims: Claims): Finishing {
  const { disk, readers, inbox, intake, files, answers, health, sync } = tools;
  /** Delivered, and not removed yet; by their paths. */
  const delivered: Slot[] = [];

  /** Whether the file of a delivery is the one that was read; another one in `incoming/` is taken in later. */
  function isAsRead({ room, name }: Slot): boolean {
    if (room !== 'incoming') return true;
    const file = inbox.find(name)?.file;
    return file !== undefined && isUnchanged(disk, file);
  }

  function forget(endpoint: string, slot: Slot): void {
    if (slot.room !== 'incoming') {
      readers.forget(endpoint, slot);
      return;
    }
    inbox.forget(slot.name);
    intake.freed(slot.name);
    if (inbox.count(endpoint) === 0 && !readers.isOwing(endpoint)) health.forget(endpoint);
  }

  /** Moves a delivery to the dead, with the last answer to it. */
  function moveToDead(slot: Slot, { endpoint, event, attempts }: Delivery, why: Why): void {
    const answer = why.answer ?? (attempts > 0 ? answers.of(endpoint, event.id) : undefined);
    const whole = answer === undefined ? why : { ...why, answer };
    const bytes = files.moveToDead(slot, { event, endpoint, why: whole });
    forget(endpoint, slot);
    if (attempts > 0) answers.drop(endpoint, event.id);
    if (answer !== undefined) answers.buried(`dead/${endpoint}/${event.id}.why.json`, bytes);
  }

  return {
    async done(delivery) {
      const slot = claims.slotOf(delivery);
      delivered.push(slot);
      sync.check();
      claims.end(delivery);
      if (delivery.attempts > 0) answers.drop(delivery.endpoint, delivery.event.id);
      if (isAsRead(slot)) await files.remove(slot);
      removeUnordered(delivered, slot);
      forget(delivery.endpoint, slot);
    },
    async defer(delivery, { dueMs, attempts, answer }) {
      sync.check();
      const slot = claims.end(delivery);
      const { endpoint, event, acceptedAt } = delivery;
      const name = retryName({ dueMs, attempts, id: event.id });
      const moved = isAsRead(slot) && files.moveToRetry(slot, { event, endpoint, name, acceptedAt });
      if (moved) readers.deferred(endpoint, name); // before anything makes the reader look, and find it
      forget(endpoint, slot);
      if (moved && answer !== undefined) answers.keep(endpoint, answer);
    },
    async bury(delivery, why) {
      sync.check();
      const slot = claims.end(delivery);
      if (isAsRead(slot)) moveToDead(slot, delivery, why);
      else forget(delivery.endpoint, slot);
    },
    release(delivery) {
      const slot = claims.end(delivery);
      if (slot.room === 'incoming') inbox.giveBack(slot.name);
      else readers.giveBack(delivery.endpoint, slot);
    },
    hold(delivery) {
      const slot = claims.end(delivery);
      if (slot.room === 'incoming') inbox.giveBack(slot.name);
      else readers.hold(delivery.endpoint, slot);
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
