import { longestTimerMs } from '../../shared/timer.js';

/** Waiting for an occurrence, without missing one from just before the wait. */
export interface Signal {
  /** Ends the present wait, or else the next one. */
  raise(): void;
  /** Whether it was raised since the last wait. */
  isRaised(): boolean;
  /**
   * Resolves to true when the signal is raised, immediately if it was raised since the last wait; to false after `ms`
   * (Infinity: never).
   */
  wait(ms: number): Promise<boolean>;
}

/** Makes a signal that is not raised. */
export function createSignal(): Signal {
  let isRaised = false;
  let wake: (() => void) | undefined;

  return {
    raise() {
      isRaised = true;
      wake?.();
    },
    isRaised: () => isRaised,
    async wait(ms) {
      if (!isRaised) {
        await new Promise<void>((resolve) => {
          const timer = ms === Infinity ? undefined : setTimeout(resolve, Math.min(ms, longestTimerMs));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const wasRaised = isRaised;
      wake = undefined;
      isRaised = false;
      return wasRaised;
    },
  };
}
