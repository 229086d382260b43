import { setImmediate } from 'node:timers/promises';
import { isBlocking, probeOf } from '../../../endpoint/health.js';
import type { ClaimOptions, Due } from '../../../spool/spool.js';
import type { Holds } from '../holds.js';
import type { Requests } from '../obeying/requests.js';
import type { DrainPorts } from '../ports.js';
import type { Routing } from '../routing.js';
import type { Settler } from '../settling/settle.js';
import type { Start } from './attempt.js';
import type { Gate } from './gate.js';
import type { LargePayloads } from './places/large-payloads.js';
import type { WantedDeliveries } from './wanted.js';

export interface TakeOptions {
  routing: Routing;
  settler: Settler;
  requests: Pick<Requests, 'ended'>;
  holds: Holds;
  gate: Gate;
  payloads: LargePayloads;
  wanted: WantedDeliveries;
  isStopping(): boolean;
  /** Starts the attempt of a claimed delivery; never rejects. */
  start(endpoint: string, start: Start): Promise<void>;
}

/**
 * Makes the function that claims one delivery of an endpoint, and starts its attempt, puts it on hold, or removes it if
 * it was delivered before. It returns false if the endpoint has no more to claim now.
 */
export function createTake(
  { lease }: DrainPorts,
  options: TakeOptions,
): (endpoint: string, due: Due) => Promise<boolean> {
  const { routing, settler, requests, holds, gate, payloads, wanted, isStopping, start } = options;

  function claimOptionsOf(id: string, { now, latest }: Due): ClaimOptions {
    const settings = routing.settingsOf(id);
    const claim: ClaimOptions = { limit: 1, inOrder: isBlocking(settings), now };
    if (latest !== undefined) claim.latest = latest;
    const probe = probeOf(lease.health(id), settings);
    if (probe !== undefined) claim.probe = probe;
    return claim;
  }

  return async (id, due) => {
    const claim = await lease.claim(id, claimOptionsOf(id, due));
    settler.noteProblems(claim);
    const [delivery] = claim.deliveries;
    if (delivery === undefined) return claim.goesOn;
    if (settler.isDelivered(delivery)) {
      await settler.removeDelivered(delivery);
      return true;
    }
    const dropped = requests.ended(delivery, 'drop');
    if (dropped !== undefined) {
      await settler.buryByHand(delivery, dropped);
      return true;
    }
    const endpoint = routing.endpoint(id, delivery.event);
    if (endpoint === 'unknown') {
      lease.release(delivery);
      return false;
    }
    if (endpoint === undefined) {
      await holds.keep(delivery);
      await setImmediate(); // there may be a million of them, and answers of other endpoints to handle
      return true;
    }
    const isClosed = gate.closedMs(id) > 0;
    if (isClosed) wanted.add(id);
    const canStart = !isStopping() && !isClosed;
    const leaveRoom = canStart ? payloads.enter(id, delivery.event.payload.byteLength) : undefined;
    if (leaveRoom === undefined) {
      lease.release(delivery);
      return false;
    }
    wanted.delete(id);
    void start(id, { delivery, endpoint, leaveRoom });
    return true;
  };
}
