/** Taking endpoints that have something to send, and releasing those that are not sent to for a while. */
import { setImmediate } from 'node:timers/promises';
import type { DrainPorts } from '../ports.js';
import type { Routing } from '../routing.js';
import type { Cooldowns } from '../settling/cooldowns.js';
import type { Eligibility } from './eligibility.js';
import type { EndpointRecord, EndpointRecords } from './endpoint-records.js';
import { createNextOpening } from './next-opening.js';
import { createPaced } from './paced.js';
import type { LargePayloads } from './places/large-payloads.js';
import type { RoundRobin } from './round-robin.js';

export interface Acquisition {
  /** Something may have been queued, or changed by others: the next time `isDue`. */
  noteNews(): void;
  /** Whether `acquire` may find something, as far as it is known. */
  isDue(): boolean;
  /** Takes the endpoints that have something to send at `now`, ms since the epoch, and gives each its turn if it may be tried. */
  acquire(now: number): Promise<void>;
  /** Takes these endpoints, if nobody else has them, and looks again whether they may be tried. */
  reconsider(ids: readonly string[]): Promise<void>;
  /** An endpoint is not sent to now: unless something of it is in flight, it is released, or waited for. */
  rest(endpoint: EndpointRecord): void;
  /** Time until another endpoint may be tried, in ms; Infinity if none is waited for. */
  opensInMs(): Promise<number>;
}

export interface AcquisitionOptions {
  routing: Routing;
  records: EndpointRecords;
  eligibility: Eligibility;
  payloads: LargePayloads;
  cooldowns: Cooldowns;
  roundRobin: RoundRobin<EndpointRecord>;
  /** A pass does not wait for endpoints that were released. */
  isPass: boolean;
  /** Called with an error of the spool. */
  onFailure(error: unknown): void;
}

/** Maximum number of endpoints that are taken before others have their turn. */
const maxAcquired = 1_024;

/** Makes what acquires the endpoints of a drain. */
export function createAcquisition(
  { side: { queues }, clock }: DrainPorts,
  options: AcquisitionOptions,
): Acquisition {
  const { routing, records, eligibility, payloads, cooldowns, roundRobin, isPass, onFailure } = options;
  const paced = createPaced(clock);
  let version = routing.version();
  const opening = createNextOpening(clock, nextOpening);

  function consider(endpoint: EndpointRecord): void {
    endpoint.isDry = false;
    endpoint.againAt = undefined;
    records.update(endpoint);
    if (eligibility.mayTry(endpoint)) roundRobin.add(endpoint);
    else rest(endpoint);
  }

  function rest(endpoint: EndpointRecord): void {
    opening.forget();
    const { id, owned, places, isDry } = endpoint;
    if (owned === undefined || places > 0 || payloads.isWaiting(id)) return;
    const { ms, isPaced } = eligibility.opening(endpoint);
    // This drain does not try it any more, whatever others do.
    if (ms === Infinity && cooldowns.isCoolingDown(id)) return;
    if (isPaced && !isDry) {
      paced.add(endpoint, ms);
      return;
    }
    endpoint.owned = undefined;
    const until = isPaced || ms <= 0 ? undefined : clock.now() + ms;
    owned.release(until === undefined ? {} : { until }).catch(onFailure);
  }

  /** The hooks have changed: what parks an endpoint may have, too. */
  function considerAll(): void {
    for (const endpoint of records.all()) if (endpoint.owned !== undefined) consider(endpoint);
  }

  async function nextOpening(): Promise<number> {
    const leastMs = cooldowns.leftForAllMs(); // until then nothing is acquired
    const waitMs = Math.max(paced.leftMs(), leastMs);
    if (isPass) return waitMs;
    const readyAt = await queues.nextReady();
    return readyAt === undefined ? waitMs : Math.min(waitMs, Math.max(readyAt - clock.now(), leastMs));
  }

  return {
    noteNews: opening.forget,
    isDue: opening.isDue,
    async acquire(now) {
      opening.forget();
      paced.takeDue(consider);
      let isEarly = version !== routing.version();
      if (isEarly) considerAll();
      version = routing.version();
      for (;;) {
        const found = await queues.acquire(
          isEarly ? { limit: maxAcquired, now, isEarly } : { limit: maxAcquired, now },
        );
        for (const owned of found) consider(records.adopt(owned));
        if (found.length < maxAcquired) return;
        isEarly = false;
        await setImmediate(); // answers and signals are handled in between
      }
    },
    async reconsider(ids) {
      for (const id of ids) {
        const owned = await queues.acquireOne(id);
        if (owned !== undefined) consider(records.adopt(owned));
      }
    },
    rest,
    opensInMs: opening.inMs,
  };
}
