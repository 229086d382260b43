/**
 * The health of an endpoint, and what it allows: back-off belongs to the
 * endpoint, not to each delivery. Pure; `after-attempt.ts` has its changes.
 */
import type { ClockReading, Moment } from '../shared/clock.js';
import { longestBackOffMs, minAttempts, rejectionPauseMs } from './back-off.js';
import { atThisClock } from './clock-jump.js';
import type { Endpoint } from './endpoint.js';
import type { Pace } from './pace.js';

/** What is known of an endpoint's recent past. An empty object is a well endpoint. Times are ms since the epoch. */
export interface Health {
  /** Failed attempts since the last success. */
  failures?: number;
  /** When the trouble began. */
  since?: number;
  /** No attempt before this. Without `failures`: the pause of a run of rejections. */
  parkedUntil?: number;
  /** No attempt before this, because it asked for that (`Retry-After`). */
  askedUntil?: number;
  /** When it last wanted fewer requests (429). Until it has not for {@link limitMemoryMs}, nobody is told that it is well. */
  limitedAt?: number;
  /** When attempts failed lately, oldest first; at most {@link minAttempts}. */
  failedAt?: readonly number[];
  /** After the clock has jumped: no delivery's age counts from before. */
  ageFrom?: number;
  /** Why it cannot be sent to before a person puts something right. */
  mistake?: string;
  /** Why it is paused: nothing is sent until somebody clears it. */
  paused?: string;
  /** What went wrong last: `503`, `ECONNREFUSED`, … */
  last?: string;
  /** How often deliveries failed with the endpoint, the latest last; at most {@link maxFailedDeliveries}. */
  failedDeliveries?: readonly FailedDelivery[];
  /** While it recovers: attempts in flight at once, from 1, with the fractions that add up. Absent: its limit. */
  allowed?: number;
  /** Different deliveries that failed alone, with no success between them; at most {@link maxAgainst} event ids, which make a run. */
  against?: readonly string[];
  /** Since when it has deliveries on hold, because it is not registered for them. */
  heldSince?: number;
  /** Present where all that it is owed is on hold: then the next drain need not read it again. */
  heldAll?: HeldAll;
  /** The clock by which these times are. */
  clock?: ClockReading;
  /** How fast it was sent to lately. */
  pace?: Pace;
}

/** What was found of an endpoint of which everything is on hold. */
export interface HeldAll {
  /** The hooks by which it is on hold: another fingerprint, and it is to be looked at again. */
  hooks: string;
  /** How its queue looked then. */
  queue: string;
  /** The time of the first of them counts from so many ms after `heldSince`. */
  afterMs: number;
}

/** The event's id, and how often its delivery failed. A list of them keeps its order; an object would put the id `42` first. */
export type FailedDelivery = readonly [event: string, failures: number];

/** So many deliveries' attempts are remembered; of others the count begins anew. */
export const maxFailedDeliveries = 256;

/** So many different deliveries that are rejected, one after another, are a run of rejections. */
export const maxAgainst = 3;

/** An endpoint that wants fewer requests again within this time, in ms, was never well. */
export const limitMemoryMs = 600_000;

/** The settings that decide what follows from an attempt. */
export type Conduct = Pick<Endpoint, 'retry' | 'concurrency' | 'order' | 'onFailure'>;

/** How an endpoint is. */
export type State = 'well' | 'parked' | 'paused';

/** How an endpoint is. `parked` is also one whose time has come, until an attempt succeeds. */
export function stateOf({ failures, paused }: Health): State {
  if (paused !== undefined) return 'paused';
  return failures ? 'parked' : 'well';
}

/**
 * How an endpoint is, as it is told to people and programs. One that wants
 * fewer requests now and then is told once, and not each time it has had a rest.
 */
export function toldStateOf(health: Health): State {
  const state = stateOf(health);
  return state === 'well' && health.limitedAt !== undefined ? 'parked' : state;
}

/** Whether the last deliveries, and more than a few, were rejected: it works, and is sent to slowly. */
export function isInRun({ failures, against }: Health): boolean {
  return !failures && against !== undefined && against.length >= maxAgainst;
}

/** How often a delivery failed with its endpoint, as far as it is remembered. */
export function failuresOf({ failedDeliveries }: Health, event: string): number {
  return failedDeliveries?.find(([id]) => id === event)?.[1] ?? 0;
}

/** How long the health of an endpoint that nobody is registered with is kept, in ms: a pause lasts as long. */
const longestKeptMs = 30 * 86_400_000;

/**
 * Whether the health of an endpoint that is owed nothing, and that is not registered, still says something: it is
 * paused, parked, or was sent to as fast as its rate allows.
 * @param options.savedAt when it was saved, ms since the epoch
 */
export function isWorthKeeping(
  { paused, parkedUntil = 0, pace }: Health,
  { savedAt, now }: { savedAt: number; now: number },
): boolean {
  if (now - savedAt > longestKeptMs) return false;
  const isPaced = pace !== undefined && now - savedAt < pace.perMs;
  return paused !== undefined || parkedUntil > now || isPaced;
}

/** How many attempts may be in flight at once: one that has failed is probed with one, and a run of rejections goes on with one. */
export function allowedConcurrency(health: Health, conduct: Conduct): number {
  if (health.failures || isInRun(health)) return 1;
  const limit = limitOf(conduct);
  return health.allowed === undefined ? limit : Math.min(wholeAttempts(health.allowed), limit);
}

/** Whether all others wait for a delivery that fails. */
export function isBlocking({ order, onFailure }: Pick<Conduct, 'order' | 'onFailure'>): boolean {
  return order === 'strict' && onFailure === 'block';
}

/** How many attempts may be in flight at once to an endpoint that is well. */
export function limitOf({ order, concurrency }: Pick<Conduct, 'order' | 'concurrency'>): number {
  return order === 'strict' ? 1 : concurrency;
}

/** Three thirds are a whole, whatever floating point makes of it. */
export function wholeAttempts(allowed: number): number {
  return Math.floor(allowed + 1e-9);
}

/**
 * What a parked endpoint is probed with, and one in a run of rejections is sent:
 * deliveries of other events than these, the longest ago failed first; those
 * that never failed alone come before those that did. Undefined for one that is
 * well, and for a parked one in strict order, which is probed with what is next.
 */
export function probeOf(health: Health, { order }: Conduct): readonly string[] | undefined {
  if (isInRun(health) && order === 'strict') return [];
  if (!isInRun(health) && (!health.failures || order === 'strict')) return undefined;
  return (health.failedDeliveries ?? []).map(([event]) => event);
}

/**
 * Until when the endpoint is parked, ms since the epoch; 0 if it is not. A time
 * further away than any wait is from before the clock was set back.
 */
export function parkedUntil(health: Health, moment: Moment, { retry }: Pick<Conduct, 'retry'>): number {
  const until = atThisClock(health, moment).parkedUntil ?? 0;
  return until > moment.now + longestBackOffMs(retry) ? 0 : until;
}

/**
 * When a drain that does not wait for the schedule may try a parked endpoint, ms since the epoch: `everyMs` after the
 * last failure that counted, and never before the time that it asked for.
 */
export function earlyAt(health: Health, moment: Moment, { everyMs }: { everyMs: number }): number {
  const { failedAt = [], askedUntil = 0 } = atThisClock(health, moment);
  return Math.max(askedUntil, (failedAt.at(-1) ?? 0) + everyMs);
}

/** For how much longer a run of rejections pauses, in ms. More than a pause is from before the clock was set back. */
export function runPauseMs(health: Health, now: number): number {
  if (!isInRun(health)) return 0;
  const left = (health.parkedUntil ?? 0) - now;
  return left > rejectionPauseMs ? 0 : Math.max(left, 0);
}

/** Whether a delivery of a paused endpoint was kept for long enough, by a sane clock. */
export function isKeptTooLong(
  health: Health,
  { acceptedAt, keepMs, ...moment }: Moment & { acceptedAt: number; keepMs: number },
): boolean {
  const { ageFrom = acceptedAt } = atThisClock(health, moment);
  return moment.now - Math.max(acceptedAt, ageFrom) > keepMs;
}

/** Whether a delivery is given up: old enough, and its endpoint tried often enough since it was accepted, by a sane clock. */
export function isGivenUp(
  health: Health,
  { acceptedAt, giveUpAfterMs, ...moment }: Moment & { acceptedAt: number; giveUpAfterMs: number },
): boolean {
  const { failedAt = [], ageFrom = acceptedAt } = atThisClock(health, moment);
  // A time in the future is from before the clock was set right.
  const from = ageFrom > moment.now ? acceptedAt : Math.max(acceptedAt, ageFrom);
  const oldest = failedAt[0];
  return (
    moment.now - from > giveUpAfterMs &&
    failedAt.length >= minAttempts &&
    oldest !== undefined &&
    oldest >= acceptedAt
  );
}
