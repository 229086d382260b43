/** Entry point that `bin/capnhook.js` loads for everything except an ordinary `fire`. */
import { CapnhookError } from '../shared/errors.js';
import { guarded } from './guarded.js';
import { processIo } from './io/process-io.js';
import { readLimits, threadPoolSize } from './io/thread-pool.js';
import { run } from './main.js';
import { asksForJson, isCheck } from './options.js';

/** Runs a command line to its end, and resolves to its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const size = threadPoolSize(readLimits());
  if (size === 0)
    return guarded(noThreads, processIo, { json: asksForJson(argv, process.env), check: isCheck(argv) });
  process.env.UV_THREADPOOL_SIZE ??= String(size);
  return run(argv, processIo);
}

/** Refuses a file of another build. @throws CapnhookError `TEMPORARY` */
export function refuseOtherBuild(): never {
  throw new CapnhookError('TEMPORARY', 'Cannot run: capnhook was updated while this command started', {
    hint: 'Run it again.',
  });
}

async function noThreads(): Promise<never> {
  throw new CapnhookError('TEMPORARY', 'Cannot run: no more threads or processes are allowed here', {
    hint: 'Raise the limit (ulimit -u, the pids limit of the container, TasksMax), or end other processes.',
  });
}
