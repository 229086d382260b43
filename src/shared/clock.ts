/** Where the time comes from. Both in milliseconds. */
export interface Clock {
  /** Wall-clock time since the Unix epoch; may jump. */
  now(): number;
  /** Time since an arbitrary start; never goes back. */
  monotonic(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
