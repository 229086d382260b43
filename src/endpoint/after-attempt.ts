/**
 * What an attempt changes in the health of its endpoint: a pure state machine,
 * (state, outcome, now, random) → state and decision.
 */
import type { Moment } from '../shared/clock.js';
import { backOffMs, longestBackOffMs, longestRetryAfterMs, minAttempts } from './back-off.js';
import { atThisClock } from './clock-jump.js';
import {
  type Conduct,
  type FailedDelivery,
  failuresOf,
  type Health,
  isBlocking,
  limitOf,
  maxAgainst,
  maxFailedDeliveries,
  wholeAttempts,
} from './health.js';

/** What an attempt tells. */
export type Outcome =
  /** With `disables` the receiver wants nothing more. */
  | { kind: 'ok'; disables?: string }
  /** It found fault with the event alone. */
  | { kind: 'rejected'; what: string }
  /** It wants this event never again. */
  | { kind: 'refused' }
  /** With `mayBeEvent` it can be the event's fault as well as the endpoint's. */
  | { kind: 'failed'; what: string; message?: string; retryAfterMs?: number; mayBeEvent?: boolean }
  /** It wants nothing more. */
  | { kind: 'gone'; what: string };

/** One attempt, as far as its endpoint's health is concerned. */
export interface AttemptOutcome {
  outcome: Outcome;
  /** The event's id. */
  event: string;
  /** When it began, ms since the epoch. */
  startedAt: number;
  /** Whether the delivery has failed alone before, and has a schedule of its own; default false. */
  isAlone?: boolean;
}

/** What becomes of the delivery. */
export type Decision =
  | 'delivered'
  /** It stays where it is: it was the endpoint that failed. */
  | 'waits'
  /** It failed alone, and has a schedule of its own. */
  | 'alone'
  /** It is given up at once. */
  | 'refused';

/**
 * The endpoint's health after an attempt, and what becomes of the delivery.
 *
 * An answer that shows the endpoint at work makes it well at once, unless it is
 * paused, or has asked to be left alone since that attempt began; its allowed
 * concurrency then grows from 1 by 1/N with each further success, as Postfix's
 * does. A delivery that failed before and fails again while others succeed is poison: it failed
 * alone, and from then on says nothing of an endpoint that is well. Three
 * different ones in a row that fail alone for the first time speak of the
 * endpoint. Attempts that were in flight together when the endpoint failed
 * count as one failure: they tell of the same moment.
 *
 * @returns the same `health` object where nothing has changed
 */
export function afterAttempt(
  before: Health,
  attempt: AttemptOutcome,
  { conduct, ...moment }: Moment & { conduct: Conduct; random: number },
): { health: Health; decision: Decision } {
  const { outcome, event } = attempt;
  const health = atThisClock(before, moment);
  const holds = isHeld(health, attempt, moment.now);
  const answered = { settled: event, limit: limitOf(conduct), holds };
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
  const known = health.against ?? [];
  const against = attempt.isAlone ? known : [...known.filter((each) => each !== event), event];
  if (against.length >= maxAgainst && !attempt.isAlone)
    return { health: { ...parked(), against: against.slice(-maxAgainst) }, decision: 'waits' };
  // What it asks for it gets, whoever is at fault.
  if (outcome.kind === 'failed' && outcome.retryAfterMs !== undefined)
    return { health: parked(), decision: 'alone' };
  const noted = against.length === 0 ? {} : { against };
  const next =
    outcome.kind === 'rejected' ? afterAnswer(health, { ...noted, holds }) : { ...health, ...noted };
  return { health: next, decision: 'alone' };
}

/**
 * Whether a success that disables nothing leaves the health as it is, whatever the time. It is the ordinary case, and
 * {@link afterAttempt} need not be asked then.
 */
export function isUnchangedBySuccess(health: Health, event: string): boolean {
  return isSmooth(health) && health.clock === undefined && failuresOf(health, event) === 0;
}

/** Nothing that a success could mend. */
function isSmooth({ failures, allowed, against }: Health): boolean {
  return !failures && allowed === undefined && against === undefined;
}

function pausedBy(what: string): string {
  return `it answered ${what}`;
}

/** Whether it is the delivery that is at fault, as far as this attempt can tell. */
function failedAlone(
  health: Health,
  { outcome, event, isAlone = false }: AttemptOutcome,
  { order, onFailure }: Conduct,
): boolean {
  if (isBlocking({ order, onFailure })) return false; // the others wait for it in any case
  if (outcome.kind === 'rejected') return true;
  if (outcome.kind !== 'failed' || !outcome.mayBeEvent) return false;
  if (isAlone) return !health.failures;
  // Another one was delivered since it failed. In a strict order there is no other to compare with.
  const othersSucceed = !health.failures && health.against === undefined;
  return order === 'any' && othersSucceed && failuresOf(health, event) > 0;
}

interface Answered {
  /** The event of a delivery that is settled for good. */
  settled?: string;
  /** What the allowed concurrency grows to, where something has succeeded. */
  limit?: number;
  disables?: string | undefined;
  against?: readonly string[];
  /** Whether the endpoint stays parked all the same. */
  holds?: boolean;
}

/** What stays after an answer that shows the endpoint at work. */
function afterAnswer(health: Health, { settled, limit, disables, against, holds }: Answered): Health {
  const { failedDeliveries = [], failures, pace } = health;
  const isRemembered = settled !== undefined && failuresOf(health, settled) > 0;
  if (isSmooth(health) && !isRemembered && disables === undefined && against === undefined) return health;
  const others = failedDeliveries.filter(([id]) => id !== settled);
  const paused = health.paused ?? (disables === undefined ? undefined : pausedBy(disables));
  const { since, parkedUntil, failedAt, ageFrom, last, clock, asked } = health;
  const stays = paused !== undefined || holds === true;
  return defined({
    ...(stays && { failures, since, parkedUntil, failedAt, ageFrom, last, clock, paused, asked }),
    failedDeliveries: others.length === 0 ? undefined : others,
    allowed: holds === true ? undefined : allowedAfter(health, limit),
    against,
    pace,
  });
}

/** The concurrency allowed from now on; undefined where the limit is. */
function allowedAfter({ failures, allowed }: Health, limit: number | undefined): number | undefined {
  if (failures) return limit === 1 ? undefined : 1;
  if (allowed === undefined || limit === undefined) return allowed;
  const grown = allowed + 1 / wholeAttempts(allowed);
  return wholeAttempts(grown) >= limit ? undefined : grown;
}

/** Without what is undefined. */
function defined(values: { [K in keyof Health]: Health[K] | undefined }): Health {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** The endpoint failed, and waits. */
function park(
  health: Health,
  attempt: AttemptOutcome,
  { conduct: { retry }, random, ...moment }: Moment & { conduct: Conduct; random: number },
): Health {
  const { now } = moment;
  const { outcome } = attempt;
  const retryAfterMs = outcome.kind === 'failed' ? (outcome.retryAfterMs ?? 0) : 0;
  const asked = Math.min(Math.max(retryAfterMs, 0), longestRetryAfterMs);
  const failed = afterFailure(health, attempt, moment);
  const scheduled = isSameMoment(health, attempt, now)
    ? (health.parkedUntil ?? now)
    : now + backOffMs(retry, failed.failures ?? 1, random);
  const parkedUntil = Math.min(Math.max(scheduled, now + asked), now + longestBackOffMs(retry));
  const { asked: _, ...rest } = failed;
  return { ...rest, parkedUntil, ...((asked > 0 || isHeld(health, attempt, now)) && { asked: true }) };
}

/** Whether another attempt of the same moment was told to wait. */
function isHeld(health: Health, attempt: AttemptOutcome, now: number): boolean {
  return health.asked === true && isSameMoment(health, attempt, now);
}

function afterFailure(health: Health, attempt: AttemptOutcome, { now, clock }: Moment): Health {
  const { outcome, event } = attempt;
  const { allowed: _, against: __, ...kept } = health;
  const isNew = !isSameMoment(health, attempt, now);
  return {
    ...kept,
    failures: (health.failures ?? 0) + (isNew ? 1 : 0),
    since: health.since ?? now,
    failedAt: isNew ? [...(health.failedAt ?? []), now].slice(-minAttempts) : (health.failedAt ?? []),
    failedDeliveries: remember(health, event),
    ...('what' in outcome && { last: outcome.what }),
    ...(clock !== undefined && { clock }),
  };
}

/** A last failure in the future is from before the clock was set back. */
function isSameMoment({ failedAt }: Health, { startedAt }: AttemptOutcome, now: number): boolean {
  const last = failedAt?.at(-1) ?? Number.NEGATIVE_INFINITY;
  return startedAt <= last && last <= now;
}

/** The newest is always remembered, and the oldest are forgotten first. */
function remember(health: Health, event: string): readonly FailedDelivery[] {
  const others = (health.failedDeliveries ?? []).filter(([id]) => id !== event);
  return [...others.slice(1 - maxFailedDeliveries), [event, failuresOf(health, event) + 1]];
}
