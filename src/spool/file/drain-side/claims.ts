/** Hands out deliveries: those that are sent from `incoming/`, then those of the queue. */

import { errnoOf } from '../../../shared/errors.js';
import type { Claim, ClaimOptions, Delivery } from '../../spool.js';
import { lastName } from '../disk/layout.js';
import { ofMachine } from '../disk/spool-error.js';
import type { Slot } from '../queue/slot.js';
import type { EndpointQueue } from '../readers/endpoint-queue.js';
import { createUnreadable, type KeptBack } from '../readers/unreadable.js';
import { type Claimed, createClaimed } from './claimed.js';
import type { DrainTools } from './tools.js';

export interface Claims {
  /** The next deliveries of a queue. @throws what is no error of one delivery */
  claim(queue: EndpointQueue, options: ClaimOptions): Claim;
  /** Where a claimed delivery lies. @throws if it is finished already, or was not claimed from the queue */
  slotOf(queue: EndpointQueue, delivery: Delivery): Slot;
  /** The same, and ends the claim. */
  end(queue: EndpointQueue, delivery: Delivery): Slot;
  /** Gives back what could not be read, once its time is over. */
  giveBackUnreadable(): void;
  /** Gives back what could not be handed out before; to be called after each step of the intake. */
  giveBackPostponed(): void;
  /** When something that could not be read is to be read again, ms since the epoch; undefined if nothing is. */
  againAt(): number | undefined;
}

/** Makes the record of what is claimed. */
export function createClaims(tools: DrainTools): Claims {
  const { readers, files, recent, intake, now } = tools;
  const claimed = createClaimed(tools);
  const unreadable = createUnreadable(readers, now);
  /** Deliveries whose entry is not wholly taken in. */
  const halfDone: KeptBack[] = [];

  /** Claims the next delivery of a queue; false if there is nothing behind it. */
  function claimNext(
    queue: EndpointQueue,
    options: Omit<ClaimOptions, 'limit'>,
    claim: Mutable<Claim>,
  ): boolean {
    let slot: Slot | undefined;
    try {
      const unqueued = claimed.ofInbox(queue);
      if (unqueued !== undefined) {
        claim.deliveries.push(unqueued);
        return true;
      }
      slot = readers.take(queue, options);
      if (slot !== undefined) claimSlot(queue, slot, claim);
      return slot !== undefined;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      claim.postponed.push({
        name: slot?.name ?? queue.endpoint,
        reason: `it cannot be read now (${errno})`,
      });
      if (slot === undefined) return false;
      if (!options.inOrder && !ofMachine.has(errno) && unreadable.keep(queue, slot)) return true;
      readers.giveBack(queue, slot);
      return false;
    }
  }

  function claimSlot(queue: EndpointQueue, slot: Slot, claim: Mutable<Claim>): void {
    const path = files.pathOf(slot);
    if (!recent.has(slot) && intake.isHalfDone(lastName(path), path)) {
      readers.putOff(queue, slot);
      halfDone.push({ queue, slot });
      return;
    }
    const delivery = claimed.ofSlot(queue, slot, claim);
    if (delivery !== undefined) claim.deliveries.push(delivery);
  }

  function slotOf(queue: EndpointQueue, delivery: Delivery): Slot {
    const { queue: claimedFrom, slot } = delivery as Claimed;
    if (claimedFrom !== queue || slot === undefined)
      throw new Error('a delivery is settled once, by the drain that claimed it');
    return slot;
  }

  return {
    claim(queue, options) {
      const claim: Mutable<Claim> = { deliveries: [], quarantined: [], postponed: [], goesOn: true };
      const found = () => claim.deliveries.length + claim.quarantined.length + claim.postponed.length;
      while (claim.goesOn && found() < options.limit) claim.goesOn = claimNext(queue, options, claim);
      if (!claim.goesOn) readers.ranDry(queue, options.now);
      return claim;
    },
    slotOf,
    end(queue, delivery) {
      const slot = slotOf(queue, delivery);
      (delivery as Claimed).slot = undefined;
      return slot;
    },
    giveBackUnreadable: unreadable.giveBack,
    giveBackPostponed() {
      for (const { queue, slot } of halfDone.splice(0)) readers.giveBack(queue, slot);
      unreadable.giveBack();
    },
    againAt: unreadable.againAt,
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] };
