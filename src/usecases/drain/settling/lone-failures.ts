/**
 * The first delivery of an endpoint that fails alone. There is another first one only after no delivery of the endpoint
 * waits on its own any more, also over several drains.
 */
import type { Delivery } from '../../../spool/spool.js';
import type { OwnedDelivery } from '../reporting/finished-attempt.js';

export interface LoneFailures {
  /** An attempt begins; until `ended` its delivery does not wait in the spool. */
  began(delivery: Delivery): void;
  /** The attempt is settled. */
  ended(delivery: Delivery): void;
  /** Whether a failure of this delivery alone is the first one. */
  isFirst(claimed: OwnedDelivery): boolean;
}

/** Makes a record of single deliveries that failed. */
export function createLoneFailures(): LoneFailures {
  /** Deliveries in flight that have failed alone before, or do so now, by endpoint. */
  const inFlight = new Map<string, Set<string>>();

  function add({ endpoint, event }: Delivery): void {
    const events = inFlight.get(endpoint) ?? new Set();
    inFlight.set(endpoint, events.add(event.id));
  }

  return {
    began(delivery) {
      if (delivery.attempts > 0) add(delivery);
    },
    ended({ endpoint, event }) {
      if (inFlight.size === 0) return;
      const events = inFlight.get(endpoint);
      if (events === undefined) return;
      events.delete(event.id);
      if (events.size === 0) inFlight.delete(endpoint);
    },
    isFirst({ owned, delivery }) {
      const { endpoint, attempts } = delivery;
      const isFirst = attempts === 0 && !inFlight.has(endpoint) && owned.nextDue() === undefined;
      add(delivery); // others that end before it waits in the spool are not the first
      return isFirst;
    },
  };
}
