/** The parts that start attempts, put together. */
import type { Holds } from '../holds.js';
import type { Requests } from '../obeying/requests.js';
import type { DrainPorts } from '../ports.js';
import type { Routing } from '../routing.js';
import type { Cooldowns } from '../settling/cooldowns.js';
import type { Settler } from '../settling/settle.js';
import { type Acquisition, createAcquisition } from './acquisition.js';
import { createAttempt } from './attempt.js';
import { type Cuts, createCuts } from './cuts.js';
import { createEligibility, type Eligibility } from './eligibility.js';
import { createEndpointRecords, type EndpointRecord } from './endpoint-records.js';
import { createGate } from './gate.js';
import { createInFlight, type InFlight } from './places/in-flight.js';
import { createLargePayloads, type LargePayloads } from './places/large-payloads.js';
import { createShares, firstRanks, mostInFlight, type Shares } from './places/shares.js';
import { createRoundRobin, type RoundRobin } from './round-robin.js';
import { createTake, type Take } from './take.js';

export interface SendingParts {
  shares: Shares<EndpointRecord>;
  roundRobin: RoundRobin<EndpointRecord>;
  payloads: LargePayloads;
  eligibility: Eligibility;
  acquisition: Acquisition;
  cuts: Cuts;
  inFlight: InFlight<EndpointRecord>;
  take: Take;
}

export interface AttemptsOptions {
  routing: Routing;
  settler: Settler;
  requests: Pick<Requests, 'ended'>;
  holds: Holds;
  /** Places in flight that the endpoints share. */
  maxInFlight(): number;
  /** Maximum number of connections of this process. */
  maxConnections: number;
  cooldowns: Cooldowns;
  /** A pass sends what was due when it began. */
  isPass: boolean;
  /** Interval in which a drain with a deadline tries a parked endpoint regardless of its schedule, in ms. Default: it does not. */
  tryEveryMs?: number | undefined;
  isStopping(): boolean;
  /** Called when an attempt is settled. */
  onSettled(): void;
}

export interface SendingPartsOptions extends AttemptsOptions {
  /** Called with an error of the spool. */
  onFailure(error: unknown): void;
}

/** Makes the parts of a drain's sending. */
export function createSendingParts(ports: DrainPorts, options: SendingPartsOptions): SendingParts {
  const { routing, settler, requests, holds, maxInFlight, maxConnections } = options;
  const { cooldowns, isPass, isStopping, onFailure } = options;
  const records = createEndpointRecords(routing);
  const gate = createGate(ports, { cooldowns, tryEveryMs: options.tryEveryMs });
  const shares = createShares<EndpointRecord>({
    maxInFlight,
    most: () => mostInFlight(maxInFlight(), maxConnections),
    now: ports.clock.monotonic,
    isFailing: ({ owned }) => owned?.health().failures !== undefined,
  });
  const roundRobin = createRoundRobin<EndpointRecord>({ rankOf: shares.rankOf, firstRanks });
  const payloads = createLargePayloads((id) => roundRobin.add(records.of(id)));
  const eligibility = createEligibility(ports, { records, cooldowns, gate, payloads, isPass });
  const acquisition = createAcquisition(ports, {
    routing,
    records,
    eligibility,
    payloads,
    cooldowns,
    roundRobin,
    isPass,
    onFailure,
  });
  const cuts = createCuts();
  const inFlight = createInFlight<EndpointRecord>(shares, (endpoint) => {
    // Where a claim has found nothing more, the spool tells when there is something again.
    if (endpoint.isDry) acquisition.rest(endpoint);
    else roundRobin.add(endpoint);
    options.onSettled();
  });
  const start = createAttempt(ports, { settler, gate, cuts, inFlight, onFailure });
  const take = createTake({
    routing,
    settler,
    requests,
    holds,
    gate,
    payloads,
    cooldowns,
    isStopping,
    start,
  });
  return { shares, roundRobin, payloads, eligibility, acquisition, cuts, inFlight, take };
}
