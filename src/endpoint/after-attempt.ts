/**
 * What an attempt changes in the health of its endpoint: a pure state machine,
 * (state, outcome, now, random) → state and decision.
 */
import type { Moment } from '../shared/clock.js';
import {
  backOffMs,
  longestBackOffMs,
  longestRetryAfterMs,
  minAttempts,
  rejectionPauseMs,
} from './back-off.js';
import { atThisClock } from './clock-jump.js';
import {
  type Conduct,
  type FailedDelivery,
  failuresOf,
  type Health,
  isBlocking,
  isInRun,
  limitMemoryMs,
  limitOf,
  maxAgainst,
  maxFailedDeliveries,
  wholeAttempts,
} from './health.js';

/** What an attempt tells. */
export type Outcome =
  /** With `disables` the receiver wants nothing more. */
  | { kind: 'ok'; disables?: string }
  /** It found fault with the event alone, and asks for a wait of `retryAfterMs` where that is there. */
  | { kind: 'rejected'; what: string; message?: string; retryAfterMs?: number }
  /** It wants this event never again. */
  | { kind: 'refused' }
  | FailedOutcome
  /** It wants nothing more. */
  | { kind: 'gone'; what: string; message?: string };

/** The endpoint failed. */
export interface FailedOutcome {
  kind: 'failed';
  what: string;
  message?: string;
  /** The wait that it asks for, in ms. */
  retryAfterMs?: number;
  /** It can be the event's fault as well as the endpoint's. */
  mayBeEvent?: boolean;
  /** It works, and wants fewer requests. */
  limits?: boolean;
}

/** One attempt, as far as its endpoint's health is concerned. */
export interface AttemptOutcome {
  outcome: Outcome;
  /** The event's id. */
  event: string;
  /** When it began, ms since the epoch. */
  startedAt: number;
  /** Whether the delivery has failed alone before, and has a schedule of its own; default false. */
  isAlone?: boolean;
  /** Whether it was made before its time, for a drain that does not wait for that; default false. */
  isEarly?: boolean;
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
 * different ones in a row that are rejected are a run: the endpoint works, and
 * the others go on one at a time, with a short pause after each. Attempts that
 * were in flight together when the endpoint failed count as one failure: they
 * tell of the same moment. An early one that fails moves neither the schedule
 * nor giving up.
 *
 * @returns the same `health` object where nothing has changed
 */
export function afterAttempt(
  before: Health,
  attempt: AttemptOutcome,
  { conduct, ...moment }: Moment & { conduct: Conduct; random: number },
): { health: Health; decision: Decision } {
  const { outcome, event } = attempt;
  const health = withoutMistake(atThisClock(before, moment));
  const { now } = moment;
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
  // What it asks for it gets, whoever is at fault.
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

/** The different deliveries that failed alone; one that did so before has nothing new to tell. */
function notedAgainst(
  { against }: Health,
  { event, isAlone }: AttemptOutcome,
): readonly string[] | undefined {
  if (isAlone) return against;
  const others = (against ?? []).filter((each) => each !== event);
  return [...others, event].slice(-maxAgainst);
}

/**
 * The endpoint's health after the head of a strict order, which was rejected and is too old, has been given up: it was
 * that one that was at fault, so the next one is tried soon, and then on the schedule from its beginning.
 */
export function afterHeadGivenUp(health: Health, now: number): Health {
  const { askedUntil: _, ...kept } = health;
  return { ...kept, failures: 1, parkedUntil: now + rejectionPauseMs };
}

/**
 * Whether a success that disables nothing leaves the health as it is, whatever the time. It is the ordinary case, and
 * {@link afterAttempt} need not be asked then.
 */
export function isUnchangedBySuccess(health: Health, event: string): boolean {
  return isSmooth(health) && health.clock === undefined && failuresOf(health, event) === 0;
}

/** Nothing that a success could mend. */
function isSmooth(health: Health): boolean {
  return isUnbroken(health) && health.limitedAt === undefined && health.mistake === undefined;
}

/** Nothing that a success could mend now. */
function isUnbroken({ failures, allowed, against }: Health): boolean {
  return !failures && allowed === undefined && against === undefined;
}

function pausedBy(what: string): string {
  return `it answered ${what}`;
}

/** An attempt was made: what stood in its way is put right. */
function withoutMistake(health: Health): Health {
  if (health.mistake === undefined) return health;
  const { mistake: _, ...rest } = health;
  return rest;
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
  disables?: string;
  against?: readonly string[];
  /** Whether the endpoint stays parked all the same. */
  holds?: boolean;
  /** ms since the epoch. */
  now: number;
}

/** What stays after an answer that shows the endpoint at work. */
function afterAnswer(health: Health, { settled, limit, disables, against, holds, now }: Answered): Health {
  const { failedDeliveries = [], failures, pace, since, clock, heldSince } = health;
  const isRemembered = settled !== undefined && failuresOf(health, settled) > 0;
  const limitedAt = isRecent(health.limitedAt, now) ? health.limitedAt : undefined;
  const isSame = isUnbroken(health) && limitedAt === health.limitedAt && !isRemembered;
  if (isSame && disables === undefined && against === undefined) return health;
  const others = failedDeliveries.filter(([id]) => id !== settled);
  const paused = health.paused ?? (disables === undefined ? undefined : pausedBy(disables));
  const next: Health = {
    limitedAt,
    failedDeliveries: others.length === 0 ? undefined : others,
    allowed: holds === true ? undefined : allowedAfter(health, limit),
    against,
    pace,
    heldSince,
  };
  if (limitedAt !== undefined) next.since = since;
  if (limitedAt !== undefined || heldSince !== undefined) next.clock = clock;
  const staysParked = paused !== undefined || holds === true;
  if (!staysParked) return defined(next);
  const { parkedUntil, failedAt, ageFrom, last, askedUntil } = health;
  return defined({
    ...next,
    failures,
    since,
    parkedUntil,
    failedAt,
    ageFrom,
    last,
    clock,
    paused,
    askedUntil,
  });
}

/** A time in the future is from before the clock was set back. */
function isRecent(at: number | undefined, now: number): boolean {
  return at !== undefined && at <= now && now - at < limitMemoryMs;
}

/** The concurrency allowed from now on; undefined where the limit is. */
function allowedAfter({ failures, allowed }: Health, limit: number | undefined): number | undefined {
  if (failures) return limit === 1 ? undefined : 1;
  if (allowed === undefined || limit === undefined) return allowed;
  const grown = allowed + 1 / wholeAttempts(allowed);
  return wholeAttempts(grown) >= limit ? undefined : grown;
}

/** Without what is undefined. */
function defined(health: Health): Health {
  return Object.fromEntries(Object.entries(health).filter(([, value]) => value !== undefined));
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

/** Whether another attempt of the same moment was told to wait. */
function isHeld(health: Health, attempt: AttemptOutcome, now: number): boolean {
  return health.askedUntil !== undefined && isSameMoment(health, attempt, now);
}

/** One that came before its time counts neither for the schedule nor for giving up. */
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
