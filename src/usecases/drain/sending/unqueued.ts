/**
 * Deliveries that are sent without having been queued. The next step of the
 * intake queues those that are left, which costs more than waiting for them
 * while they are delivered fast.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../shared/clock.js';
import type { Intake } from '../../../spool/intake.js';
import type { DrainSummary } from '../ports.js';
import type { Signal } from '../signal.js';
import type { Attempts } from './attempts.js';

/** Fewer deliveries than this are waited for only as long as this, in ms. */
const FEW = 16;
const FEW_MS = 10;

/** They are waited for while at least this many are delivered in each interval. */
const PER_INTERVAL = 16;

/** Length of an interval, in ms: events of other endpoints that are fired meanwhile wait for it. */
const INTERVAL_MS = 50;

/** Length of the intervals before the first deliveries of a pass: connections are made, and code is compiled. */
const FIRST_INTERVAL_MS = 500;

export interface UnqueuedOptions {
  intake: Pick<Intake, 'unqueued'>;
  attempts: Attempts;
  signal: Signal;
  summary: DrainSummary;
  clock: Clock;
  /** Whether the drain stays: then new events are not kept waiting for the first deliveries. */
  stays: boolean;
  isStopping(): boolean;
}

/**
 * Sends what need not be queued, as long as that is fast.
 * @throws what `attempts` throws
 */
export async function sendUnqueued(options: UnqueuedOptions): Promise<void> {
  const { intake, attempts, signal, summary, clock, stays, isStopping } = options;
  if (intake.unqueued() === 0) return;
  const intervalMs = !stays && summary.delivered < PER_INTERVAL ? FIRST_INTERVAL_MS : INTERVAL_MS;
  let deliveredBefore = summary.delivered;
  let until = clock.monotonic() + intervalMs;
  let isFew = false;
  while (intake.unqueued() > 0 && !isStopping() && attempts.failure() === undefined) {
    if (!isFew && intake.unqueued() < FEW) {
      isFew = true;
      until = clock.monotonic() + FEW_MS;
    }
    if (clock.monotonic() >= until) {
      if (isFew || summary.delivered - deliveredBefore < PER_INTERVAL) break;
      until = clock.monotonic() + intervalMs;
      deliveredBefore = summary.delivered;
    }
    if (await attempts.fill()) await signal.wait(Math.max(until - clock.monotonic(), 1));
    await setImmediate();
  }
  signal.raise(); // the drain's loop has not heard what came home meanwhile
}
