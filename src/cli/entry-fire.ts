/** Entry point that `bin/capnhook.js` loads first for a `fire`. */
import { tryFire } from './fast-lane.js';
import { processIo } from './io/process-io.js';

/** Runs an ordinary `fire`, and resolves to its exit code; undefined for any other arguments. */
export function fireNow(argv: readonly string[]): Promise<number> | undefined {
  return tryFire(argv, processIo);
}
