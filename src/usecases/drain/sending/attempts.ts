/** The attempts of a drain: starts them, round robin over the endpoints and within every limit, until each is settled. */
import type { Due } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import type { EndpointRecord } from './endpoint-records.js';
import { type AttemptsOptions, createSendingParts } from './sending-parts.js';

/**
 * Maximum number of claims of one `fill`; the first one has a single turn, so that the first attempts begin soon. Answers
 * are handled in between: with more claims, quick receivers would get more connections than they need.
 */
const maxClaims = 64;

/** Maximum duration of one `fill`, in ms: deliveries that are buried or removed take time, but no place in flight. */
const fillMs = 50;

/** Deliveries per turn of an endpoint: those that are removed together share an fsync of their directory. */
const turnLength = 4;

export interface Attempts {
  /** Looks again whether endpoints may be tried, as their health has changed; those that another drain owns are left. */
  reconsider(endpoints: readonly string[]): Promise<void>;
  /** Whether an event can be sent without a queue: the endpoint works, and has neither a rate nor a strict order. */
  canSendNow(endpoint: string): boolean;
  /** Something may have been queued, or changed by others: the next `fill` looks for it. */
  noteNews(): void;
  /** Acquires endpoints, and starts attempts within the limits; false if more can be started immediately. */
  fill(): Promise<boolean>;
  /** Number of attempts in flight, or not settled yet. */
  count(): number;
  /** Cuts off all attempts in flight. */
  cutOff(): void;
  /** Resolves when all attempts are settled. */
  settled(): Promise<void>;
  /** The error of the spool while an attempt was settled; then no attempt is started any more. */
  failure(): unknown;
  /** Time until `fill` may start more without an event, in ms; Infinity for never. */
  againMs(): number;
  /** Time until another endpoint may be tried, in ms; Infinity if none is waited for. */
  opensInMs(): Promise<number>;
}

/** Makes the attempts of a drain. */
export function createAttempts(ports: DrainPorts, options: AttemptsOptions): Attempts {
  const { clock } = ports;
  const { routing, cooldowns, isPass, isStopping } = options;
  const beganAt = clock.now();
  let claimsPerFill = turnLength;
  let failure: unknown;
  const onFailure = (error: unknown) => {
    failure ??= error;
  };
  const { shares, roundRobin, payloads, eligibility, acquisition, cuts, inFlight, take } = createSendingParts(
    ports,
    { ...options, onFailure },
  );

  function mayGoOn(): boolean {
    return failure === undefined && !isStopping() && cooldowns.leftForAllMs() === 0;
  }

  /** In a pass, deliveries that become due later are left: so it ends. */
  function due(): Due {
    const now = clock.now();
    return { now: isPass ? Math.min(beganAt, now) : now, latest: now + routing.longestBackOffMs() };
  }

  /** Gives an endpoint its turn. @returns the number of claims */
  async function takeTurn(endpoint: EndpointRecord, dueNow: Due): Promise<number> {
    let claims = 0;
    let goesOn = true;
    while (goesOn && claims < turnLength && mayGoOn() && shares.hasPlace(endpoint)) {
      claims += 1;
      goesOn = eligibility.mayTry(endpoint) && (await take(endpoint, dueNow));
    }
    payloads.hadTurn(endpoint.id);
    if (goesOn) roundRobin.add(endpoint);
    else acquisition.rest(endpoint);
    return claims;
  }

  return {
    reconsider: acquisition.reconsider,
    noteNews: acquisition.noteNews,
    canSendNow: eligibility.canSendNow,
    async fill() {
      const dueNow = due();
      const until = clock.monotonic() + fillMs;
      let claims = 0;
      shares.update();
      if (mayGoOn() && acquisition.isDue()) await acquisition.acquire(dueNow.now);
      while (claims < claimsPerFill && clock.monotonic() < until) {
        const endpoint = mayGoOn() ? roundRobin.next(shares.hasPlace) : undefined;
        if (endpoint === undefined) {
          if (mayGoOn()) shares.giveWay(roundRobin.waitingAt);
          return true;
        }
        claims += await takeTurn(endpoint, dueNow);
      }
      claimsPerFill = Math.min(2 * claimsPerFill, maxClaims);
      return false;
    },
    count: shares.count,
    cutOff: cuts.all,
    settled: inFlight.settled,
    failure: () => failure,
    opensInMs: acquisition.opensInMs,
    againMs: () =>
      roundRobin.isEmpty() || !mayGoOn() ? Infinity : shares.againMs({ isFirst: roundRobin.hasFirst() }),
  };
}
