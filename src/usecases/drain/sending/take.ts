import { setImmediate } from 'node:timers/promises';
import { type Conduct, type Health, isBlocking, probeOf } from '../../../endpoint/health.js';
import type { ClaimOptions, Due } from '../../../spool/spool.js';
import type { Holds } from '../holds.js';
import type { Requests } from '../obeying/requests.js';
import type { Routing } from '../routing.js';
import type { Cooldowns } from '../settling/cooldowns.js';
import type { Settler } from '../settling/settle.js';
import type { Start } from './attempt.js';
import type { EndpointRecord } from './endpoint-records.js';
import type { Gate } from './gate.js';
import type { LargePayloads } from './places/large-payloads.js';

/** See {@link createTake}. */
export type Take = (record: EndpointRecord, due: Due) => Promise<boolean>;

export interface TakeOptions {
  routing: Routing;
  settler: Settler;
  requests: Pick<Requests, 'ended'>;
  holds: Holds;
  gate: Gate;
  payloads: LargePayloads;
  cooldowns: Cooldowns;
  isStopping(): boolean;
  /** Starts the attempt of a claimed delivery; never rejects. */
  start(start: Start): Promise<void>;
}

/**
 * Makes the function that claims one delivery of an endpoint, and starts its attempt, puts it on hold, or removes it if
 * it was delivered before. It returns false if the endpoint has no more to claim now.
 */
export function createTake(options: TakeOptions): Take {
  const { routing, settler, requests, holds, gate, payloads, cooldowns, isStopping, start } = options;

  function claimOptionsOf(health: Health, settings: Conduct, { now, latest }: Due): ClaimOptions {
    const claim: ClaimOptions = { limit: 1, inOrder: isBlocking(settings), now };
    if (latest !== undefined) claim.latest = latest;
    const probe = probeOf(health, settings);
    if (probe !== undefined) claim.probe = probe;
    return claim;
  }

  return async (record, due) => {
    const { id, owned } = record;
    if (owned === undefined) return false;
    const claim = await owned.claim(claimOptionsOf(owned.health(), record.settings, due));
    if (claim.quarantined.length + claim.postponed.length > 0) settler.noteProblems(claim);
    const delivery = claim.deliveries[0];
    record.isDry = !claim.goesOn;
    if (delivery === undefined) return claim.goesOn;
    if (settler.isDelivered(delivery)) {
      await settler.removeDelivered({ owned, delivery });
      return true;
    }
    const dropped = requests.ended(delivery, 'drop');
    if (dropped !== undefined) {
      await settler.buryByHand({ owned, delivery }, dropped);
      return true;
    }
    const endpoint = routing.endpoint(id, delivery.event);
    if (endpoint === 'unknown') {
      cooldowns.start(id, 'ours'); // it is asked again later, and not all the time
      owned.giveBack(delivery);
      return false;
    }
    if (endpoint === undefined) {
      await holds.keep({ owned, delivery });
      await setImmediate(); // there may be a million of them, and answers of other endpoints to handle
      return true;
    }
    const isClosed = gate.closedMs(record, owned.health()) > 0;
    if (isClosed) record.isWanted = true;
    const canStart = !isStopping() && !isClosed;
    const leaveRoom = canStart ? payloads.enter(id, delivery.event.payload.byteLength) : undefined;
    if (leaveRoom === undefined) {
      owned.giveBack(delivery);
      return false;
    }
    record.isWanted = false;
    void start({ record, owned, delivery, endpoint, leaveRoom });
    return true;
  };
}
