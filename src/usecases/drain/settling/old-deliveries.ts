/** Giving up deliveries that are too old. */
import { setImmediate } from 'node:timers/promises';
import type { AttemptResult } from '../../../delivery/sender.js';
import { afterHeadGivenUp } from '../../../endpoint/after-attempt.js';
import type { Endpoint } from '../../../endpoint/endpoint.js';
import { isGivenUp, isKeptTooLong } from '../../../endpoint/health.js';
import { momentOf } from '../../../shared/clock.js';
import type { Claim, Delivery } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import { createSemaphore } from '../semaphore.js';
import type { Burials } from './burials.js';
import type { Deliveries } from './deliveries.js';

export interface OldDeliveries {
  /** Whether a delivery is too old, and its endpoint has failed for long enough. */
  isTooOld(delivery: Delivery, endpoint: Endpoint): boolean;
  /** Gives up a rejected delivery; those behind it have not had their turn. @param result its last attempt */
  giveUpHead(head: Delivery, endpoint: Endpoint, result: AttemptResult): Promise<void>;
  /**
   * Gives up a delivery, and with it all that are too old: an endpoint that fails for long is tried rarely.
   * @param result the last attempt of the delivery
   */
  giveUpAll(old: Delivery, endpoint: Endpoint, result: AttemptResult): Promise<void>;
  /** Gives up the deliveries of a paused endpoint that are older than `keepMs`. */
  giveUpPaused(endpoint: string, keepMs: number): Promise<void>;
}

export interface OldDeliveriesOptions {
  burials: Pick<Burials, 'bury'>;
  deliveries: Pick<Deliveries, 'isDelivered'>;
  /** Reports the problems of a claim. */
  noteProblems(claim: Claim): void;
  isStopping(): boolean;
}

/** Deliveries per claim of a sweep. */
const sweepSize = 8;

/** Maximum number, and bytes, of younger deliveries that a sweep keeps claimed: old ones may lie behind them. */
const maxYoung = 4096;
const maxYoungBytes = 32 * 2 ** 20;

/** Makes what gives up the old deliveries of a lease. */
export function createOldDeliveries(ports: DrainPorts, options: OldDeliveriesOptions): OldDeliveries {
  const { lease, clock } = ports;
  const { burials, deliveries, noteProblems, isStopping } = options;
  const { bury } = burials;
  const sweeps = createSemaphore(1);

  function isTooOld({ acceptedAt, endpoint }: Delivery, { giveUpAfterMs }: Endpoint): boolean {
    return isGivenUp(lease.health(endpoint), { acceptedAt, giveUpAfterMs, ...momentOf(clock) });
  }

  /** Gives up old deliveries until the spool refuses; the others are released. */
  async function sweep(endpoint: Endpoint, message: string): Promise<void> {
    const young: Delivery[] = [];
    let youngBytes = 0;
    let isRefused = false;
    let goesOn = true;
    const hasRoom = () => young.length < maxYoung && youngBytes < maxYoungBytes;
    while (goesOn && !isRefused && hasRoom() && !isStopping()) {
      const claim = await lease.claim(endpoint.id, { limit: sweepSize, now: clock.now() });
      noteProblems(claim);
      goesOn = claim.goesOn;
      for (const delivery of claim.deliveries) {
        const isOld = isTooOld(delivery, endpoint) && !deliveries.isDelivered(delivery);
        if (isOld && !isRefused)
          isRefused = !(await bury(delivery, { reason: 'gave-up', message, endpoint }));
        else {
          young.push(delivery);
          youngBytes += delivery.event.payload.byteLength;
        }
      }
      await setImmediate(); // answers of other endpoints, and signals, are handled in between
    }
    for (const delivery of young) lease.release(delivery);
  }

  return {
    isTooOld,
    async giveUpHead(head, endpoint, result) {
      const { id } = endpoint;
      const message = `it was rejected for too long; last: ${lease.health(id).last}`;
      if (!(await bury(head, { reason: 'gave-up', message, endpoint, result }))) return;
      await lease.saveHealth(id, afterHeadGivenUp(lease.health(id), clock.now()));
    },
    async giveUpAll(old, endpoint, result) {
      const message = `it failed for too long; last: ${lease.health(endpoint.id).last}`;
      if (!(await bury(old, { reason: 'gave-up', message, endpoint, result }))) return;
      const release = await sweeps.acquire();
      await sweep(endpoint, message).finally(release);
    },
    async giveUpPaused(endpoint, keepMs) {
      const health = lease.health(endpoint);
      const message = `it was paused for too long: ${health.paused}`;
      // The oldest come first: the search ends at the first one that is not too old.
      let goesOn = true;
      while (goesOn && !isStopping()) {
        const claim = await lease.claim(endpoint, { limit: sweepSize, now: clock.now(), probe: [] });
        noteProblems(claim);
        let isBurying = true;
        for (const delivery of claim.deliveries) {
          const { acceptedAt } = delivery;
          isBurying &&= isKeptTooLong(health, { acceptedAt, keepMs, ...momentOf(clock) });
          if (!isBurying) lease.release(delivery);
          else isBurying = await bury(delivery, { reason: 'gave-up', message });
        }
        goesOn = claim.goesOn && isBurying;
        await setImmediate(); // signals are handled in between
      }
    },
  };
}
