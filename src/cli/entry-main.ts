/** What `bin/capnhook.js` loads for everything but an ordinary `fire`. */
import { run } from './main.js';
import { processIo } from './process-io.js';

/** Runs a command line to its end, and sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  // Names are looked up in libuv's threads, four by default: a name server that is down would keep them all busy.
  process.env.UV_THREADPOOL_SIZE ??= '64';
  process.exitCode = await run(argv, processIo);
}
