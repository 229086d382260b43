/** Hands out deliveries: those that are sent from `incoming/`, then those of the queue. */
import { errnoOf } from '../../../shared/errors.js';
import type { Claim, ClaimOptions, Delivery } from '../../spool.js';
import { acceptedAt } from '../batch/delivery-file.js';
import { ofMachine } from '../disk/spool-error.js';
import type { Slot } from '../queue/slot.js';
import type { LeaseTools } from './tools.js';

/** Time after which a delivery that could not be read is read again, in ms. */
const unreadableMs = 5_000;

/** Maximum number of unreadable deliveries that others are handed out in front of. */
const maxUnreadable = 1_024;

export interface Claims {
  /** The next deliveries of an endpoint. @throws what is no error of one delivery */
  claim(endpoint: string, options: ClaimOptions): Claim;
  /** Where a claimed delivery lies. @throws if it is finished already, or was claimed by another lease */
  slotOf(delivery: Delivery): Slot;
  /** The same, and ends the claim. */
  end(delivery: Delivery): Slot;
  /** Gives back what could not be handed out before; to be called after each step of the intake. */
  giveBackPostponed(): void;
}

/** A delivery that was handed out. It carries its slot itself: a WeakMap of them costs each garbage collection. */
interface Claimed extends Delivery {
  owner: object;
  /** Undefined once the claim has ended. */
  slot: Slot | undefined;
}

/** Makes the record of what is claimed. */
export function createClaims(tools: LeaseTools): Claims {
  const { readers, inbox, files, reader, recent, intake, now } = tools;
  const owner = {};
  /** Deliveries whose entry is not wholly taken in. */
  const halfDone: Array<{ endpoint: string; slot: Slot }> = [];
  let unreadable: Array<{ endpoint: string; slot: Slot; since: number }> = [];

  /** Claims the next delivery of an endpoint; false if there is nothing behind it. */
  function claimNext(
    endpoint: string,
    { inOrder = false, ...options }: Omit<ClaimOptions, 'limit'>,
    claim: Mutable<Claim>,
  ): boolean {
    let slot: Slot | undefined;
    try {
      if (claimFromInbox(endpoint, claim)) return true;
      slot = readers.take(endpoint, options);
      if (slot !== undefined) claimSlot(endpoint, slot, claim);
      return slot !== undefined;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      claim.postponed.push({ name: slot?.name ?? endpoint, reason: `it cannot be read now (${errno})` });
      if (slot === undefined) return false;
      if (inOrder || ofMachine.has(errno) || unreadable.length >= maxUnreadable) {
        readers.giveBack(endpoint, slot);
        return false;
      }
      unreadable.push({ endpoint, slot, since: now() });
      return true;
    }
  }

  function claimFromInbox(endpoint: string, claim: Mutable<Claim>): boolean {
    const file = inbox.take(endpoint);
    if (file === undefined) return false;
    const { event, stat, path } = file;
    const at = acceptedAt({ id: event.id, stat, now: now() });
    const name = path.slice(path.lastIndexOf('/') + 1);
    const slot: Slot = { room: 'incoming', directory: 'incoming', name, attempts: 0, id: event.id };
    const delivery: Claimed = { event, endpoint, attempts: 0, acceptedAt: at, owner, slot };
    claim.deliveries.push(delivery);
    return true;
  }

  function claimSlot(endpoint: string, slot: Slot, claim: Mutable<Claim>): void {
    const path = files.pathOf(slot);
    if (!recent.has(slot) && intake.isHalfDone(path.slice(path.lastIndexOf('/') + 1), path)) {
      readers.putOff(endpoint, slot);
      halfDone.push({ endpoint, slot });
      return;
    }
    const found = reader.read(slot);
    if (found.kind === 'unreadable') {
      const moved = files.putAside(slot, found);
      if (moved !== undefined) claim.quarantined.push(moved);
    }
    if (found.kind !== 'read') {
      readers.forget(endpoint, slot);
      return;
    }
    const { event, acceptedAt } = found;
    const delivery: Claimed = { event, endpoint, attempts: slot.attempts, acceptedAt, owner, slot };
    claim.deliveries.push(delivery);
  }

  function slotOf(delivery: Delivery): Slot {
    const claimed = delivery as Claimed;
    const { slot } = claimed;
    if (claimed.owner !== owner || slot === undefined)
      throw new Error('a delivery is settled once, by the lease that claimed it');
    return slot;
  }

  return {
    claim(endpoint, { limit, ...options }) {
      const claim: Mutable<Claim> = { deliveries: [], quarantined: [], postponed: [], goesOn: true };
      const found = () => claim.deliveries.length + claim.quarantined.length + claim.postponed.length;
      while (claim.goesOn && found() < limit) claim.goesOn = claimNext(endpoint, options, claim);
      return claim;
    },
    slotOf,
    end(delivery) {
      const slot = slotOf(delivery);
      (delivery as Claimed).slot = undefined;
      return slot;
    },
    giveBackPostponed() {
      for (const { endpoint, slot } of halfDone.splice(0)) readers.giveBack(endpoint, slot);
      // The clock may have been set back since.
      const isOver = ({ since }: { since: number }) => Math.abs(now() - since) >= unreadableMs;
      const readAgain = unreadable.filter(isOver);
      if (readAgain.length === 0) return;
      unreadable = unreadable.filter((each) => !isOver(each));
      for (const { endpoint, slot } of readAgain) readers.giveBack(endpoint, slot);
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] };
