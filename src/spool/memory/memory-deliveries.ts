import type { ClaimOptions, Delivery, Due, Lease } from '../spool.js';
import { endpointsWhere, type MemoryQueue, type MemoryState, type Owed, queueOf } from './memory-state.js';

type DeliverySide = Pick<
  Lease,
  'ready' | 'claim' | 'done' | 'defer' | 'bury' | 'release' | 'hold' | 'nextDue' | 'owing' | 'owed'
>;

/** Makes the part of a lease that hands out deliveries and finishes them. */
export function createMemoryDeliveries(state: MemoryState): DeliverySide {
  const queue = (endpoint: string) => queueOf(state, endpoint);
  return {
    ready: (due) => endpointsWhere(state, ({ owed }) => owed.some((each) => isReady(each, due))),
    async claim(endpoint, options) {
      const deliveries = claimFrom(state, endpoint, options);
      return { deliveries, quarantined: [], postponed: [], goesOn: deliveries.length === options.limit };
    },
    async done(delivery) {
      finish(state, delivery, { remains: false });
    },
    async defer(delivery, { dueMs, attempts }) {
      Object.assign(finish(state, delivery, { remains: true }), { dueMs, attempts });
    },
    async bury(delivery, why) {
      const { event } = finish(state, delivery, { remains: false });
      queue(delivery.endpoint).dead.push({ event, why });
    },
    release(delivery) {
      finish(state, delivery, { remains: true });
    },
    hold(delivery) {
      finish(state, delivery, { remains: true }).held = true;
    },
    nextDue(endpoint) {
      const due = queue(endpoint).owed.flatMap(({ dueMs, claimed, held }) =>
        dueMs === undefined || claimed || held ? [] : [dueMs],
      );
      return due.length === 0 ? undefined : Math.min(...due);
    },
    owing: () => endpointsWhere(state, ({ owed }) => owed.length > 0),
    owed: async (endpoint) => queue(endpoint).owed.length,
  };
}

function isReady({ claimed, held, dueMs }: Owed, { now, latest = Infinity }: Due): boolean {
  return !claimed && !held && (dueMs === undefined || dueMs <= now || dueMs > latest);
}

/** What can be claimed, in order. */
function readyIn({ owed }: MemoryQueue, { probe, ...due }: Omit<ClaimOptions, 'limit'>): Owed[] {
  const dueOf = ({ dueMs }: Owed) => dueMs ?? (probe === undefined ? Infinity : -Infinity);
  const failedOf = ({ event }: Owed) => probe?.indexOf(event.id) ?? -1;
  const ready = owed.filter((each) => isReady(each, due));
  return ready.sort((a, b) => failedOf(a) - failedOf(b) || dueOf(a) - dueOf(b) || 0);
}

function claimFrom(state: MemoryState, endpoint: string, { limit, ...options }: ClaimOptions): Delivery[] {
  const queue = queueOf(state, endpoint);
  // Of several events with one id, one comes after the other.
  const out = new Set(queue.owed.filter(({ claimed }) => claimed).map(({ event }) => event.id));
  return readyIn(queue, options)
    .filter(({ event }) => !out.has(event.id) && out.add(event.id))
    .slice(0, limit)
    .map((owed) => {
      owed.claimed = true;
      const { event, attempts } = owed;
      const delivery = { event, endpoint, attempts, acceptedAt: Date.parse(event.time) };
      state.claims.set(delivery, owed);
      return delivery;
    });
}

/** Ends a claim; the delivery stays only if `remains`. */
function finish(state: MemoryState, delivery: Delivery, { remains }: { remains: boolean }): Owed {
  const owed = state.claims.get(delivery);
  if (owed === undefined) throw new Error('a delivery is settled once, by the lease that claimed it');
  state.claims.delete(delivery);
  owed.claimed = false;
  const queue = queueOf(state, delivery.endpoint);
  if (!remains) queue.owed = queue.owed.filter((each) => each !== owed);
  return owed;
}
