/** The waits after failures. Pure. */
import type { RetryPolicy } from './endpoint.js';

/** Minimum number of attempts before a delivery is given up. */
export const minAttempts = 8;

/** Maximum wait that a receiver can ask for with `Retry-After`, in ms. */
export const longestRetryAfterMs = 86_400_000;

/** The wait between two attempts during a run of rejections, in ms. */
export const rejectionPauseMs = 500;

/** The wait after failure number `failures` (from 1), in ms, jitter included. */
export function backOffMs({ scheduleMs, jitter }: RetryPolicy, failures: number, random: number): number {
  const base = scheduleMs[Math.min(failures, scheduleMs.length) - 1] ?? 0;
  return Math.round(base * (1 + jitter * (2 * random - 1)));
}

/** The longest possible wait, in ms: by the schedule with jitter, or by `Retry-After`. */
export function longestBackOffMs({ scheduleMs, jitter }: RetryPolicy): number {
  return Math.max(longestRetryAfterMs, ...scheduleMs.map((ms) => Math.ceil(ms * (1 + jitter))));
}

/**
 * When a delivery that failed alone is tried again, by its own schedule;
 * undefined after the end of the schedule. A short schedule repeats its last wait
 * until {@link minAttempts} were made.
 * @param options.attempts how often it has failed alone, including this time
 * @param options.now ms since the epoch
 * @returns ms since the epoch, later than `now`
 */
export function ownRetryAt(
  policy: RetryPolicy,
  { attempts, now, random }: { attempts: number; now: number; random: number },
): number | undefined {
  if (attempts > policy.scheduleMs.length && attempts >= minAttempts) return undefined;
  // A pass sends what was due when it began. What it defers must be due later than that.
  return now + Math.max(backOffMs(policy, attempts, random), 1);
}
