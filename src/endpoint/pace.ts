/**
 * Rate limit of an endpoint: a sliding window, so that no stretch of the rate's
 * length has more attempts than it allows. The window consists of buckets, so its
 * size does not depend on the rate. Pure.
 */
import type { Rate } from './endpoint.js';

/** The attempts that began recently. */
export interface Pace {
  /** The length of the window in ms. */
  perMs: number;
  /** The newest bucket, counted in buckets since the epoch. */
  at: number;
  /** Attempts in each bucket, the newest first; at most {@link windowBuckets}. */
  counts: readonly number[];
}

/** Number of buckets per length of a rate. */
const bucketsPerLength = 60;

/** Maximum number of buckets that a stretch of that length touches. */
const windowBuckets: number = bucketsPerLength + 1;

/**
 * The pace after an attempt has begun.
 * @param now ms since the epoch
 */
export function paceAfter(pace: Pace | undefined, rate: Rate, now: number): Pace {
  const { at, counts } = windowAt(pace, rate, now);
  return { perMs: rate.perMs, at, counts: [(counts[0] ?? 0) + 1, ...counts.slice(1)] };
}

/**
 * In how many ms the next attempt may begin; 0 for immediately. A pace of another
 * length, or one from further ahead than the window, is ignored, so after the
 * clock was set back the wait is at most one length.
 * @param now ms since the epoch
 */
export function waitForPace(pace: Pace | undefined, rate: Rate, now: number): number {
  if (pace === undefined) return 0;
  const { at, counts } = windowAt(pace, rate, now);
  let sum = counts.reduce((total, count) => total + count, 0);
  let left = 0;
  for (let oldest = windowBuckets - 1; sum >= rate.count && oldest >= 0; oldest -= 1) {
    sum -= counts[oldest] ?? 0;
    left = windowBuckets - oldest;
  }
  return left === 0 ? 0 : Math.max(Math.ceil((at + left) * bucketMs(rate) - now), 1);
}

/** Parses a saved pace; undefined if the value is not a pace. */
export function parsePace(value: unknown): Pace | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { perMs, at, counts } = value as Record<keyof Pace, unknown>;
  const isPace = isWhole(perMs) && perMs > 0 && isWhole(at) && Array.isArray(counts) && counts.every(isWhole);
  return isPace && counts.length <= windowBuckets ? { perMs, at, counts: counts as number[] } : undefined;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function bucketMs({ perMs }: Rate): number {
  return perMs / bucketsPerLength;
}

/** The window that ends with the present bucket. */
function windowAt(pace: Pace | undefined, rate: Rate, now: number): Pick<Pace, 'at' | 'counts'> {
  const at = Math.floor(now / bucketMs(rate));
  if (pace === undefined || pace.perMs !== rate.perMs || pace.at > at + windowBuckets)
    return { at, counts: [] };
  const elapsed = Math.max(at - pace.at, 0); // negative after the clock was set back
  if (elapsed >= windowBuckets) return { at, counts: [] };
  const fresh = Array.from({ length: elapsed }, () => 0);
  return { at, counts: [...fresh, ...pace.counts].slice(0, windowBuckets) };
}
