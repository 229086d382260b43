import type { Clock } from '../../shared/clock.js';

/** When a drain looks again for what is new. Times are monotonic, in ms. */
export interface LookSchedule {
  isDue(): boolean;
  /** Time of the next look. */
  nextAt(): number;
  /** A look begins. */
  begin(): void;
  /** A look ends; another one is due at the latest `withinMs` after it began. */
  end(withinMs: number): void;
  /** The next look is due immediately. */
  hurry(): void;
  /** An attempt was settled: also a pass takes in what was fired meanwhile, and the next look is due soon. */
  settled(): void;
  /** Whether an attempt was settled since the last look began. */
  isStale(): boolean;
}

/** Minimum time between two looks because of settled attempts, in ms. */
const againMs = 200;

/** Makes the schedule of a drain's looks; the first one is due. */
export function createLookSchedule(clock: Clock): LookSchedule {
  let lastAt = Number.NEGATIVE_INFINITY;
  let nextAt = lastAt;
  let isStale = false;

  return {
    isDue: () => clock.monotonic() >= nextAt,
    nextAt: () => nextAt,
    begin() {
      lastAt = clock.monotonic();
      nextAt = Infinity;
      isStale = false;
    },
    end(withinMs) {
      nextAt = Math.min(nextAt, lastAt + Math.max(withinMs, 1));
    },
    hurry() {
      nextAt = Number.NEGATIVE_INFINITY;
    },
    settled() {
      isStale = true;
      nextAt = Math.min(nextAt, lastAt + againMs);
    },
    isStale: () => isStale,
  };
}
