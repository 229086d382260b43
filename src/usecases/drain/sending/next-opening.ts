/** When another endpoint may be tried: it is remembered, as it is not asked for each attempt. */
import type { Clock } from '../../../shared/clock.js';

export interface NextOpening {
  /** The time may have changed. */
  forget(): void;
  /** Whether the time has come, or is not known. */
  isDue(): boolean;
  /** Time until then, in ms; Infinity for never. */
  inMs(): Promise<number>;
}

/** Makes the memory of that time. @param ask finds it out, in ms from now */
export function createNextOpening(clock: Clock, ask: () => Promise<number>): NextOpening {
  /** Monotonic ms; undefined where it must be asked. */
  let at: number | undefined;
  let changes = 0;

  return {
    forget() {
      at = undefined;
      changes += 1;
    },
    isDue: () => at === undefined || at <= clock.monotonic(),
    async inMs() {
      if (at !== undefined) return Math.max(at - clock.monotonic(), 0);
      const before = changes;
      const ms = await ask();
      if (changes === before) at = clock.monotonic() + ms;
      return ms;
    },
  };
}
