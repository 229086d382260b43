/**
 * Deadlines of many exchanges with one timer: a timer for each would be made
 * and cleared with every exchange, and hardly any of them ever fires. They are
 * gathered in ticks, and the timer waits for the earliest.
 */
import { monotonicMs } from '../../shared/monotonic.js';
import { removeUnordered } from '../../shared/remove-unordered.js';
import { longestTimerMs } from '../../shared/timer.js';

export interface Deadlines<T> {
  /**
   * Sets a deadline: it is met once, never earlier than after `ms`, and at most
   * {@link tickMs} later.
   * @returns its tick, to be given to `clear`
   */
  set(ms: number, waiting: T): number;
  /** Removes a deadline; does nothing if it was met already. */
  clear(tick: number, waiting: T): void;
}

/** Deadlines within the same tick are met together, in ms. */
export const tickMs = 25;

/**
 * Makes deadlines. While none is set there is no timer, which would keep the process.
 *
 * @param onMet called with what waited for a deadline that is met
 */
export function createDeadlines<T>(onMet: (waiting: T) => void): Deadlines<T> {
  const ticks = new Map<number, T[]>();
  let timer: NodeJS.Timeout | undefined;
  /** The tick that the timer waits for. */
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
    for (const [tick, together] of ticks) {
      if (tick > now) {
        earliest = Math.min(earliest, tick);
        continue;
      }
      ticks.delete(tick);
      while (together.length > 0) onMet(together.shift()!);
    }
    waitFor(earliest);
  }

  return {
    set(ms, waiting) {
      const tick = Math.ceil((monotonicMs() + ms) / tickMs);
      const together = ticks.get(tick);
      if (together === undefined) ticks.set(tick, [waiting]);
      else together.push(waiting);
      if (tick < next) waitFor(tick);
      return tick;
    },
    clear(tick, waiting) {
      const together = ticks.get(tick);
      if (together === undefined) return;
      removeUnordered(together, waiting);
      if (together.length > 0) return;
      ticks.delete(tick);
      if (ticks.size === 0) waitFor(Infinity);
    },
  };
}
