/**
 * Changes of deliveries in the spool. What the spool refuses, as a full disk
 * does, concerns one delivery alone: it is told, and its endpoint is left alone
 * for a while.
 */
import { CapnhookError, errnoOf } from '../../../shared/errors.js';
import type { Deferral, Delivery, Why } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import type { Reporter } from '../reporting/reporter.js';
import type { Cooldowns } from './cooldowns.js';

export interface Deliveries {
  /** The delivery was made. */
  done(delivery: Delivery): Promise<void>;
  /** Whether it was made, and could not be settled then: it is not to be sent again. */
  isMade(delivery: Delivery): boolean;
  /** It waits on its own; false if the spool refused. */
  defer(delivery: Delivery, options: Deferral): Promise<boolean>;
  /** It is dead; false if the spool refused. */
  bury(delivery: Delivery, why: Why): Promise<boolean>;
}

/** The deliveries of a lease. @throws, from each method: whatever is no refusal */
export function createDeliveries(
  { lease }: DrainPorts,
  { reporter, cooldowns }: { reporter: Reporter; cooldowns: Cooldowns },
): Deliveries {
  /** Made, and still in the spool. */
  const made = new Set<string>();

  async function changed(delivery: Delivery, change: () => Promise<void>): Promise<boolean> {
    try {
      await change();
      return true;
    } catch (error) {
      putOff(delivery, error);
      return false;
    }
  }

  /** The spool refused: another time. @throws whatever is no refusal */
  function putOff(delivery: Delivery, error: unknown): void {
    if (!isRefusal(error) || !lease.valid()) throw error;
    const name = `${delivery.event.id} for ${delivery.endpoint}`;
    reporter.postponed({ name, reason: `it cannot be settled now: ${error.message}` });
    cooldowns.start(delivery.endpoint, 'spool');
    letGo(delivery);
  }

  function letGo(delivery: Delivery): void {
    try {
      lease.release(delivery);
    } catch {
      // The lease let go of the claim before its call failed. The delivery waits for the next drain.
    }
  }

  return {
    async done(delivery) {
      try {
        await lease.done(delivery);
        if (made.size > 0) made.delete(keyOf(delivery));
      } catch (error) {
        putOff(delivery, error);
        made.add(keyOf(delivery));
      }
    },
    isMade: (delivery) => made.size > 0 && made.has(keyOf(delivery)),
    defer: (delivery, options) => changed(delivery, () => lease.defer(delivery, options)),
    bury: (delivery, why) => changed(delivery, () => lease.bury(delivery, why)),
  };
}

/** Whether the spool said no, as a disk does; all else is a bug. */
function isRefusal(error: unknown): error is Error {
  return error instanceof CapnhookError || errnoOf(error) !== undefined;
}

function keyOf({ event, endpoint }: Delivery): string {
  return `${endpoint} ${event.id}`;
}
