import { longestTimerMs } from '../../shared/timer.js';

/** Waiting until something happens, without missing what happens just before. */
export interface Alarm {
  /** Something has happened. */
  ring(): void;
  /** Whether it rang since the last wait. */
  hasRung(): boolean;
  /** Resolves to true at the next ring, at once if it rang since the last wait; to false after `ms` (Infinity: never). */
  wait(ms: number): Promise<boolean>;
}

/** An alarm that has not rung. */
export function createAlarm(): Alarm {
  let rung = false;
  let wake: (() => void) | undefined;

  return {
    ring() {
      rung = true;
      wake?.();
    },
    hasRung: () => rung,
    async wait(ms) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = ms === Infinity ? undefined : setTimeout(resolve, Math.min(ms, longestTimerMs));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const hasRung = rung;
      wake = undefined;
      rung = false;
      return hasRung;
    },
  };
}
