/** Endpoints that are left alone for a while, whatever their health says: it lives in memory, and is about this drain. */
import type { Clock } from '../../../shared/clock.js';

/**
 * `failed`: the endpoint did; its health knows for how long, and a pass tries it once. `early`: it did before its
 * schedule had its next attempt, which its health does not note.
 * `ours`: this machine could not make the attempt. `mistake`: a person must put something right; `lasting-mistake`:
 * nobody can as long as this process runs. `spool`: the spool could not settle a delivery.
 */
export type RestReason = 'failed' | 'early' | 'ours' | 'mistake' | 'lasting-mistake' | 'spool';

export interface Resting {
  rest(endpoint: string, reason: RestReason): void;
  /** This machine has run out of something that all attempts need. */
  pause(): void;
  /** The endpoint works, and may go on; not where the spool is what it waits for. */
  wake(endpoint: string): void;
  isResting(endpoint: string): boolean;
  /** For how much longer, in ms; Infinity for the rest of a pass. */
  leftMs(endpoint: string): number;
  /** For how much longer nothing at all is to be started, in ms, so that this machine recovers. */
  pauseMs(): number;
}

/** How long nothing is started when this machine has run out of something that all attempts need, in ms. */
const pauseMs = 200;

/** There is no more than one such pause in this time, in ms. */
const pauseEveryMs = 2_000;

/** How often a drain that has a deadline tries an endpoint ahead of its schedule, in ms. */
export const tryEveryMs = 2_000;

/** How long an endpoint rests in a drain that stays, in ms. */
const restMs: Record<RestReason, number> = {
  failed: 0,
  early: tryEveryMs,
  ours: 1_000,
  mistake: 5_000,
  'lasting-mistake': 5_000,
  spool: 5_000,
};

/** Twice as long each time in a row that this machine could not make the attempt, up to this, in ms. */
const longestOursMs = 30_000;

export interface RestingOptions {
  /** What the drain drains until: a pass lets a rest last until its end, and `wait` one that nothing can end. */
  until: 'pass' | 'wait' | 'daemon';
}

/** Nobody rests yet. */
export function createResting(clock: Clock, { until }: RestingOptions): Resting {
  const resting = new Map<string, { until: number; reason: RestReason }>();
  /** How often in a row this machine could not make the attempt, by endpoint. */
  const oursInARow = new Map<string, number>();
  let pausedAt = Number.NEGATIVE_INFINITY;

  function lengthMs(endpoint: string, reason: RestReason): number {
    if (until === 'pass' || (until === 'wait' && reason === 'lasting-mistake')) return Infinity;
    if (reason !== 'ours') return restMs[reason];
    const times = oursInARow.get(endpoint) ?? 0;
    oursInARow.set(endpoint, times + 1);
    return Math.min(restMs.ours * 2 ** times, longestOursMs);
  }

  function leftMs(endpoint: string): number {
    if (resting.size === 0) return 0;
    const left = (resting.get(endpoint)?.until ?? 0) - clock.monotonic();
    if (left > 0) return left;
    resting.delete(endpoint);
    return 0;
  }

  return {
    rest(endpoint, reason) {
      if (leftMs(endpoint) > 0 && resting.get(endpoint)?.reason === 'spool') return;
      resting.set(endpoint, { until: clock.monotonic() + lengthMs(endpoint, reason), reason });
    },
    pause() {
      if (clock.monotonic() - pausedAt >= pauseEveryMs) pausedAt = clock.monotonic();
    },
    wake(endpoint) {
      oursInARow.delete(endpoint);
      if (resting.get(endpoint)?.reason !== 'spool') resting.delete(endpoint);
    },
    isResting: (endpoint) => leftMs(endpoint) > 0,
    leftMs,
    // Asked before each claim; mostly nothing was ever short.
    pauseMs: () =>
      pausedAt === Number.NEGATIVE_INFINITY ? 0 : Math.max(pausedAt + pauseMs - clock.monotonic(), 0),
  };
}
