/** How long is waited after failures. Pure. */
import type { RetryPolicy } from './endpoint.js';

/** Nothing is given up for failing before it was tried so often. */
export const minAttempts = 8;

/** The longest wait that a receiver can ask for with `Retry-After`, in ms. */
export const longestRetryAfterMs = 86_400_000;

/** The wait between two attempts during a run of rejections, in ms. */
export const rejectionPauseMs = 500;

/** The wait after failure number `failures` (from 1), in ms, jitter included. */
export function backOffMs({ scheduleMs, jitter }: RetryPolicy, failures: number, random: number): number {
  const base = scheduleMs[Math.min(failures, scheduleMs.length) - 1] ?? 0;
  return Math.round(base * (1 + jitter * (2 * random - 1)));
}

/** The longest wait there can be, in ms, whatever the schedule or a receiver says. */
export function longestBackOffMs({ scheduleMs, jitter }: RetryPolicy): number {
  return Math.max(longestRetryAfterMs, ...scheduleMs.map((ms) => Math.ceil(ms * (1 + jitter))));
}

/**
 * When a delivery that failed alone is tried again, by its own schedule;
 * undefined when that has ended. A short schedule goes on with its last wait
 * until {@link minAttempts} were made.
 * @param options.attempts how often it has failed alone, this time included
 * @param options.now ms since the epoch
 * @returns ms since the epoch, later than `now`
 */
export function ownRetryAt(
  policy: RetryPolicy,
  { attempts, now, random }: { attempts: number; now: number; random: number },
): number | undefined {
  if (attempts > policy.scheduleMs.length && attempts >= minAttempts) return undefined;
  // A pass looks at what was due when it began: never is what it defers due by then.
  return now + Math.max(backOffMs(policy, attempts, random), 1);
}
