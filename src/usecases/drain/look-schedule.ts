import type { Clock } from '../../shared/clock.js';

/** When a drain looks at all endpoints again. Times are monotonic, in ms. */
export interface LookSchedule {
  isDue(): boolean;
  /** Time of the next look. */
  nextAt(): number;
  /** Time of the last look. */
  lastAt(): number;
  /** A look begins. */
  begin(): void;
  /** A look ends; another one is due at the latest `withinMs` after it began. */
  end(withinMs: number): void;
  /** A look at all endpoints took `ms`. */
  took(ms: number): void;
  /** The next look is due immediately. */
  hurry(): void;
  /** An attempt was settled, which may have changed its endpoint: the next look is due soon. */
  settled(): void;
  /** Whether an attempt was settled since the last look began. */
  isStale(): boolean;
}

/** Minimum time between two looks because of settled attempts, in ms. */
const minAgainMs = 50;

/** With many endpoints, looks take long: then the minimum time is a multiple of a look's duration, up to a maximum in ms. */
const timesDuration = 30;
const maxAgainMs = 500;

/** Makes the schedule of a drain's looks; the first one is due. */
export function createLookSchedule(clock: Clock): LookSchedule {
  let lastAt = Number.NEGATIVE_INFINITY;
  let nextAt = lastAt;
  let durationMs = 0;
  let isStale = false;

  return {
    isDue: () => clock.monotonic() >= nextAt,
    nextAt: () => nextAt,
    lastAt: () => lastAt,
    begin() {
      lastAt = clock.monotonic();
      nextAt = Infinity;
      isStale = false;
    },
    end(withinMs) {
      nextAt = Math.min(nextAt, lastAt + Math.max(withinMs, 1));
    },
    took(ms) {
      durationMs = ms;
    },
    hurry() {
      nextAt = Number.NEGATIVE_INFINITY;
    },
    settled() {
      isStale = true;
      const againMs = Math.min(Math.max(minAgainMs, timesDuration * durationMs), maxAgainMs);
      nextAt = Math.min(nextAt, lastAt + againMs);
    },
    isStale: () => isStale,
  };
}
