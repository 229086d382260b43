/** Attempts a minute over the last hour. Each look reads only what was journaled since the last one. */
import type { ScannedAttempt } from '../../../journal/attempt-scan.js';
import type { AttemptCounts } from '../../../journal/recent-attempts.js';
import type { Clock } from '../../../shared/clock.js';
import { createDurations, type Durations } from './durations.js';

/** Number of minutes, the present one included. */
export const trafficMinutes = 60;

const minuteMs = 60_000;

/** The attempts of one minute, over all endpoints. */
export interface Minute extends AttemptCounts {
  /** When it began, ms since the epoch. */
  at: number;
  /** Half of the attempts took at most this long, in ms; undefined without attempts. */
  medianMs: number | undefined;
  /** 19 of 20 attempts took at most this long. */
  p95Ms: number | undefined;
}

/** The last hour, minute by minute, oldest first. */
export interface Traffic {
  minutes: readonly Minute[];
  /** By the endpoint's id; an endpoint without attempts is not there. */
  byEndpoint: ReadonlyMap<string, readonly AttemptCounts[]>;
}

interface Bucket extends AttemptCounts {
  durations: Durations;
  byEndpoint: Map<string, AttemptCounts>;
}

export interface TrafficPorts {
  /** Calls back with each attempt of the last hour that it has not told yet. */
  readNew(callback: (attempt: ScannedAttempt) => void): Promise<void>;
  clock: Pick<Clock, 'now'>;
}

/**
 * Makes a look at the last hour.
 * @param options.endpoint the id of the only endpoint that counts; default: all
 * @returns a function that resolves to the hour up to now; looks that overlap are one; it throws as `readNew`
 */
export function createTraffic(
  { readNew, clock }: TrafficPorts,
  { endpoint }: { endpoint?: string | undefined } = {},
): () => Promise<Traffic> {
  const buckets = new Map<number, Bucket>();
  let running: Promise<Traffic> | undefined;

  async function look(): Promise<Traffic> {
    await readNew((attempt) => {
      if (endpoint === undefined || attempt.endpoint === endpoint) count(buckets, attempt);
    });
    const first = Math.floor(clock.now() / minuteMs) - trafficMinutes + 1;
    for (const minute of buckets.keys()) if (minute < first) buckets.delete(minute);
    return trafficOf(buckets, first);
  }

  return () => {
    running ??= look().finally(() => {
      running = undefined;
    });
    return running;
  };
}

function count(buckets: Map<number, Bucket>, { time, result, endpoint, ms }: ScannedAttempt): void {
  const minute = Math.floor(Date.parse(time) / minuteMs);
  const bucket = buckets.get(minute) ?? emptyBucket();
  buckets.set(minute, bucket);
  const own = bucket.byEndpoint.get(endpoint) ?? { attempts: 0, failures: 0 };
  bucket.byEndpoint.set(endpoint, own);
  bucket.durations.add(ms);
  for (const each of [bucket, own]) {
    each.attempts += 1;
    if (result !== 'delivered') each.failures += 1;
  }
}

function emptyBucket(): Bucket {
  return { attempts: 0, failures: 0, durations: createDurations(), byEndpoint: new Map() };
}

function trafficOf(buckets: ReadonlyMap<number, Bucket>, first: number): Traffic {
  const byEndpoint = new Map<string, AttemptCounts[]>();
  const minutes = Array.from({ length: trafficMinutes }, (_, index): Minute => {
    const bucket = buckets.get(first + index) ?? emptyBucket();
    for (const [id, counts] of bucket.byEndpoint) {
      const series = byEndpoint.get(id) ?? emptySeries();
      byEndpoint.set(id, series);
      series[index] = counts;
    }
    const { attempts, failures, durations } = bucket;
    const at = (first + index) * minuteMs;
    return { at, attempts, failures, medianMs: durations.quantile(0.5), p95Ms: durations.quantile(0.95) };
  });
  return { minutes, byEndpoint };
}

function emptySeries(): AttemptCounts[] {
  return Array.from({ length: trafficMinutes }, () => ({ attempts: 0, failures: 0 }));
}
