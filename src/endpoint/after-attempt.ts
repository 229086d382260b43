/**
 * How an attempt changes the health of its endpoint. A pure state machine:
 * (state, outcome, now, random) → state and decision.
 */
import type { Moment } from '../shared/clock.js';
import { afterAnswer, isUnbroken, pausedBy } from './after-answer.js';
import {
  backOffMs,
  longestBackOffMs,
  longestRetryAfterMs,
  minAttempts,
  rejectionPauseMs,
} from './back-off.js';
import { withoutEndedPause } from './by-hand.js';
import { atThisClock } from './clock-jump.js';
import {
  type Conduct,
  type FailedDelivery,
  failuresOf,
  type Health,
  isBlocking,
  isInRun,
  limitOf,
  maxAgainst,
  maxFailedDeliveries,
} from './health.js';

/** The result of an attempt. */
export type Outcome =
  /** Delivered. With `disables` the receiver wants no more events. */
  | { kind: 'ok'; disables?: string }
  /** The receiver rejected this event only. `retryAfterMs`: the wait it asked for. */
  | { kind: 'rejected'; what: string; message?: string; retryAfterMs?: number }
  /** The receiver never wants this event again. */
  | { kind: 'refused' }
  | FailedOutcome
  /** The receiver wants no more events. */
  | { kind: 'gone'; what: string; message?: string };

/** The endpoint failed. */
export interface FailedOutcome {
  kind: 'failed';
  what: string;
  message?: string;
  /** The wait that the receiver asked for, in ms. */
  retryAfterMs?: number;
  /** Whether the event may be at fault instead of the endpoint. */
  mayBeEvent?: boolean;
  /** Whether the endpoint works, and asks for fewer requests. */
  limits?: boolean;
}

/** The facts about an attempt that its endpoint's health depends on. */
export interface AttemptOutcome {
  outcome: Outcome;
  /** The event's id. */
  event: string;
  /** When it began, ms since the epoch. */
  startedAt: number;
  /** Whether the delivery has failed alone before, and has a schedule of its own; default false. */
  isAlone?: boolean;
  /** Whether the attempt was made ahead of schedule, by a drain that does not wait; default false. */
  isEarly?: boolean;
}

/** What happens to the delivery. */
export type Decision =
  | 'delivered'
  /** It stays in the queue: the endpoint failed. */
  | 'waits'
  /** It failed alone, and has a schedule of its own. */
  | 'alone'
  /** It is given up immediately. */
  | 'refused';

/**
 * Computes the endpoint's health after an attempt, and the decision on the delivery.
 *
 * An answer that shows that the endpoint works makes it well immediately, unless it
 * is paused, or has asked for a wait after that attempt began. Its allowed
 * concurrency then grows from 1 by 1/N with each further success, as in Postfix.
 *
 * A delivery that failed before, and fails again while others succeed, is poison:
 * it failed alone, and no longer affects an endpoint that is well. Three
 * different rejected deliveries in a row are a run: the endpoint works, and
 * deliveries continue one at a time, with a short pause after each.
 *
 * Attempts that were in flight together when the endpoint failed count as one
 * failure. A failed early attempt moves neither the schedule nor giving up.
 *
 * @returns the same `health` object if nothing has changed
 */
export function afterAttempt(
  before: Health,
  attempt: AttemptOutcome,
  { conduct, ...moment }: Moment & { conduct: Conduct; random: number },
): { health: Health; decision: Decision } {
  const { outcome, event } = attempt;
  const { now } = moment;
  const health = withoutEndedPause(withoutMistake(atThisClock(before, moment)), now);
  const holds = isHeld(health, attempt, now);
  const answered = { settled: event, limit: limitOf(conduct), holds, now };
  if (outcome.kind === 'ok')
    return {
      health: afterAnswer(health, { ...answered, disables: outcome.disables }),
      decision: 'delivered',
    };
  if (outcome.kind === 'refused') return { health: afterAnswer(health, answered), decision: 'refused' };
  if (outcome.kind === 'gone') {
    const paused = health.paused ?? pausedBy(outcome.what);
    return { health: { ...afterFailure(health, attempt, moment), paused }, decision: 'waits' };
  }
  const parked = () => park(health, attempt, { conduct, ...moment });
  if (!failedAlone(health, attempt, conduct)) return { health: parked(), decision: 'waits' };
  // The wait that the receiver asks for applies even if the event is at fault.
  if (outcome.kind === 'failed' && outcome.retryAfterMs !== undefined)
    return { health: parked(), decision: 'alone' };
  const against = notedAgainst(health, attempt);
  let next = health;
  if (outcome.kind === 'rejected') next = afterAnswer(health, { against, holds, now });
  else if (against !== undefined) next = { ...health, against };
  return {
    health: isInRun(next) ? { ...next, parkedUntil: now + rejectionPauseMs } : next,
    decision: 'alone',
  };
}

/** The different deliveries that failed alone. One that failed alone before adds nothing. */
function notedAgainst(
  { against }: Health,
  { event, isAlone }: AttemptOutcome,
): readonly string[] | undefined {
  if (isAlone) return against;
  const others = (against ?? []).filter((each) => each !== event);
  return [...others, event].slice(-maxAgainst);
}

/**
 * The endpoint's health after the first delivery of a strict order was rejected, became too old and was given up. That delivery
 * was at fault, so the next one is tried soon, and then on the schedule from its beginning.
 */
export function afterHeadGivenUp(health: Health, now: number): Health {
  const { askedUntil: _, ...kept } = health;
  return { ...kept, failures: 1, parkedUntil: now + rejectionPauseMs };
}

/**
 * Whether a success without `disables` leaves the health unchanged at any time. This is the usual case, and saves the
 * call of {@link afterAttempt}.
 */
export function isUnchangedBySuccess(health: Health, event: string): boolean {
  return isSmooth(health) && health.clock === undefined && failuresOf(health, event) === 0;
}

/** Whether a success would change nothing, now or later. */
function isSmooth(health: Health): boolean {
  const { limitedAt, mistake, pause } = health;
  return isUnbroken(health) && limitedAt === undefined && mistake === undefined && pause === undefined;
}

/** An attempt was made, so the mistake that prevented it is corrected. */
function withoutMistake(health: Health): Health {
  if (health.mistake === undefined) return health;
  const { mistake: _, ...rest } = health;
  return rest;
}

/** Whether the delivery is at fault, judging by this attempt. */
function failedAlone(
  health: Health,
  { outcome, event, isAlone = false }: AttemptOutcome,
  { order, onFailure }: Conduct,
): boolean {
  if (isBlocking({ order, onFailure })) return false; // the others wait for it anyway
  if (outcome.kind === 'rejected') return true;
  if (outcome.kind !== 'failed' || !outcome.mayBeEvent) return false;
  if (isAlone) return !health.failures;
  // Another delivery succeeded after this one failed. In a strict order there is no other to compare with.
  const othersSucceed = !health.failures && health.against === undefined;
  return order === 'any' && othersSucceed && failuresOf(health, event) > 0;
}

/** The endpoint failed, and waits. */
function park(
  health: Health,
  attempt: AttemptOutcome,
  { conduct: { retry }, random, ...moment }: Moment & { conduct: Conduct; random: number },
): Health {
  const { now } = moment;
  const { outcome } = attempt;
  const retryAfterMs = 'retryAfterMs' in outcome ? (outcome.retryAfterMs ?? 0) : 0;
  const asked = Math.min(Math.max(retryAfterMs, 0), longestRetryAfterMs);
  const isEarly = attempt.isEarly === true && health.failures !== undefined;
  const failed = isEarly ? afterEarlyFailure(health, attempt) : afterFailure(health, attempt, moment);
  const scheduled =
    isEarly || isSameMoment(health, attempt, now)
      ? (health.parkedUntil ?? now)
      : now + backOffMs(retry, failed.failures ?? 1, random);
  const parkedUntil = Math.min(Math.max(scheduled, now + asked), now + longestBackOffMs(retry));
  const { askedUntil: before, ...rest } = failed;
  const held = isHeld(health, attempt, now) ? (before ?? 0) : 0;
  const askedUntil = Math.max(held, asked > 0 ? now + asked : 0);
  return askedUntil > 0 ? { ...rest, parkedUntil, askedUntil } : { ...rest, parkedUntil };
}

/** Whether another attempt that was in flight at the same time was told to wait. */
function isHeld(health: Health, attempt: AttemptOutcome, now: number): boolean {
  return health.askedUntil !== undefined && isSameMoment(health, attempt, now);
}

/** An early failure moves neither the schedule nor giving up. */
function afterEarlyFailure(health: Health, { outcome, event }: AttemptOutcome): Health {
  const failedDeliveries = remember(health, event);
  return 'what' in outcome
    ? { ...health, failedDeliveries, last: outcome.what }
    : { ...health, failedDeliveries };
}

function afterFailure(health: Health, attempt: AttemptOutcome, { now, clock }: Moment): Health {
  const { outcome, event } = attempt;
  const { allowed: _, against: __, ...kept } = health;
  const isNew = !isSameMoment(health, attempt, now);
  const next: Health = {
    ...kept,
    failures: (health.failures ?? 0) + (isNew ? 1 : 0),
    since: health.since ?? now,
    failedAt: isNew ? [...(health.failedAt ?? []), now].slice(-minAttempts) : (health.failedAt ?? []),
    failedDeliveries: remember(health, event),
  };
  if ('what' in outcome) next.last = outcome.what;
  if (outcome.kind === 'failed' && outcome.limits) next.limitedAt = now;
  if (clock !== undefined) next.clock = clock;
  return next;
}

/** Whether the attempt began before the last failure. A last failure in the future does not count: the clock was set back after it. */
function isSameMoment({ failedAt }: Health, { startedAt }: AttemptOutcome, now: number): boolean {
  const last = failedAt?.at(-1) ?? Number.NEGATIVE_INFINITY;
  return startedAt <= last && last <= now;
}

/** Adds a failure of this event; the oldest events are forgotten first. */
function remember(health: Health, event: string): readonly FailedDelivery[] {
  const others = (health.failedDeliveries ?? []).filter(([id]) => id !== event);
  return [...others.slice(1 - maxFailedDeliveries), [event, failuresOf(health, event) + 1]];
}
