/**
 * Deadlines of many attempts with one timer: a timer for each would be made
 * and cleared with every attempt, and hardly one of them ever fires. They are
 * gathered in ticks, and the timer waits for the earliest.
 */
import { monotonicMs } from '../../shared/monotonic.js';
import { removeUnordered } from '../../shared/remove-unordered.js';
import { longestTimerMs } from '../../shared/timer.js';

export interface Deadlines {
  /**
   * Calls back once after so many ms: never earlier, and at most {@link tickMs}
   * later. Each callback waits for one deadline at a time.
   * @returns the tick it waits for, to be given to `clear`
   */
  set(ms: number, callback: () => void): number;
  /** Forgets a callback; nothing happens if it was called already. */
  clear(tick: number, callback: () => void): void;
}

/** Deadlines within the same tick are met together, in ms. */
export const tickMs = 25;

/** No deadlines. Without any there is no timer either, which would keep the process. */
export function createDeadlines(): Deadlines {
  const waiting = new Map<number, Array<() => void>>();
  let timer: NodeJS.Timeout | undefined;
  /** What the timer waits for. */
  let next = Infinity;

  function waitFor(tick: number): void {
    clearTimeout(timer);
    next = tick;
    const ms = tick * tickMs - monotonicMs();
    timer = tick === Infinity ? undefined : setTimeout(meet, Math.min(Math.max(ms, 1), longestTimerMs));
  }

  function meet(): void {
    const now = monotonicMs() / tickMs; // a timer may fire a moment too early
    let earliest = Infinity;
    for (const [tick, callbacks] of waiting) {
      if (tick > now) {
        earliest = Math.min(earliest, tick);
        continue;
      }
      waiting.delete(tick);
      while (callbacks.length > 0) callbacks.shift()!();
    }
    waitFor(earliest);
  }

  return {
    set(ms, callback) {
      const tick = Math.ceil((monotonicMs() + ms) / tickMs);
      const together = waiting.get(tick);
      if (together === undefined) waiting.set(tick, [callback]);
      else together.push(callback);
      if (tick < next) waitFor(tick);
      return tick;
    },
    clear(tick, callback) {
      const together = waiting.get(tick);
      if (together === undefined) return;
      removeUnordered(together, callback);
      if (together.length > 0) return;
      waiting.delete(tick);
      if (waiting.size === 0) waitFor(Infinity);
    },
  };
}
