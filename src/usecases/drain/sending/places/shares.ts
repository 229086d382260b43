/**
 * How the places in flight are shared. An endpoint with nothing in flight has a
 * place of its own; all further places are common, and slow endpoints, which
 * keep a place for long, leave a part of them to quick ones.
 */
import { createEndpointShares, quickMs, type Share } from './endpoint-shares.js';
import { createFlights } from './flights.js';
import { createSlack, type Slack } from './slack.js';

/** Maximum part of the common places that slow endpoints keep from quick ones. */
const slowPart = 3 / 4;

/** Maximum part of all places for first attempts of slow endpoints, and of unknown ones; the rest is for quick ones. */
const slowFirstPart = 3 / 4;
const unknownFirstPart = 7 / 8;

/** Maximum part of all places that are common. */
const commonPart = 1 / 2;

/** Maximum number of places for first attempts beyond `maxInFlight`, where there are descriptors for them. */
const maxFirst = 2_048;

/** Time that the first attempt of an endpoint has, in ms, where first attempts of other endpoints wait for its place. */
const firstMs = 2_000;

/** Ranks of endpoints with nothing in flight: quick ones, unknown ones in this drain, and slow ones. */
export const firstRanks = 3;
const unknownRank = 1;
const quickRank = 3;
const slowestRank = 21;

/** Intervals in which places are looked for without an attempt that has ended, in ms. */
const firstAgainMs = 20;
const furtherAgainMs = 500;

export interface Shares<Endpoint extends Share> {
  /** Whether the endpoint may have one more attempt in flight. */
  hasPlace(endpoint: Endpoint): boolean;
  /**
   * The rank of an endpoint for a free place; 0 goes first: endpoints with nothing in flight, then quick ones, then
   * those whose attempts in flight take the least time together.
   */
  rankOf(endpoint: Endpoint): number;
  /** An attempt begins. @param cutOff lets it give way to others @returns ends it */
  enter(endpoint: Endpoint, cutOff?: () => void): () => void;
  /**
   * Where descriptors allow no more, the oldest first attempts of unheard endpoints give way to endpoints that were
   * never tried; each once. @param waitingAt number of endpoints that wait for a place at a rank
   */
  giveWay(waitingAt: (rank: number) => number): void;
  /** Number of attempts in flight, over all endpoints. */
  count(): number;
  /** Looks for attempts that have become slow since, and reads the limits. */
  update(): void;
  /** Time until a place may be free although no attempt has ended, in ms; Infinity for never. */
  againMs(waiting: { isFirst: boolean }): number;
}

export interface SharesOptions<Endpoint extends Share> {
  /** The common places, unless descriptors are scarce. */
  maxInFlight(): number;
  /** Maximum number of attempts in flight, over all endpoints; see {@link mostInFlight}. */
  most(): number;
  /** Monotonic, in ms. */
  now(): number;
  /** Whether the endpoint's last attempt failed: then the next one may take long. */
  isFailing(endpoint: Endpoint): boolean;
  /** Whether this process has time for more attempts. */
  slack?: Slack;
}

/** Makes the places of a drain, all free. */
export function createShares<Endpoint extends Share>(options: SharesOptions<Endpoint>): Shares<Endpoint> {
  const { maxInFlight, most, now, isFailing, slack = createSlack() } = options;
  const shares = createEndpointShares();
  const flights = createFlights();
  let count = 0;
  /** Number of all places, and of the common ones among them. */
  let limit = 0;
  let common = 0;

  function readLimits(): void {
    limit = most();
    common = Math.min(maxInFlight(), Math.ceil(limit * commonPart));
  }

  function isSlow(endpoint: Endpoint): boolean {
    return !endpoint.isQuick && (endpoint.typicalMs !== undefined || isFailing(endpoint));
  }

  function hasFirstPlace(endpoint: Endpoint): boolean {
    if (endpoint.isQuick && shares.quick() < common) return count < limit;
    const otherPart = isSlow(endpoint) ? slowFirstPart : unknownFirstPart;
    return count < limit * (endpoint.isQuick ? 1 : otherPart) && slack.isThere();
  }

  function hasFurtherPlace({ isQuick }: Share): boolean {
    if (!isQuick || count >= limit) return false;
    const quick = shares.quick();
    return quick + Math.min(count - quick, Math.floor(common * slowPart)) < common;
  }

  readLimits();
  return {
    hasPlace(endpoint) {
      if (count < common) return true; // all are taken rarely
      return endpoint.places === 0 ? hasFirstPlace(endpoint) : hasFurtherPlace(endpoint);
    },
    rankOf(endpoint) {
      return endpoint.places === 0 && isSlow(endpoint) ? unknownRank + 1 : rankOf(endpoint);
    },
    enter(endpoint, cutOff) {
      if (count >= common && endpoint.places === 0) slack.use();
      shares.enter(endpoint);
      count += 1;
      const flight = flights.begin(endpoint, { now: now(), cutOff });
      return () => {
        flights.end(flight);
        count -= 1;
        shares.leave(endpoint, now() - flight.since);
      };
    },
    giveWay(waitingAt) {
      if (count >= limit * unknownFirstPart) flights.giveWay(waitingAt(unknownRank), now() - firstMs);
    },
    count: () => count,
    update() {
      readLimits();
      flights.age(now() - quickMs, shares.setSlow);
      if (count >= common) slack.sample();
    },
    againMs({ isFirst }) {
      if (count >= limit) return isFirst ? furtherAgainMs : Infinity;
      return isFirst ? firstAgainMs : furtherAgainMs;
    },
  };
}

/** The rank of an endpoint that is not slow, or has attempts in flight. */
function rankOf({ places, isQuick, typicalMs = quickMs }: Share): number {
  if (places === 0) return isQuick ? 0 : unknownRank;
  if (isQuick) return quickRank;
  const seconds = (places * typicalMs) / 1_000;
  return Math.min(quickRank + 1 + Math.floor(Math.log2(Math.max(seconds, 1))), slowestRank);
}

/** Part of the connections that attempts leave: for idle ones, and for attempts that try several addresses. */
const sparePart = 1 / 8;

/** The maximum number of attempts in flight. @param maxConnections connections that this process may have */
export function mostInFlight(maxInFlight: number, maxConnections: number): number {
  return Math.max(Math.min(maxInFlight + maxFirst, Math.floor(maxConnections * (1 - sparePart))), 1);
}
