/**
 * Whether this process has time for more than it does. Where its time is all
 * taken, more attempts at the same time end none of them sooner.
 */
export interface Slack {
  /** Whether one more may begin now. */
  isThere(): boolean;
  /** One more has begun. */
  use(): void;
  /** Looks how busy the process was since the last sample that is old enough. */
  sample(): void;
}

/** A sample is about at least this long, in ms. */
const sampleMs = 10;

/** The process has time while its event loop was idle for this part of the sample. */
const idlePart = 0.25;

/** And then for so many more, before it is looked again. */
const burst = 256;

/** Measures the event loop of this process. */
export function createSlack(): Slack {
  let since: ReturnType<typeof performance.eventLoopUtilization> | undefined;
  let left = 0;

  function sample(): void {
    const current = performance.eventLoopUtilization();
    if (since === undefined) {
      since = current;
      return;
    }
    const { idle, active } = performance.eventLoopUtilization(current, since);
    if (idle + active < sampleMs) return;
    left = idle >= (idle + active) * idlePart ? burst : 0;
    since = current;
  }

  return {
    isThere() {
      if (left === 0) sample();
      return left > 0;
    },
    use() {
      if (left > 0) left -= 1;
    },
    sample,
  };
}
