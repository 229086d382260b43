/** Giving up deliveries that are too old. */
import { setImmediate } from 'node:timers/promises';
import { afterHeadGivenUp } from '../../../endpoint/after-attempt.js';
import type { Endpoint } from '../../../endpoint/endpoint.js';
import { isGivenUp, isKeptTooLong } from '../../../endpoint/health.js';
import { momentOf } from '../../../shared/clock.js';
import type { Claim, Delivery, OwnedEndpoint } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import type { FinishedAttempt, OwnedDelivery } from '../reporting/finished-attempt.js';
import { createSemaphore } from '../semaphore.js';
import type { Burials } from './burials.js';
import type { Deliveries } from './deliveries.js';

export interface OldDeliveries {
  /** Whether a delivery is too old, and its endpoint has failed for long enough. */
  isTooOld(claimed: OwnedDelivery, endpoint: Endpoint): boolean;
  /** Gives up a rejected delivery; those behind it have not had their turn. */
  giveUpHead(head: FinishedAttempt): Promise<void>;
  /**
   * Gives up a delivery, and with it all that are too old: an endpoint that fails for long is tried rarely.
   */
  giveUpAll(old: FinishedAttempt): Promise<void>;
  /** Gives up the deliveries of a paused endpoint that are older than `keepMs`. */
  giveUpPaused(owned: OwnedEndpoint, keepMs: number): Promise<void>;
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

/** Makes what gives up the old deliveries of a drain. */
export function createOldDeliveries(ports: DrainPorts, options: OldDeliveriesOptions): OldDeliveries {
  const { clock } = ports;
  const { burials, deliveries, noteProblems, isStopping } = options;
  const { bury } = burials;
  const sweeps = createSemaphore(1);

  function isTooOld({ owned, delivery }: OwnedDelivery, { giveUpAfterMs }: Endpoint): boolean {
    const { acceptedAt } = delivery;
    return isGivenUp(owned.health(), { acceptedAt, giveUpAfterMs, ...momentOf(clock) });
  }

  /** Gives up old deliveries until the spool refuses; the others are given back. */
  async function sweep({ owned, endpoint }: FinishedAttempt, message: string): Promise<void> {
    const young: Delivery[] = [];
    let youngBytes = 0;
    let isRefused = false;
    let goesOn = true;
    const hasRoom = () => young.length < maxYoung && youngBytes < maxYoungBytes;
    while (goesOn && !isRefused && hasRoom() && !isStopping()) {
      const claim = await owned.claim({ limit: sweepSize, now: clock.now() });
      noteProblems(claim);
      goesOn = claim.goesOn;
      for (const delivery of claim.deliveries) {
        const claimed = { owned, delivery };
        const isOld = isTooOld(claimed, endpoint) && !deliveries.isDelivered(delivery);
        if (isOld && !isRefused) isRefused = !(await bury(claimed, { reason: 'gave-up', message, endpoint }));
        else {
          young.push(delivery);
          youngBytes += delivery.event.payload.byteLength;
        }
      }
      await setImmediate(); // answers of other endpoints, and signals, are handled in between
    }
    for (const delivery of young) owned.giveBack(delivery);
  }

  return {
    isTooOld,
    async giveUpHead(head) {
      const { owned, endpoint, result } = head;
      const message = `it was rejected for too long; last: ${owned.health().last}`;
      if (!(await bury(head, { reason: 'gave-up', message, endpoint, result }))) return;
      await owned.saveHealth(afterHeadGivenUp(owned.health(), clock.now()));
    },
    async giveUpAll(old) {
      const { owned, endpoint, result } = old;
      const message = `it failed for too long; last: ${owned.health().last}`;
      if (!(await bury(old, { reason: 'gave-up', message, endpoint, result }))) return;
      const release = await sweeps.acquire();
      await sweep(old, message).finally(release);
    },
    async giveUpPaused(owned, keepMs) {
      const health = owned.health();
      const message = `it was paused for too long: ${health.paused}`;
      // The oldest come first: the search ends at the first one that is not too old.
      let goesOn = true;
      while (goesOn && !isStopping()) {
        const claim = await owned.claim({ limit: sweepSize, now: clock.now(), probe: [] });
        noteProblems(claim);
        let isBurying = true;
        for (const delivery of claim.deliveries) {
          const { acceptedAt } = delivery;
          isBurying &&= isKeptTooLong(health, { acceptedAt, keepMs, ...momentOf(clock) });
          if (!isBurying) owned.giveBack(delivery);
          else isBurying = await bury({ owned, delivery }, { reason: 'gave-up', message });
        }
        goesOn = claim.goesOn && isBurying;
        await setImmediate(); // signals are handled in between
      }
    },
  };
}
