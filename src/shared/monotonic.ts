/** Time since an arbitrary start, in ms; never goes back. `performance.now()` would load modules when it is first used. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
