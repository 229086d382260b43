/**
 * Changes of deliveries in the spool. A change that the spool refuses, as on a
 * full disk, concerns one delivery: it is reported, and its endpoint has a
 * cooldown.
 */

import type { SentPolicy } from '../../../endpoint/endpoint.js';
import { CapnhookError, errnoOf } from '../../../shared/errors.js';
import type { Deferral, Delivery, Why } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import type { OwnedDelivery } from '../reporting/finished-attempt.js';
import type { Reporter } from '../reporting/reporter.js';
import type { Cooldowns } from './cooldowns.js';

export interface Deliveries {
  /** Removes a delivery that was delivered, or keeps it as its endpoint's `sent` says. */
  done(claimed: OwnedDelivery, sent?: SentPolicy): Promise<void>;
  /** Whether a delivery was delivered, but could not be removed then: it must not be sent again. */
  isDelivered(delivery: Delivery): boolean;
  /** Defers a delivery to a time of its own; false if the spool refused. */
  defer(claimed: OwnedDelivery, options: Deferral): Promise<boolean>;
  /** Moves a delivery to `dead/`; false if the spool refused. */
  bury(claimed: OwnedDelivery, why: Why): Promise<boolean>;
}

/** Makes the deliveries of a drain changeable. @throws, from each method: every error that is not a refusal */
export function createDeliveries(
  { side }: DrainPorts,
  { reporter, cooldowns }: { reporter: Reporter; cooldowns: Cooldowns },
): Deliveries {
  /** Delivered, and still in the spool, with how they are kept. */
  const delivered = new Map<string, SentPolicy | undefined>();

  async function changed(claimed: OwnedDelivery, change: () => Promise<void>): Promise<boolean> {
    try {
      await change();
      return true;
    } catch (error) {
      putOff(claimed, error);
      return false;
    }
  }

  /** @throws every error that is not a refusal */
  function putOff({ owned, delivery }: OwnedDelivery, error: unknown): void {
    if (!isRefusal(error) || !side.isValid()) throw error;
    const name = `${delivery.event.id} for ${delivery.endpoint}`;
    reporter.postponed({ name, reason: `it cannot be settled now: ${error.message}` });
    cooldowns.start(delivery.endpoint, 'spool');
    try {
      owned.giveBack(delivery);
    } catch {
      // The spool ended the claim before its call failed. The delivery waits for the next drain.
    }
  }

  return {
    async done(claimed, sent) {
      const { owned, delivery } = claimed;
      const policy = sent ?? (delivered.size > 0 ? delivered.get(keyOf(delivery)) : undefined);
      try {
        await owned.done(delivery, policy && { keepMaxBytes: policy.maxBytes });
        if (delivered.size > 0) delivered.delete(keyOf(delivery));
      } catch (error) {
        putOff(claimed, error);
        delivered.set(keyOf(delivery), policy);
      }
    },
    isDelivered: (delivery) => delivered.size > 0 && delivered.has(keyOf(delivery)),
    defer: (claimed, options) => changed(claimed, () => claimed.owned.defer(claimed.delivery, options)),
    bury: (claimed, why) => changed(claimed, () => claimed.owned.bury(claimed.delivery, why)),
  };
}

/** Whether the spool refused, as a disk does; every other error is a bug. */
function isRefusal(error: unknown): error is Error {
  return error instanceof CapnhookError || errnoOf(error) !== undefined;
}

function keyOf({ event, endpoint }: Delivery): string {
  return `${endpoint} ${event.id}`;
}
