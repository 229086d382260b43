import type { Endpoint } from '../../../endpoint/endpoint.js';
import type { Delivery } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import type { Settler } from '../settling/settle.js';
import type { Cuts } from './cuts.js';
import type { Gate } from './gate.js';
import type { InFlight } from './places/in-flight.js';
import type { Shares } from './places/shares.js';

/** A delivery that may be sent. */
export interface Start {
  delivery: Delivery;
  endpoint: Endpoint;
  /** Returns the memory that the payload was granted. */
  leaveRoom(): void;
}

export interface AttemptOptions {
  settler: Settler;
  gate: Gate;
  shares: Shares;
  cuts: Cuts;
  inFlight: InFlight;
  /** Called with an error of the lease. */
  onFailure(error: unknown): void;
}

/**
 * Makes the function that sends a delivery and settles the attempt. The attempt holds its place until the spool has
 * changed, so a crash repeats no more attempts than there are places.
 */
export function createAttempt(
  { sender, clock }: DrainPorts,
  { settler, gate, shares, cuts, inFlight, onFailure }: AttemptOptions,
): (id: string, start: Start) => Promise<void> {
  /** One function and not several: each that is async has a promise of its own. */
  return async (id, { delivery, endpoint, leaveRoom }) => {
    const own = shares.isUnheard(id) ? cuts.own() : cuts.common;
    const end = inFlight.enter(id, own.cutOff);
    try {
      const attempt = settler.attemptNumber(delivery);
      settler.began(delivery);
      const startedAt = clock.now();
      const before = clock.monotonic();
      const isEarly = gate.isEarly(endpoint.id);
      if (endpoint.rate !== undefined) await gate.started(endpoint);
      const timestamp = Math.floor(startedAt / 1000);
      const { event } = delivery;
      const result = await sender.send({ event, endpoint, attempt, timestamp, signal: own.signal });
      const ms = Math.round(clock.monotonic() - before);
      await settler.settle({ delivery, endpoint, attempt, startedAt, ms, isEarly, result });
      // A body that still arrives keeps its place, so that the endpoint has no more connections than it may.
      if (result.kind === 'answer' && result.rest !== undefined) await result.rest;
    } catch (error) {
      onFailure(error);
    }
    own.end();
    leaveRoom();
    end();
  };
}
