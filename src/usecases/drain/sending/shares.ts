/**
 * How the places in flight are shared. An endpoint with nothing in flight has a
 * place of its own; all further places are common, and slow endpoints, which
 * keep a place for long, leave a part of them to quick ones.
 */
import { createSlack, type Slack } from './slack.js';

/** An endpoint is quick while its attempts take less than this, in ms. */
const quickMs = 1_000;

/** Of the common places, slow endpoints keep at most this part from quick ones. */
const slowPart = 3 / 4;

/** First attempts of slow endpoints take places up to this part of all, and of unknown ones up to that; the rest is for quick ones. */
const anyPart = 3 / 4;
const notSlowPart = 7 / 8;

/** Common places are at most this part of all. */
const commonPart = 1 / 2;

/** How much the latest attempt counts in an endpoint's typical time. */
const latestPart = 1 / 4;

/** Endpoints without an attempt in flight whose typical time is remembered, at most. */
const mostRemembered = 16_384;

/** Places beyond `maxInFlight` that first attempts may take, where there are descriptors for them. */
const mostFirst = 2_048;

/** An endpoint's first attempt has this long, in ms, where another one that was never heard has no place otherwise. */
const firstMs = 2_000;

/** Endpoints with nothing in flight: quick ones, those that were never heard in this drain, and slow ones. */
export const firstRanks = 3;
const unheardRank = 1;
const quickRank = 3;
const slowestRank = 21;

export interface Shares {
  /** Whether the endpoint may have one more attempt in flight. */
  hasPlace(endpoint: string): boolean;
  /**
   * Whom a free place is given to first, from 0: endpoints with nothing in flight, then quick ones, then those whose
   * attempts in flight take the least time together.
   */
  rankOf(endpoint: string): number;
  /** An attempt begins; returns how it ends. @param cutOff lets it give way to others */
  enter(endpoint: string, cutOff?: () => void): () => void;
  /**
   * Where descriptors allow no more, the oldest first attempts of endpoints that were not heard give way to endpoints
   * that were never tried; each once. @param waitingAt how many endpoints wait for a place at a rank
   */
  giveWay(waitingAt: (rank: number) => number): void;
  /** Whether no attempt of the endpoint has ended yet: then those in flight may give way. */
  isUnheard(endpoint: string): boolean;
  /** How many are in flight, over all endpoints. */
  count(): number;
  /** How many are in flight to an endpoint. */
  at(endpoint: string): number;
  /** Looks for attempts that have become slow since, and how many there may be now. */
  update(): void;
  /** In how many ms a place may be free although no attempt has ended; Infinity for never. */
  againMs(waiting: { isFirst: boolean }): number;
}

export interface SharesOptions {
  /** The common places, unless descriptors are scarce. */
  maxInFlight(): number;
  /** The most that may ever be in flight, over all endpoints; see {@link mostInFlight}. */
  most(): number;
  /** Monotonic, in ms. */
  now(): number;
  /** Whether the endpoint's last attempt failed: then the next one may take long. */
  isFailing(endpoint: string): boolean;
  /** Whether this process has time for more attempts. */
  slack?: Slack;
}

interface Share {
  places: number;
  /** What an attempt takes, in ms; undefined until one has ended. */
  typicalMs: number | undefined;
  isQuick: boolean;
}

interface Flight {
  share: Share;
  since: number;
  isOver: boolean;
  /** Lets it give way. */
  cutOff: (() => void) | undefined;
  isGivingWay: boolean;
}

const stranger: Share = { places: 0, typicalMs: undefined, isQuick: false };

/** In how many ms it is looked again whether a place can be had. */
const againAfterMs = 20;
const agedAfterMs = 500;

/** The places of a drain, all free. */
export function createShares(options: SharesOptions): Shares {
  const { maxInFlight, most, now, isFailing, slack = createSlack() } = options;
  const busy = new Map<string, Share>();
  /** Endpoints with nothing in flight; the one that was used last comes last. */
  const remembered = new Map<string, Share>();
  /** Attempts by their beginning, the oldest first, as far as they are not known to be slow. */
  let flights: Flight[] = [];
  let aged = 0;
  /** First attempts of endpoints that were not heard, and may give way; the oldest first. */
  const firstFlights = new Set<Flight>();
  /** How many give way, and have not ended yet. */
  let givingWay = 0;
  let count = 0;
  /** How many of those in flight are of quick endpoints. */
  let quick = 0;
  /** The most there may be, and how many of these places are common, as `update` has found them. */
  let limit = 0;
  let common = 0;

  function find(endpoint: string): Share {
    return busy.get(endpoint) ?? remembered.get(endpoint) ?? stranger;
  }

  function setQuick(share: Share, isQuick: boolean): void {
    if (share.isQuick === isQuick) return;
    share.isQuick = isQuick;
    quick += isQuick ? share.places : -share.places;
  }

  function learn(share: Share, ms: number): void {
    const { typicalMs = ms } = share;
    share.typicalMs = typicalMs + (ms - typicalMs) * latestPart;
    setQuick(share, share.typicalMs < quickMs);
  }

  function remember(endpoint: string, share: Share): void {
    busy.delete(endpoint);
    remembered.set(endpoint, share);
    if (remembered.size <= mostRemembered) return;
    for (const oldest of remembered.keys()) {
      remembered.delete(oldest);
      return;
    }
  }

  function readLimits(): void {
    limit = most();
    common = Math.min(maxInFlight(), Math.ceil(limit * commonPart));
  }

  function isSlow(endpoint: string, { isQuick, typicalMs }: Share): boolean {
    return !isQuick && (typicalMs !== undefined || isFailing(endpoint));
  }

  function hasFirstPlace(endpoint: string, share: Share): boolean {
    if (share.isQuick && quick < common) return count < limit;
    const unhurriedPart = isSlow(endpoint, share) ? anyPart : notSlowPart;
    const part = share.isQuick ? 1 : unhurriedPart;
    return count < limit * part && slack.isThere();
  }

  function hasFurtherPlace({ isQuick }: Share): boolean {
    return (
      isQuick && count < limit && quick + Math.min(count - quick, Math.floor(common * slowPart)) < common
    );
  }

  readLimits();
  return {
    hasPlace(endpoint) {
      if (count < common) return true; // they are hardly ever all taken
      const share = find(endpoint);
      return share.places === 0 ? hasFirstPlace(endpoint, share) : hasFurtherPlace(share);
    },
    rankOf(endpoint) {
      const share = find(endpoint);
      const { places, isQuick, typicalMs = quickMs } = share;
      if (places === 0 && !isQuick) return isSlow(endpoint, share) ? unheardRank + 1 : unheardRank;
      if (places === 0) return 0;
      if (isQuick) return quickRank;
      const seconds = (places * typicalMs) / 1_000;
      return Math.min(quickRank + 1 + Math.floor(Math.log2(Math.max(seconds, 1))), slowestRank);
    },
    enter(endpoint, cutOff) {
      const share = busy.get(endpoint) ?? remembered.get(endpoint) ?? { ...stranger };
      remembered.delete(endpoint);
      busy.set(endpoint, share);
      if (share.places === 0 && count >= common) slack.use();
      share.places += 1;
      count += 1;
      if (share.isQuick) quick += 1;
      const flight: Flight = { share, since: now(), isOver: false, cutOff, isGivingWay: false };
      flights.push(flight);
      if (cutOff !== undefined && share.typicalMs === undefined) firstFlights.add(flight);
      return () => {
        flight.isOver = true;
        firstFlights.delete(flight);
        if (flight.isGivingWay) givingWay -= 1;
        count -= 1;
        if (share.isQuick) quick -= 1;
        share.places -= 1;
        learn(share, now() - flight.since);
        if (share.places === 0) remember(endpoint, share);
      };
    },
    giveWay(waitingAt) {
      if (count < limit * notSlowPart) return;
      const before = now() - firstMs;
      const wanted = waitingAt(unheardRank);
      for (const flight of firstFlights) {
        if (givingWay >= wanted || flight.since > before) return;
        firstFlights.delete(flight);
        flight.isGivingWay = true;
        givingWay += 1;
        flight.cutOff?.();
      }
    },
    isUnheard: (endpoint) => find(endpoint).typicalMs === undefined,
    count: () => count,
    at: (endpoint) => busy.get(endpoint)?.places ?? 0,
    update() {
      readLimits();
      const before = now() - quickMs;
      for (let flight = flights[aged]; flight !== undefined; flight = flights[aged]) {
        if (!flight.isOver && flight.since > before) break;
        if (!flight.isOver) setQuick(flight.share, false);
        aged += 1;
      }
      if (2 * aged > flights.length) [flights, aged] = [flights.slice(aged), 0];
      if (count >= common) slack.sample();
    },
    againMs({ isFirst }) {
      if (count >= limit) return isFirst ? agedAfterMs : Infinity;
      return isFirst ? againAfterMs : agedAfterMs;
    },
  };
}

/** Descriptors for all but connections: files of the spool, name look-ups, commands, Node itself. */
const otherDescriptors = 192;

/**
 * The most attempts that may ever be in flight.
 * @param limits.descriptors how many the process may have open (`ulimit -n`)
 * @param limits.idle connections that are kept for later
 */
export function mostInFlight(
  maxInFlight: number,
  { descriptors = Infinity, idle }: { descriptors?: number | undefined; idle: number },
): number {
  const spare = descriptors - Math.min(otherDescriptors, descriptors / 2) - idle;
  return Math.max(Math.floor(Math.min(maxInFlight + mostFirst, spare)), 1);
}
