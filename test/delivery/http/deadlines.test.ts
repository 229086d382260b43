import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDeadlines, tickMs } from '../../../src/delivery/http/deadlines.js';

const day = 86_400_000;

describe('createDeadlines()', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A callback that notes when it was called. */
  function noted(): { at: number[]; callback: () => void } {
    const at: number[] = [];
    return { at, callback: () => void at.push(performance.now()) };
  }

  test.each([0, 1, 24, 25, 26, 200, 20_000, 365 * day])(
    'set() calls back once after %d ms, never earlier, and at most a tick later',
    (ms) => {
      for (const offset of [0, 1, 12, 24]) {
        const deadlines = createDeadlines((callback: () => void) => callback());
        vi.advanceTimersByTime(offset);
        const { at, callback } = noted();
        const due = performance.now() + ms;
        deadlines.set(ms, callback);
        vi.advanceTimersByTime(ms + 2 * tickMs);
        expect(at).toHaveLength(1);
        expect(at[0]).toBeGreaterThanOrEqual(due);
        expect(at[0]).toBeLessThanOrEqual(due + tickMs + 1);
      }
    },
  );

  test('set() has one timer for all, which waits for the earliest', () => {
    const deadlines = createDeadlines((callback: () => void) => callback());
    const calls: number[] = [];
    for (const ms of [20_000, 300, 5_000, 300, 60_000]) deadlines.set(ms, () => calls.push(ms));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(400);
    expect(calls).toEqual([300, 300]);
    vi.advanceTimersByTime(20_000);
    expect(calls).toEqual([300, 300, 5_000, 20_000]);
    expect(vi.getTimerCount()).toBe(1);
  });

  test('clear() keeps a callback from being called, and leaves no timer when it was the last', () => {
    const deadlines = createDeadlines((callback: () => void) => callback());
    const [kept, cleared] = [noted(), noted()];
    const tick = deadlines.set(100, kept.callback);
    deadlines.clear(deadlines.set(100, cleared.callback), cleared.callback);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect([kept.at.length, cleared.at.length]).toEqual([1, 0]);
    deadlines.clear(tick, kept.callback);
    deadlines.clear(deadlines.set(100, kept.callback), kept.callback);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('set() and clear() can be called from a callback', () => {
    const deadlines = createDeadlines((callback: () => void) => callback());
    const [again, other] = [noted(), noted()];
    const tick = deadlines.set(100, () => {
      deadlines.clear(tick, other.callback);
      deadlines.set(50, again.callback);
    });
    expect(deadlines.set(100, other.callback)).toBe(tick);
    vi.advanceTimersByTime(1_000);
    expect(again.at).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('set() keeps its deadlines when the timer fires too early', () => {
    const deadlines = createDeadlines((callback: () => void) => callback());
    const { at, callback } = noted();
    const start = Date.now();
    let behindMs = 0;
    const now = () => (Date.now() - start - behindMs) * 1e6;
    // Not by a spy: its end would leave the clock of the fake timers behind in this process.
    const { hrtime } = process;
    process.hrtime = Object.assign((): [number, number] => [0, now()], { bigint: hrtime.bigint });
    deadlines.set(100, callback);
    behindMs = 10;
    vi.advanceTimersByTime(105);
    expect(at).toEqual([]);
    vi.advanceTimersByTime(50);
    process.hrtime = hrtime;
    expect(at).toHaveLength(1);
  });
});
