/**
 * How fast an endpoint is sent to: never more attempts than its rate allows in
 * any stretch of that length. A sliding window, cut into buckets, so that its
 * size does not depend on the rate. Pure.
 */
import type { Rate } from './endpoint.js';

/** The attempts that began lately. */
export interface Pace {
  /** The length of the window in ms. */
  perMs: number;
  /** The newest bucket, counted in buckets since the epoch. */
  at: number;
  /** Attempts in each bucket, the newest first; at most {@link windowBuckets}. */
  counts: readonly number[];
}

/** The length of a rate has so many buckets. */
const bucketsPerLength = 60;

/** A stretch of that length touches so many of them at most. */
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
 * In how many ms the next attempt may begin; 0 at once. What another length of
 * the rate has left behind, or a time further ahead than any wait, does not
 * count; after the clock was set back, one length is waited at most.
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

/** A pace as JSON has kept it; undefined if it is none. */
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

/** The window with the present bucket as its newest. */
function windowAt(pace: Pace | undefined, rate: Rate, now: number): Pick<Pace, 'at' | 'counts'> {
  const at = Math.floor(now / bucketMs(rate));
  if (pace === undefined || pace.perMs !== rate.perMs || pace.at > at + windowBuckets)
    return { at, counts: [] };
  const gone = Math.max(at - pace.at, 0); // a later one is from before the clock was set back
  if (gone >= windowBuckets) return { at, counts: [] };
  const fresh = Array.from({ length: gone }, () => 0);
  return { at, counts: [...fresh, ...pace.counts].slice(0, windowBuckets) };
}
