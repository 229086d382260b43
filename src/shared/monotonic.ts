/** Time since an arbitrary start, in ms; never goes back. Not `performance.now()`: its first call loads modules. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
