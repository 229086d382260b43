/**
 * Whether this machine has a network at all. One endpoint that cannot be
 * reached has a trouble of its own only where another one answers, or fails in
 * another way.
 */
import type { Clock } from '../../../shared/clock.js';
import type { FinishedAttempt } from '../reporting/finished-attempt.js';

export interface Reachability {
  /** Whether an endpoint other than this one was reached lately. */
  isProven(endpoint: string): boolean;
  /** Keeps an attempt that found no network, the last one of its endpoint, until another endpoint is reached. */
  postpone(attempted: FinishedAttempt): void;
  /** An endpoint was reached. @returns the attempts that found no network although there is one: they count now */
  reached(endpoint: string): FinishedAttempt[];
}

/** For how long an endpoint that was reached proves that there is a network, in ms. */
const provesForMs = 10_000;

/** Remembers which endpoints were reached, and which were not. */
export function createReachability(clock: Clock): Reachability {
  const postponed = new Map<string, FinishedAttempt>();
  /** The two endpoints that were reached last, and when; monotonic ms. */
  let last: { endpoint: string; at: number } | undefined;
  let other: typeof last;

  return {
    isProven(endpoint) {
      const proof = last?.endpoint === endpoint ? other : last;
      return proof !== undefined && clock.monotonic() - proof.at < provesForMs;
    },
    postpone: (attempted) => void postponed.set(attempted.endpoint.id, attempted),
    reached(endpoint) {
      if (last?.endpoint !== endpoint) other = last;
      last = { endpoint, at: clock.monotonic() };
      postponed.delete(endpoint);
      if (postponed.size === 0) return [];
      const counted = [...postponed.values()];
      postponed.clear();
      return counted;
    },
  };
}
