/** Deliveries in flight that the walks of a request have met, and could not move. */
import type { Wish } from '../../../spool/spool.js';

/** The id of an event, and its endpoint. */
interface Key {
  event: string;
  endpoint: string;
}

export interface MetInFlight {
  /** A walk begins. */
  beginWalk(): void;
  /** The walk at hand has met these. */
  add(claimed: readonly Key[]): void;
  /** Whether the walk at hand has met any. */
  isAny(): boolean;
  /** A delivery has come back. @returns whether a walk has met it */
  remove(key: Key): boolean;
  /** The wish of the next walk. What was queued since the first walk is not dropped. */
  againOf(wish: Wish): Wish;
}

/** Makes the record of the deliveries in flight that one request has met. */
export function createMetInFlight(): MetInFlight {
  /** By event and endpoint. */
  const met = new Map<string, Key>();
  let isAny = false;
  return {
    beginWalk() {
      isAny = false;
    },
    add(claimed) {
      if (claimed.length > 0) isAny = true;
      for (const { event, endpoint } of claimed) met.set(keyOf({ event, endpoint }), { event, endpoint });
    },
    isAny: () => isAny,
    remove: (key) => met.delete(keyOf(key)),
    againOf(wish) {
      if (wish.kind !== 'drop') return wish;
      const ids = [...met.values()].map(({ event }) => event);
      return { ...wish, select: { ...wish.select, ids } };
    },
  };
}

function keyOf({ event, endpoint }: Key): string {
  return `${endpoint} ${event}`;
}
