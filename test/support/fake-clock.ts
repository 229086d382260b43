import type { Clock } from '../../src/shared/clock.js';

/** A clock that stands still until it is told otherwise. */
export interface FakeClock extends Clock {
  /** Time goes by. */
  advance(ms: number): void;
  /** The wall clock is set. */
  jump(ms: number): void;
}

/** Begins a minute after the first built event. */
export function fakeClock(): FakeClock {
  const start = Date.parse('2026-11-23T12:01:00.000Z');
  let elapsed = 0;
  let jumped = 0;
  return {
    now: () => start + elapsed + jumped,
    monotonic: () => elapsed,
    reading: () => ({ boot: 'b', bootedAt: start + jumped }),
    advance(ms) {
      elapsed += ms;
    },
    jump(ms) {
      jumped += ms;
    },
  };
}
