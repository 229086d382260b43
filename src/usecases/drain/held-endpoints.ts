/** Endpoints that have deliveries on hold, and since when: in memory, and in their health for the next drain. */
import { atThisClock } from '../../endpoint/clock-jump.js';
import { momentOf } from '../../shared/clock.js';
import type { DrainPorts } from './ports.js';
import type { Routing } from './routing.js';

export interface HeldEndpoints {
  all(): Iterable<[endpoint: string, held: Held]>;
  /** Deliveries of earlier drains: where nothing has changed since, they are on hold again, unread. */
  begin(): void;
  /** The record of an endpoint, which is made if need be. */
  note(endpoint: string, isNews: boolean): Held;
  /** Since when an endpoint has deliveries on hold, ms since the epoch: from now on, where nothing is saved of it. */
  since(endpoint: string): Promise<number>;
  /** Notes endpoints of which everything is on hold, so that the next drain need not read it all again. */
  save(): Promise<void>;
  forget(endpoint: string): void;
}

/** What this drain knows of an endpoint with deliveries on hold. */
export interface Held {
  /** Whether it is to be reported yet. */
  isNews: boolean;
  /** How many were on hold at the last flush. */
  count: number;
  /** From when on the first of them is kept, ms since the epoch. */
  fromMs: number;
}

export interface HeldEndpointsOptions {
  routing: Routing;
  /** Whether what an earlier drain has put on hold is reported again. */
  isNewsAtStart: boolean;
}

/** Makes the record of a drain. */
export function createHeldEndpoints(
  { side: { byId }, clock }: Pick<DrainPorts, 'side' | 'clock'>,
  { routing, isNewsAtStart }: HeldEndpointsOptions,
): HeldEndpoints {
  const known = new Map<string, Held>();

  function note(endpoint: string, isNews: boolean): Held {
    let held = known.get(endpoint);
    if (held === undefined) {
      held = { isNews, count: 0, fromMs: Infinity };
      known.set(endpoint, held);
    }
    return held;
  }

  function beginOf(endpoint: string): void {
    const held = note(endpoint, isNewsAtStart);
    const { heldSince = 0, heldAll } = atThisClock(byId.health(endpoint), momentOf(clock));
    if (heldAll === undefined || heldAll.hooks !== routing.fingerprint()) return;
    if (byId.holdAll(endpoint, heldAll.queue)) held.fromMs = heldSince + heldAll.afterMs;
  }

  async function saveOf(endpoint: string, { fromMs }: Held): Promise<void> {
    const { heldSince, heldAll, ...health } = atThisClock(byId.health(endpoint), momentOf(clock));
    const count = byId.onHold(endpoint);
    if (heldSince === undefined || count === 0 || count < (await byId.owed(endpoint))) return;
    const queue = byId.queueMark(endpoint);
    if (queue === undefined) return;
    const hooks = routing.fingerprint();
    if (heldAll?.queue === queue && heldAll.hooks === hooks) return;
    const found = { hooks, queue, afterMs: Math.max(fromMs - heldSince, 0) };
    await byId.saveHealth(endpoint, { ...health, heldSince, heldAll: found });
  }

  return {
    all: () => known,
    begin() {
      for (const id of byId.owing()) if (byId.health(id).heldSince !== undefined) beginOf(id);
    },
    note,
    async since(endpoint) {
      const moment = momentOf(clock);
      const health = atThisClock(byId.health(endpoint), moment);
      note(endpoint, health.heldSince === undefined || isNewsAtStart);
      if (health.heldSince !== undefined) return health.heldSince;
      const next = { ...health, heldSince: moment.now };
      if (moment.clock !== undefined) next.clock = moment.clock;
      // Before it is reported, which the next drain must not do again.
      await byId.saveHealth(endpoint, next, { isImmediate: true });
      return moment.now;
    },
    async save() {
      for (const [endpoint, held] of known) await saveOf(endpoint, held);
    },
    forget: (endpoint) => void known.delete(endpoint),
  };
}
