import type { Endpoint } from '../../../endpoint/endpoint.js';
import type { DrainPorts } from '../ports.js';
import type { OwnedDelivery } from '../reporting/finished-attempt.js';
import type { Settler } from '../settling/settle.js';
import type { Cuts } from './cuts.js';
import type { EndpointRecord } from './endpoint-records.js';
import type { Gate } from './gate.js';
import type { InFlight } from './places/in-flight.js';

/** A delivery that may be sent. */
export interface Start extends OwnedDelivery {
  record: EndpointRecord;
  endpoint: Endpoint;
  /** Returns the memory that the payload was granted. */
  leaveRoom(): void;
}

export interface AttemptOptions {
  settler: Settler;
  gate: Gate;
  cuts: Cuts;
  inFlight: InFlight<EndpointRecord>;
  /** Called with an error of the spool. */
  onFailure(error: unknown): void;
}

/**
 * Makes the function that sends a delivery and settles the attempt. The attempt holds its place until the spool has
 * changed, so a crash repeats no more attempts than there are places.
 */
export function createAttempt(
  { sender, clock }: DrainPorts,
  { settler, gate, cuts, inFlight, onFailure }: AttemptOptions,
): (start: Start) => Promise<void> {
  /** One function and not several: each that is async has a promise of its own. */
  return async ({ record, owned, delivery, endpoint, leaveRoom }) => {
    // Until one has ended, its attempts may give way.
    const own = record.typicalMs === undefined ? cuts.own() : cuts.common;
    const end = inFlight.enter(record, own.cutOff);
    try {
      const attempt = settler.attemptNumber({ owned, delivery });
      settler.began(delivery);
      const startedAt = clock.now();
      const before = clock.monotonic();
      const isEarly = gate.isEarly(record, owned.health());
      if (endpoint.rate !== undefined) await gate.started(owned, endpoint.rate);
      const timestamp = Math.floor(startedAt / 1000);
      const { event } = delivery;
      const result = await sender.send({ event, endpoint, attempt, timestamp, signal: own.signal });
      const ms = Math.round(clock.monotonic() - before);
      await settler.settle({ owned, delivery, endpoint, attempt, startedAt, ms, isEarly, result });
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
