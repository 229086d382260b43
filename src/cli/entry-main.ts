/** What `bin/capnhook.js` loads for everything but an ordinary `fire`. */
import { run } from './main.js';
import { processIo } from './process-io.js';

/** Runs a command line to its end, and resolves to its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  // Names are looked up in libuv's threads, four by default: a name server that is down would keep them all busy.
  process.env.UV_THREADPOOL_SIZE ??= '64';
  return run(argv, processIo);
}
