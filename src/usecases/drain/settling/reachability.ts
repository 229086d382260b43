/**
 * Whether this machine has a network. An endpoint that cannot be reached is
 * itself in trouble only if another one answers, or fails in another way.
 */
import type { Clock } from '../../../shared/clock.js';
import type { FinishedAttempt } from '../reporting/finished-attempt.js';

export interface Reachability {
  /** Whether an endpoint other than this one was reached recently. */
  isProven(endpoint: string): boolean;
  /** Keeps an attempt that found no network, the last one of its endpoint, until another endpoint is reached. */
  postpone(finished: FinishedAttempt): void;
  /** An endpoint was reached. @returns the attempts that found no network although there was one */
  reached(endpoint: string): FinishedAttempt[];
}

/** Time for which a reached endpoint proves that there is a network, in ms. */
const provesForMs = 10_000;

/** Makes a record of the endpoints that were reached, and of those that were not. */
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
    postpone: (finished) => void postponed.set(finished.endpoint.id, finished),
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
