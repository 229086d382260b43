import type { Endpoint } from '../../../endpoint/endpoint.js';
import type { CutSignal } from '../../../shared/cut.js';
import type { Delivery } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import type { FinishedAttempt } from '../reporting/finished-attempt.js';
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
  async function send({ delivery, endpoint }: Start, signal: CutSignal): Promise<FinishedAttempt> {
    const { event } = delivery;
    const attempt = settler.attemptNumber(delivery);
    settler.began(delivery);
    const startedAt = clock.now();
    const before = clock.monotonic();
    const isEarly = gate.isEarly(endpoint.id);
    if (endpoint.rate !== undefined) await gate.started(endpoint);
    const timestamp = Math.floor(startedAt / 1000);
    const result = await sender.send({ event, endpoint, attempt, timestamp, signal });
    const ms = Math.round(clock.monotonic() - before);
    return { delivery, endpoint, attempt, startedAt, ms, isEarly, result };
  }

  return async (id, start) => {
    const own = shares.isUnheard(id) ? cuts.own() : cuts.common;
    const end = inFlight.enter(id, own.cutOff);
    try {
      const finished = await send(start, own.signal);
      await settler.settle(finished);
      // A body that still arrives keeps its place, so that the endpoint has no more connections than it may.
      if (finished.result.kind === 'answer' && finished.result.rest !== undefined) await finished.result.rest;
    } catch (error) {
      onFailure(error);
    }
    own.end();
    start.leaveRoom();
    end();
  };
}
