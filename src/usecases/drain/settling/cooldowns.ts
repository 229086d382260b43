/** Cooldowns of endpoints, apart from their health: they live in memory, and concern this drain only. */
import type { Clock } from '../../../shared/clock.js';

/**
 * `failed`: the endpoint failed; its health has the time of the next attempt, and a pass tries it once. `early`: it
 * failed before its scheduled attempt, which its health does not record. `ours`: this machine could not make the
 * attempt. `mistake`: a person must correct something; `lasting-mistake`: only a new process can see the correction.
 * `spool`: the spool could not finish a delivery.
 */
export type CooldownReason = 'failed' | 'early' | 'ours' | 'mistake' | 'lasting-mistake' | 'spool';

export interface Cooldowns {
  /** An endpoint gets no attempts for a while. */
  start(endpoint: string, reason: CooldownReason): void;
  /** This machine lacks a resource that all attempts need: no endpoint gets attempts for a while. */
  startForAll(): void;
  /** The endpoint works. Its cooldown ends, except one because of the spool. */
  end(endpoint: string): void;
  isCoolingDown(endpoint: string): boolean;
  /** Remaining time of an endpoint's cooldown, in ms; Infinity for the rest of a pass. */
  leftMs(endpoint: string): number;
  /** Remaining time of the cooldown for all endpoints, in ms. */
  leftForAllMs(): number;
}

/** Length of a cooldown for all endpoints, in ms. */
const forAllMs = 200;

/** Minimum interval between the starts of two cooldowns for all endpoints, in ms. */
const forAllEveryMs = 2_000;

/** Interval in which a drain with a deadline tries an endpoint ahead of its schedule, in ms. */
export const tryEveryMs = 2_000;

/** Length of an endpoint's cooldown in a drain that stays, in ms. */
const lengthsMs: Record<CooldownReason, number> = {
  failed: 0,
  early: tryEveryMs,
  ours: 1_000,
  mistake: 5_000,
  'lasting-mistake': 5_000,
  spool: 5_000,
};

/** Maximum length for `ours`, in ms; it doubles with each consecutive one. */
const longestOursMs = 30_000;

export interface CooldownsOptions {
  /** In a pass, cooldowns last until its end; with `wait`, those that nothing can end. */
  until: 'pass' | 'wait' | 'daemon';
}

/** Makes the cooldowns of a drain. */
export function createCooldowns(clock: Clock, { until }: CooldownsOptions): Cooldowns {
  const cooldowns = new Map<string, { until: number; reason: CooldownReason }>();
  /** Number of consecutive attempts that this machine could not make, by endpoint. */
  const oursInARow = new Map<string, number>();
  let startedForAllAt = Number.NEGATIVE_INFINITY;

  function lengthMs(endpoint: string, reason: CooldownReason): number {
    if (until === 'pass' || (until === 'wait' && reason === 'lasting-mistake')) return Infinity;
    if (reason !== 'ours') return lengthsMs[reason];
    const times = oursInARow.get(endpoint) ?? 0;
    oursInARow.set(endpoint, times + 1);
    return Math.min(lengthsMs.ours * 2 ** times, longestOursMs);
  }

  function leftMs(endpoint: string): number {
    if (cooldowns.size === 0) return 0;
    const left = (cooldowns.get(endpoint)?.until ?? 0) - clock.monotonic();
    if (left > 0) return left;
    cooldowns.delete(endpoint);
    return 0;
  }

  return {
    start(endpoint, reason) {
      if (leftMs(endpoint) > 0 && cooldowns.get(endpoint)?.reason === 'spool') return;
      cooldowns.set(endpoint, { until: clock.monotonic() + lengthMs(endpoint, reason), reason });
    },
    startForAll() {
      if (clock.monotonic() - startedForAllAt >= forAllEveryMs) startedForAllAt = clock.monotonic();
    },
    end(endpoint) {
      oursInARow.delete(endpoint);
      if (cooldowns.get(endpoint)?.reason !== 'spool') cooldowns.delete(endpoint);
    },
    isCoolingDown: (endpoint) => leftMs(endpoint) > 0,
    leftMs,
    // Asked before each claim; usually no resource was ever lacking.
    leftForAllMs: () =>
      startedForAllAt === Number.NEGATIVE_INFINITY
        ? 0
        : Math.max(startedForAllAt + forAllMs - clock.monotonic(), 0),
  };
}
