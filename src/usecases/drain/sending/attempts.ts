/** The attempts of a drain: starts them, round robin over the endpoints and within every limit, until each is settled. */
import type { Due } from '../../../spool/spool.js';
import type { Holds } from '../holds.js';
import type { Requests } from '../obeying/requests.js';
import type { DrainPorts } from '../ports.js';
import type { Routing } from '../routing.js';
import type { Cooldowns } from '../settling/cooldowns.js';
import type { Settler } from '../settling/settle.js';
import { createAttempt } from './attempt.js';
import { createCuts } from './cuts.js';
import { createEligibility } from './eligibility.js';
import { createGate } from './gate.js';
import { createLook } from './look.js';
import { createInFlight } from './places/in-flight.js';
import { createLargePayloads } from './places/large-payloads.js';
import { createShares, firstRanks, mostInFlight } from './places/shares.js';
import { createRoundRobin } from './round-robin.js';
import { createTake } from './take.js';
import { createWantedDeliveries } from './wanted.js';

/** Maximum number of claims of one `fill`; the first one has a single turn, so that the first attempts begin soon. */
const maxClaims = 1024;

/** Maximum duration of one `fill`, in ms: deliveries that are buried or removed take time, but no place in flight. */
const fillMs = 50;

/** Deliveries per turn of an endpoint: those that are removed together share an fsync of their directory. */
const turnLength = 4;

export interface Attempts {
  /** Looks at all endpoints. @returns time until another one may be tried, in ms; Infinity if none is waited for */
  look(): number;
  /** Whether an event can be sent without a queue: the endpoint works, and has neither a rate nor a strict order. */
  canSendNow(endpoint: string): boolean;
  /** Starts attempts within the limits; false if more can be started immediately. */
  fill(): Promise<boolean>;
  /** Number of attempts in flight, or not settled yet. */
  count(): number;
  /** Cuts off all attempts in flight. */
  cutOff(): void;
  /** Resolves when all attempts are settled. */
  settled(): Promise<void>;
  /** The error of the lease while an attempt was settled; then no attempt is started any more. */
  failure(): unknown;
  /** Time until `fill` may start more without an event, in ms; Infinity for never. */
  againMs(): number;
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

/** Makes the attempts of a drain. */
export function createAttempts(ports: DrainPorts, options: AttemptsOptions): Attempts {
  const { lease, clock } = ports;
  const { routing, settler, requests, holds, maxInFlight, maxConnections } = options;
  const { cooldowns, isPass, isStopping } = options;
  const gate = createGate(ports, { routing, cooldowns, tryEveryMs: options.tryEveryMs });
  const shares = createShares({
    maxInFlight,
    most: () => mostInFlight(maxInFlight(), maxConnections),
    now: clock.monotonic,
    isFailing: (id) => lease.health(id).failures !== undefined,
  });
  const roundRobin = createRoundRobin({ rankOf: shares.rankOf, firstRanks });
  const payloads = createLargePayloads(roundRobin.add);
  const wanted = createWantedDeliveries(routing);
  const limited = { routing, cooldowns, gate, shares, payloads, wanted, isPass };
  const eligibility = createEligibility(ports, limited);
  const look = createLook(ports, { eligibility, payloads, roundRobin, shares, isPass });
  const cuts = createCuts();
  const inFlight = createInFlight(shares, (id) => {
    roundRobin.add(id);
    options.onSettled();
  });
  const beganAt = clock.now();
  let claimsPerFill = turnLength;
  let failure: unknown;
  const onFailure = (error: unknown) => {
    failure ??= error;
  };
  const start = createAttempt(ports, { settler, gate, shares, cuts, inFlight, onFailure });
  const take = createTake(ports, {
    routing,
    settler,
    requests,
    holds,
    gate,
    payloads,
    wanted,
    isStopping,
    start,
  });

  function mayGoOn(): boolean {
    return failure === undefined && !isStopping() && cooldowns.leftForAllMs() === 0;
  }

  /** In a pass, deliveries that become due later are left: so it ends. */
  function due(): Due {
    const now = clock.now();
    return { now: isPass ? Math.min(beganAt, now) : now, latest: now + routing.longestBackOffMs() };
  }

  /** Gives an endpoint its turn. @returns the number of claims */
  async function takeTurn(id: string, dueNow: Due): Promise<number> {
    let claims = 0;
    let goesOn = true;
    while (goesOn && claims < turnLength && mayGoOn() && shares.hasPlace(id)) {
      claims += 1;
      goesOn = eligibility.mayTry(id) && (await take(id, dueNow));
    }
    payloads.hadTurn(id);
    if (goesOn) roundRobin.add(id);
    return claims;
  }

  return {
    look: () => look(due()),
    canSendNow: eligibility.canSendNow,
    async fill() {
      const dueNow = due();
      const until = clock.monotonic() + fillMs;
      let claims = 0;
      shares.update();
      while (claims < claimsPerFill && clock.monotonic() < until) {
        const id = mayGoOn() ? roundRobin.next(shares.hasPlace) : undefined;
        if (id === undefined) {
          if (mayGoOn()) shares.giveWay(roundRobin.waitingAt);
          return true;
        }
        claims += await takeTurn(id, dueNow);
      }
      claimsPerFill = Math.min(2 * claimsPerFill, maxClaims);
      return false;
    },
    count: shares.count,
    cutOff: cuts.all,
    settled: inFlight.settled,
    failure: () => failure,
    againMs: () =>
      roundRobin.isEmpty() || !mayGoOn() ? Infinity : shares.againMs({ isFirst: roundRobin.hasFirst() }),
  };
}
