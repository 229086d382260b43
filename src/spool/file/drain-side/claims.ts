/** Hands out deliveries: those that are sent from `incoming/`, then those of the queue. */

import { errnoOf } from '../../../shared/errors.js';
import type { Claim, ClaimOptions, Delivery } from '../../spool.js';
import { acceptedAt } from '../batch/delivery-file.js';
import { lastName } from '../disk/layout.js';
import { ofMachine } from '../disk/spool-error.js';
import type { Slot } from '../queue/slot.js';
import type { EndpointQueue } from '../readers/endpoint-queue.js';
import type { DrainTools } from './tools.js';

/** Time after which a delivery that could not be read is read again, in ms. */
const unreadableMs = 5_000;

/** Maximum number of unreadable deliveries that others are handed out in front of. */
const maxUnreadable = 1_024;

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

/** A delivery that was handed out. It carries its slot itself: a WeakMap of them costs each garbage collection. */
interface Claimed extends Delivery {
  queue: EndpointQueue;
  /** Undefined once the claim has ended. */
  slot: Slot | undefined;
}

/** A slot that is kept back. */
interface KeptBack {
  queue: EndpointQueue;
  slot: Slot;
}

/** Makes the record of what is claimed. */
export function createClaims(tools: DrainTools): Claims {
  const { readers, inbox, files, reader, recent, intake, now } = tools;
  /** Deliveries whose entry is not wholly taken in. */
  const halfDone: KeptBack[] = [];
  let unreadable: Array<KeptBack & { since: number }> = [];

  /** Claims the next delivery of a queue; false if there is nothing behind it. */
  function claimNext(
    queue: EndpointQueue,
    options: Omit<ClaimOptions, 'limit'>,
    claim: Mutable<Claim>,
  ): boolean {
    let slot: Slot | undefined;
    try {
      if (claimFromInbox(queue, claim)) return true;
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
      if (options.inOrder || ofMachine.has(errno) || unreadable.length >= maxUnreadable) {
        readers.giveBack(queue, slot);
        return false;
      }
      unreadable.push({ queue, slot, since: now() });
      return true;
    }
  }

  function claimFromInbox(queue: EndpointQueue, claim: Mutable<Claim>): boolean {
    const { endpoint } = queue;
    const file = inbox.take(endpoint);
    if (file === undefined) return false;
    const { event, stat, path } = file;
    const at = acceptedAt({ id: event.id, stat, now: now() });
    const name = lastName(path);
    const slot: Slot = { room: 'incoming', directory: 'incoming', name, attempts: 0, id: event.id };
    const delivery: Claimed = { event, endpoint, attempts: 0, acceptedAt: at, queue, slot };
    claim.deliveries.push(delivery);
    return true;
  }

  function claimSlot(queue: EndpointQueue, slot: Slot, claim: Mutable<Claim>): void {
    const path = files.pathOf(slot);
    if (!recent.has(slot) && intake.isHalfDone(lastName(path), path)) {
      readers.putOff(queue, slot);
      halfDone.push({ queue, slot });
      return;
    }
    const found = reader.read(slot);
    if (found.kind === 'unreadable') {
      const moved = files.putAside(slot, found);
      if (moved !== undefined) claim.quarantined.push(moved);
    }
    if (found.kind !== 'read') {
      readers.forget(queue, slot);
      return;
    }
    const { event, acceptedAt } = found;
    const { attempts } = slot;
    const delivery: Claimed = { event, endpoint: queue.endpoint, attempts, acceptedAt, queue, slot };
    claim.deliveries.push(delivery);
  }

  function slotOf(queue: EndpointQueue, delivery: Delivery): Slot {
    const claimed = delivery as Claimed;
    if (claimed.queue !== queue || claimed.slot === undefined)
      throw new Error('a delivery is settled once, by the drain that claimed it');
    return claimed.slot;
  }

  function giveBackUnreadable(): void {
    if (unreadable.length === 0) return;
    // The clock may have been set back since.
    const isOver = ({ since }: { since: number }) => Math.abs(now() - since) >= unreadableMs;
    const readAgain = unreadable.filter(isOver);
    unreadable = unreadable.filter((each) => !isOver(each));
    for (const { queue, slot } of readAgain) readers.giveBack(queue, slot);
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
    giveBackUnreadable,
    giveBackPostponed() {
      for (const { queue, slot } of halfDone.splice(0)) readers.giveBack(queue, slot);
      giveBackUnreadable();
    },
    againAt: () => (unreadable[0] === undefined ? undefined : unreadable[0].since + unreadableMs),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] };
