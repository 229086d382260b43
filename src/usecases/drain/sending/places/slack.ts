/**
 * Whether this process has CPU time left. Without it, more concurrent attempts
 * end none of them sooner.
 */
export interface Slack {
  /** Whether one more may begin now. */
  isThere(): boolean;
  /** One more has begun. */
  use(): void;
  /** Measures how busy the process was since the last sample that is old enough. */
  sample(): void;
}

/** Minimum length of a sample, in ms. */
const sampleMs = 10;

/** Part of a sample for which the event loop must have been idle. */
const idlePart = 0.5;

/** Number of attempts that an idle sample allows. */
const burst = 256;

/** Makes a measure of this process's event loop. */
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
