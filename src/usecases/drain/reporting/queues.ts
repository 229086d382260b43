/** What is still queued, for whom and why: the end of every summary. */

import type { Rate } from '../../../endpoint/endpoint.js';
import { type Conduct, type Health, parkedUntil, pausedMs } from '../../../endpoint/health.js';
import { waitForPace } from '../../../endpoint/pace.js';
import type { Moment } from '../../../shared/clock.js';
import { isoTime } from '../../../shared/iso-time.js';
import type { DrainSummary, Queued, WhyQueued } from '../ports.js';

/** Endpoints that a summary names, at most. */
const maxQueues = 100;

/** The worst comes first: what needs a person, then what needs time. */
const order: readonly WhyQueued[] = ['misconfigured', 'on-hold', 'paused', 'parked', 'alone', 'paced', 'due'];

/** What is known of an endpoint that is owed something. */
export interface QueueFacts {
  endpoint: string;
  /** Deliveries owed. */
  count: number;
  /** How many of them failed alone, where that is known. */
  retrying?: number | undefined;
  /** How many of them are on hold; by default all, where the health tells of any. */
  held?: number;
  health: Health;
  /** When the first of those that failed alone is due, ms since the epoch. */
  nextDue?: number | undefined;
  conduct: Pick<Conduct, 'retry'> & { rate?: Rate };
  /** What its last attempt waited for when it was cut off. */
  cutOff?: string | undefined;
}

/** Why an endpoint has not got what it is owed. Pure. */
export function queuedOf(facts: QueueFacts, moment: Moment): Queued {
  const { endpoint, count, health, conduct, nextDue } = facts;
  const { now } = moment;
  const isHeld = facts.held === undefined ? health.heldSince !== undefined : facts.held >= count;
  if (isHeld) return { endpoint, count, why: 'on-hold' };
  const isPaused = pausedMs(health, now) > 0;
  if (health.mistake !== undefined && !isPaused)
    return { endpoint, count, why: 'misconfigured', what: health.mistake };
  if (isPaused) return pausedQueue({ endpoint, count, health });
  if (health.failures) {
    const until = parkedUntil(health, moment, conduct);
    const parked: Queued = { endpoint, count, why: 'parked', nextAttempt: isoTime(Math.max(until, now)) };
    if (health.last !== undefined) parked.what = health.last;
    return parked;
  }
  // Also where some have become due meanwhile, or wait behind them: it is the same trouble in the next pass.
  if (nextDue !== undefined || (facts.retrying ?? 0) > 0) {
    const alone: Queued = { endpoint, count, why: 'alone' };
    if (nextDue !== undefined) alone.nextAttempt = isoTime(Math.max(nextDue, now));
    return alone;
  }
  const pacedMs = conduct.rate === undefined ? 0 : waitForPace(health.pace, conduct.rate, now);
  if (pacedMs > 0) return { endpoint, count, why: 'paced', nextAttempt: isoTime(now + pacedMs) };
  const due: Queued = { endpoint, count, why: 'due' };
  if (facts.cutOff !== undefined) due.what = facts.cutOff;
  return due;
}

function pausedQueue({ endpoint, count, health }: Pick<QueueFacts, 'endpoint' | 'count' | 'health'>): Queued {
  const paused: Queued = { endpoint, count, why: 'paused', what: health.paused ?? '' };
  if (health.pause?.until !== undefined) paused.nextAttempt = isoTime(health.pause.until);
  return paused;
}

/** The queues that a summary names, in an order that does not change with their lengths, and the number of the others. */
export function summarizeQueues(all: readonly Queued[]): { queues: readonly Queued[]; moreQueues: number } {
  const rank = new Map(order.map((why, index) => [why, index]));
  const byTrouble = (a: Queued, b: Queued): number =>
    (rank.get(a.why) ?? 0) - (rank.get(b.why) ?? 0) || (a.endpoint < b.endpoint ? -1 : 1);
  const queues = [...all].sort(byTrouble).slice(0, maxQueues);
  return { queues, moreQueues: all.length - queues.length };
}

/** What is left in the queues, as a summary tells it. */
export type LeftInQueues = Pick<DrainSummary, 'owed' | 'onHold' | 'misconfigured' | 'queues' | 'moreQueues'>;

/** Sums up what is left in all queues. Pure. */
export function leftIn(all: readonly Queued[]): LeftInQueues {
  let [owed, onHold, misconfigured] = [0, 0, 0];
  for (const { why, count } of all) {
    owed += count;
    if (why === 'on-hold') onHold += count;
    if (why === 'misconfigured') misconfigured += 1;
  }
  return { owed, onHold, misconfigured, ...summarizeQueues(all) };
}
