/** What the contracts of a spool share. */
import type { Event } from '../../src/event/event.js';
import type { Delivery, DrainSide, Spool } from '../../src/spool/spool.js';
import { own } from '../support/own.js';
import { type FanOut, fanOut } from '../support/spool-kit.js';

/** A spool to test: a new one at each call of `open`, and the same one again by `reopen`. */
export interface SpoolUnderTest {
  spool: Spool;
  /** Sets the spool's clock, ms since the epoch. */
  setNow(ms: number): void;
}

export interface ContractKit {
  /** A spool that is joined; by default a new one. */
  opened(under?: Pick<SpoolUnderTest, 'spool'>): Promise<{ spool: Spool; side: DrainSide }>;
  /** A new spool with events that are queued for these endpoints. */
  fannedOut(
    events: readonly Event[],
    endpoints: readonly string[],
  ): Promise<{ spool: Spool; side: DrainSide; step: FanOut }>;
}

/** Makes what opens spools. */
export function contractKit(open: () => SpoolUnderTest): ContractKit {
  async function opened(under = open() as Pick<SpoolUnderTest, 'spool'>) {
    const result = await under.spool.join('pass');
    if (!result.joined) throw new Error('the spool is held');
    return { spool: under.spool, side: result.side };
  }

  return {
    opened,
    async fannedOut(events, endpoints) {
      const { spool, side } = await opened();
      for (const each of events) await spool.enqueue(each);
      const step = await fanOut(side, () => endpoints);
      return { spool, side, step };
    },
  };
}

/** Everything that an endpoint can be sent at `now`, claimed. */
export async function claimAll(side: DrainSide, endpoint: string, now = 0): Promise<readonly Delivery[]> {
  return (await own.claim(side, endpoint, { limit: 1000, now })).deliveries;
}

/** The ids of deliveries. */
export function ids(deliveries: readonly Delivery[]): string[] {
  return deliveries.map((delivery) => delivery.event.id);
}
