/**
 * The health of an endpoint, and what it allows: back-off belongs to the
 * endpoint, not to each delivery. Pure. `after-attempt.ts` computes its changes.
 */
import type { ClockReading, Moment } from '../shared/clock.js';
import { longestBackOffMs, minAttempts, rejectionPauseMs } from './back-off.js';
import { atThisClock } from './clock-jump.js';
import type { Endpoint } from './endpoint.js';
import type { Pace } from './pace.js';

/** The recent history of an endpoint. An empty object is a well endpoint. Times are ms since the epoch. */
export interface Health {
  /** Failed attempts since the last success. */
  failures?: number;
  /** When the trouble began. */
  since?: number;
  /** No attempt before this. Without `failures`: the pause of a run of rejections. */
  parkedUntil?: number;
  /** No attempt before this, because the receiver asked for it (`Retry-After`). */
  askedUntil?: number;
  /** When it last asked for fewer requests (429). It is reported as well only {@link limitMemoryMs} later. */
  limitedAt?: number;
  /** Times of the latest failed attempts, oldest first; at most {@link minAttempts}. */
  failedAt?: readonly number[];
  /** Set after a jump of the clock: the age of every delivery counts from here at the earliest. */
  ageFrom?: number;
  /** Why it cannot be sent to until a person corrects something. */
  mistake?: string;
  /** Why it is paused, in words: nothing is sent until a person clears it, or the pause of a person ends. */
  paused?: string;
  /** The pause of a person; absent for a pause that an answer caused. */
  pause?: Pause;
  /** The last failure: `503`, `ECONNREFUSED`, … */
  last?: string;
  /** Failures of deliveries together with the endpoint, latest last; at most {@link maxFailedDeliveries}. */
  failedDeliveries?: readonly FailedDelivery[];
  /** Maximum attempts in flight while it recovers, from 1, in fractions. Absent: its full limit. */
  allowed?: number;
  /** Event ids of different deliveries that failed alone, without a success between them. {@link maxAgainst} of them are a run. */
  against?: readonly string[];
  /** Since when it has had deliveries on hold, because it is not registered for them. */
  heldSince?: number;
  /** Set if all its deliveries are on hold: the next drain then need not read them again. */
  heldAll?: HeldAll;
  /** The reading of the clock when these times were noted. */
  clock?: ClockReading;
  /** The attempts that began recently. */
  pace?: Pace;
}

/** A person's pause. Its times are those of the wall clock, also after a jump. */
export interface Pause {
  /** Who asked for it. */
  by: string;
  /** When, ms since the epoch. */
  at: number;
  /** When it ends by itself, ms since the epoch; absent: never. */
  until?: number;
}

/** The state in which all deliveries of an endpoint were on hold. */
export interface HeldAll {
  /** Fingerprint of the hooks; with a different one the deliveries are checked again. */
  hooks: string;
  /** Fingerprint of its queue. */
  queue: string;
  /** The hold of the first delivery began this many ms after `heldSince`. */
  afterMs: number;
}

/** An event's id, and how often its delivery failed. Kept in a list, since an object would move an id such as `42` to the front. */
export type FailedDelivery = readonly [event: string, failures: number];

/** Maximum number of deliveries whose failures are remembered; the count of others starts again from zero. */
export const maxFailedDeliveries = 256;

/** Number of different deliveries, rejected one after another, that make a run of rejections. */
export const maxAgainst = 3;

/** Time after the last 429, in ms, until an endpoint is reported as well. */
export const limitMemoryMs = 600_000;

/** The settings that decide the effect of an attempt. */
export type Conduct = Pick<Endpoint, 'retry' | 'concurrency' | 'order' | 'onFailure'>;

/** The state of an endpoint. */
export type State = 'well' | 'parked' | 'paused';

/** The state of an endpoint. It stays `parked` after its wait is over, until an attempt succeeds. */
export function stateOf({ failures, paused }: Health): State {
  if (paused !== undefined) return 'paused';
  return failures ? 'parked' : 'well';
}

/** For how long an endpoint is still paused, in ms: 0 if it is not, Infinity if only a person ends it. */
export function pausedMs({ paused, pause }: Health, now: number): number {
  if (paused === undefined) return 0;
  return pause?.until === undefined ? Infinity : Math.max(pause.until - now, 0);
}

/**
 * The state of an endpoint as it is reported. An endpoint that repeatedly asks
 * for fewer requests is reported once, and not again after each wait.
 */
export function toldStateOf(health: Health): State {
  const state = stateOf(health);
  return state === 'well' && health.limitedAt !== undefined ? 'parked' : state;
}

/** Whether the last deliveries were all rejected. The endpoint works, and is sent to slowly. */
export function isInRun({ failures, against }: Health): boolean {
  return !failures && against !== undefined && against.length >= maxAgainst;
}

/** How often a delivery failed together with its endpoint; 0 if it is not remembered. */
export function failuresOf({ failedDeliveries }: Health, event: string): number {
  return failedDeliveries?.find(([id]) => id === event)?.[1] ?? 0;
}

/** How long the health of an endpoint without registrations is kept, in ms; a pause lasts as long. */
const longestKeptMs = 30 * 86_400_000;

/**
 * Whether the health of an endpoint without registrations and deliveries still matters: it is paused, parked, or was
 * sent to at the limit of its rate.
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

/** Maximum concurrent attempts now: 1 to probe a failed endpoint and during a run of rejections. */
export function allowedConcurrency(health: Health, conduct: Conduct): number {
  if (health.failures || isInRun(health)) return 1;
  const limit = limitOf(conduct);
  return health.allowed === undefined ? limit : Math.min(wholeAttempts(health.allowed), limit);
}

/** Whether a failed delivery blocks all others. */
export function isBlocking({ order, onFailure }: Pick<Conduct, 'order' | 'onFailure'>): boolean {
  return order === 'strict' && onFailure === 'block';
}

/** Maximum concurrent attempts to a well endpoint. */
export function limitOf({ order, concurrency }: Pick<Conduct, 'order' | 'concurrency'>): number {
  return order === 'strict' ? 1 : concurrency;
}

/** Rounds down; three thirds count as a whole in spite of floating point. */
export function wholeAttempts(allowed: number): number {
  return Math.floor(allowed + 1e-9);
}

/**
 * The events to avoid when probing a parked endpoint, or one in a run of
 * rejections: deliveries of other events come first, and those that never failed
 * alone before those that did. If only these are left, the one that failed
 * longest ago is next. Undefined for a well endpoint, and for a parked one in
 * strict order, which is probed with its next delivery.
 */
export function probeOf(health: Health, { order }: Conduct): readonly string[] | undefined {
  if (isInRun(health) && order === 'strict') return [];
  if (!isInRun(health) && (!health.failures || order === 'strict')) return undefined;
  return (health.failedDeliveries ?? []).map(([event]) => event);
}

/**
 * Until when the endpoint is parked, ms since the epoch; 0 if it is not. A time
 * beyond the longest wait was noted before the clock was set back, and is ignored.
 */
export function parkedUntil(health: Health, moment: Moment, { retry }: Pick<Conduct, 'retry'>): number {
  const until = atThisClock(health, moment).parkedUntil ?? 0;
  return until > moment.now + longestBackOffMs(retry) ? 0 : until;
}

/**
 * When a drain that does not wait for the schedule may try a parked endpoint, ms since the epoch: `everyMs` after the
 * last counted failure, and never before the time that the receiver asked for.
 */
export function earlyAt(health: Health, moment: Moment, { everyMs }: { everyMs: number }): number {
  const { failedAt = [], askedUntil = 0 } = atThisClock(health, moment);
  return Math.max(askedUntil, (failedAt.at(-1) ?? 0) + everyMs);
}

/** Remaining pause of a run of rejections, in ms. A longer one was noted before the clock was set back, and is ignored. */
export function runPauseMs(health: Health, now: number): number {
  if (!isInRun(health)) return 0;
  const left = (health.parkedUntil ?? 0) - now;
  return left > rejectionPauseMs ? 0 : Math.max(left, 0);
}

/** Whether a delivery of a paused endpoint has been kept for longer than `keepMs`, with jumps of the clock corrected. */
export function isKeptTooLong(
  health: Health,
  { acceptedAt, keepMs, ...moment }: Moment & { acceptedAt: number; keepMs: number },
): boolean {
  const { ageFrom = acceptedAt } = atThisClock(health, moment);
  return moment.now - Math.max(acceptedAt, ageFrom) > keepMs;
}

/** Whether a delivery is given up: it is old enough, and its endpoint was tried often enough since it was accepted. */
export function isGivenUp(
  health: Health,
  { acceptedAt, giveUpAfterMs, ...moment }: Moment & { acceptedAt: number; giveUpAfterMs: number },
): boolean {
  const { failedAt = [], ageFrom = acceptedAt } = atThisClock(health, moment);
  // A future time was noted before the clock was corrected.
  const from = ageFrom > moment.now ? acceptedAt : Math.max(acceptedAt, ageFrom);
  const oldest = failedAt[0];
  return (
    moment.now - from > giveUpAfterMs &&
    failedAt.length >= minAttempts &&
    oldest !== undefined &&
    oldest >= acceptedAt
  );
}
