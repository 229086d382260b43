/** What `bin/capnhook.js` loads first. */
import { tryFire } from './fast-lane.js';
import { processIo } from './process-io.js';

/** Runs an ordinary `fire`; false if the arguments are something else. */
export function fireNow(argv: readonly string[]): boolean {
  const exitCode = tryFire(argv, processIo);
  exitCode?.then((code) => {
    process.exitCode = code;
  });
  return exitCode !== undefined;
}
