/** What `bin/capnhook.js` loads for everything but an ordinary `fire`. */
import { run } from './main.js';
import { processIo } from './process-io.js';

/** Runs a command line to its end, and sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await run(argv, processIo);
}
