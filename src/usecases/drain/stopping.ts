import type { Clock } from '../../shared/clock.js';
import { longestTimerMs } from '../../shared/timer.js';
import type { DrainOptions } from './ports.js';

/** The end of a drain: by its deadline, or by the signals `stop` and `abort`. */
export interface Stopping {
  isStopping(): boolean;
  /** The deadline, monotonic ms; Infinity if there is none. */
  readonly deadline: number;
  /** Listens to the signals. @returns ends that, and cancels the cut-off */
  listen(handlers: StopHandlers): () => void;
  /** Attempts without a connection end now, as they have sent nothing; the others are cut off after their grace. */
  startGrace(): void;
  /** Everything in flight is cut off after `ms`, unless that is due already. */
  cutOffAfter(ms: number): void;
}

export interface StopHandlers {
  /** Ends attempts that have no connection yet. */
  stopConnecting(): void;
  /** Cuts off everything in flight. */
  cutOff(): void;
  /** Called when one of the signals is aborted. */
  onSignal(): void;
}

/** Makes the end of a drain. Its deadline, if any, counts from now. */
export function createStopping(clock: Clock, options: DrainOptions): Stopping {
  const { until, stop, abort, waitMs = 0, graceMs, waitGraceMs = graceMs } = options;
  const deadline = until === 'wait' ? clock.monotonic() + waitMs : Infinity;
  /** Noted, as it is asked before each claim. */
  let isSignalled = isAborted();
  let timer: NodeJS.Timeout | undefined;
  let handlers: StopHandlers | undefined;

  function isAborted(): boolean {
    return stop?.aborted === true || abort?.aborted === true;
  }

  function cutOffAfter(ms: number): void {
    timer ??= setTimeout(() => handlers?.cutOff(), ms);
  }

  function startGrace(): void {
    handlers?.stopConnecting();
    cutOffAfter(Math.min(isSignalled ? graceMs : waitGraceMs, longestTimerMs));
  }

  function onStop(): void {
    isSignalled = true;
    startGrace();
    handlers?.onSignal();
  }

  function onAbort(): void {
    isSignalled = true;
    handlers?.cutOff();
    handlers?.onSignal();
  }

  return {
    deadline,
    isStopping: () => isSignalled || (deadline !== Infinity && clock.monotonic() >= deadline),
    startGrace,
    cutOffAfter,
    listen(given) {
      handlers = given;
      isSignalled = isAborted();
      stop?.addEventListener('abort', onStop);
      abort?.addEventListener('abort', onAbort);
      return () => {
        clearTimeout(timer);
        stop?.removeEventListener('abort', onStop);
        abort?.removeEventListener('abort', onAbort);
      };
    },
  };
}
