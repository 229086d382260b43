/**
 * The health of an endpoint as a pure state machine: back-off belongs to the
 * endpoint, not to each delivery. (state, outcome, now, random) → state.
 */
import type { RetryPolicy } from './endpoint.js';

/** What is known of an endpoint's recent past. An empty object is a well endpoint. */
export interface Health {
  /** Failed attempts since the last success. */
  failures?: number;
  /** When the trouble began, ms since the epoch. */
  since?: number;
  /** No attempt before this, ms since the epoch. */
  parkedUntil?: number;
  /** When attempts failed lately, ms since the epoch, oldest first; at most {@link minAttempts}. */
  failedAt?: readonly number[];
  /** Why it is paused: nothing is sent until somebody clears it. */
  paused?: string;
  /** What went wrong last: `503`, `ECONNREFUSED`, … */
  last?: string;
  /** How often a delivery failed with the endpoint, by event id; at most {@link maxFailedDeliveries}. */
  failedDeliveries?: Readonly<Record<string, number>>;
}

/** So many deliveries' attempts are remembered; of others the count begins anew. */
export const maxFailedDeliveries = 256;

/** A delivery is not given up before its endpoint was tried so often since it was accepted. */
export const minAttempts = 8;

/** The longest wait that a receiver can ask for with `Retry-After`, in ms. */
const longestRetryAfterMs = 86_400_000;

/** What an attempt tells of its endpoint. */
export type Outcome =
  | { kind: 'ok' }
  /** It answered, and found fault with the event alone: the endpoint is well, the delivery still owed. */
  | { kind: 'rejected' }
  | { kind: 'failed'; what: string; message?: string; retryAfterMs?: number }
  | { kind: 'gone' };

/** One attempt, as far as its endpoint's health is concerned. */
export interface AttemptOutcome {
  outcome: Outcome;
  /** The event's id. */
  event: string;
  /** When it began, ms since the epoch. */
  startedAt: number;
}

export interface Moment {
  /** ms since the epoch. */
  now: number;
  /** 0 ≤ random < 1. */
  random: number;
}

/** The wait after failure number `failures` (from 1), in ms, jitter included. */
export function backOffMs(policy: RetryPolicy, failures: number, random: number): number {
  const { scheduleMs, jitter } = policy;
  const base = scheduleMs[Math.min(failures, scheduleMs.length) - 1] ?? 0;
  return Math.round(base * (1 + jitter * (2 * random - 1)));
}

/** No endpoint is parked for longer, in ms, whatever the clock does. */
function longestParkMs({ scheduleMs, jitter }: RetryPolicy): number {
  return Math.max(longestRetryAfterMs, ...scheduleMs.map((ms) => Math.ceil(ms * (1 + jitter))));
}

/** How often a delivery failed with its endpoint, as far as it is remembered. */
export function failuresOf({ failedDeliveries = {} }: Health, event: string): number {
  return Object.hasOwn(failedDeliveries, event) ? (failedDeliveries[event] ?? 0) : 0;
}

/**
 * The endpoint's health after an attempt. A success makes it well at once,
 * unless it is paused. Attempts that were in flight together when the endpoint
 * failed count as one failure: they tell of the same moment.
 */
export function afterAttempt(
  health: Health,
  { outcome, event, startedAt }: AttemptOutcome,
  { policy, now, random }: Moment & { policy: RetryPolicy },
): Health {
  if (outcome.kind === 'ok') return afterAnswer(health, without(health.failedDeliveries, event));
  if (outcome.kind === 'rejected') return afterAnswer(health, health.failedDeliveries ?? {});
  const failedDeliveries = remember(health, event);
  const lastFailure = health.failedAt?.at(-1) ?? Number.NEGATIVE_INFINITY;
  // A last failure in the future is from before the clock was set back.
  const sameMoment = startedAt <= lastFailure && lastFailure <= now;
  const failures = (health.failures ?? 0) + (sameMoment ? 0 : 1);
  const failedAt = sameMoment
    ? (health.failedAt ?? [])
    : [...(health.failedAt ?? []), now].slice(-minAttempts);
  const next = { failures, since: health.since ?? now, failedAt, failedDeliveries };
  if (outcome.kind === 'gone') return { ...next, last: '410', paused: 'it answered 410 Gone' };
  const asked = Math.min(Math.max(outcome.retryAfterMs ?? 0, 0), longestRetryAfterMs);
  const scheduled = sameMoment ? (health.parkedUntil ?? now) : now + backOffMs(policy, failures, random);
  const paused = health.paused === undefined ? {} : { paused: health.paused };
  const parkedUntil = Math.min(Math.max(scheduled, now + asked), now + longestParkMs(policy));
  return { ...next, ...paused, last: outcome.what, parkedUntil };
}

/** What stays after an answer that shows the endpoint at work: that it is paused, which only somebody can clear. */
function afterAnswer(health: Health, failedDeliveries: Readonly<Record<string, number>>): Health {
  const { failedDeliveries: _, ...rest } = health;
  const kept = health.paused === undefined ? {} : rest;
  return Object.keys(failedDeliveries).length === 0 ? kept : { ...kept, failedDeliveries };
}

function without(
  failedDeliveries: Health['failedDeliveries'],
  event: string,
): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(failedDeliveries ?? {}).filter(([id]) => id !== event));
}

/** The newest is always remembered, and the oldest are forgotten first. */
function remember(health: Health, event: string): Readonly<Record<string, number>> {
  const others = Object.entries(without(health.failedDeliveries, event)).slice(1 - maxFailedDeliveries);
  return Object.fromEntries([...others, [event, failuresOf(health, event) + 1]]);
}

/** How many attempts may be in flight at once: a sick endpoint is probed with one. */
export function allowedConcurrency(health: Health, limit: number): number {
  return health.failures ? 1 : limit;
}

/**
 * Until when the endpoint is parked, ms since the epoch; 0 if it is not. A time
 * further away than any wait is from before the clock was set back.
 */
export function parkedUntil(health: Health, now: number, policy: RetryPolicy): number {
  const until = health.parkedUntil ?? 0;
  return until > now + longestParkMs(policy) ? 0 : until;
}

/** Whether the endpoint may be tried at `now` (ms). */
export function isOpen(health: Health, now: number, policy: RetryPolicy): boolean {
  return health.paused === undefined && parkedUntil(health, now, policy) <= now;
}

/** Whether a delivery is given up: old enough, and its endpoint tried often enough since it was accepted. */
export function isGivenUp(
  health: Health,
  { acceptedAt, giveUpAfterMs, now }: { acceptedAt: number; giveUpAfterMs: number; now: number },
): boolean {
  const failedAt = health.failedAt ?? [];
  const oldest = failedAt[0];
  return (
    now - acceptedAt > giveUpAfterMs &&
    failedAt.length >= minAttempts &&
    oldest !== undefined &&
    oldest >= acceptedAt
  );
}
