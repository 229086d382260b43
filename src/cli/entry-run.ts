/** Entry point that `bin/capnhook.js` loads first for a `run`: a bundle of its own, which loads little more than `fire`. */
import { runRun } from './commands/run.js';
import { guarded } from './guarded.js';
import { processIo } from './io/process-io.js';
import { globalsFrom } from './options.js';
import { parseOrdinary } from './ordinary.js';

/** Runs an ordinary `run`, and resolves to its exit code; undefined for any other arguments. */
export function runNow(argv: readonly string[]): Promise<number> | undefined {
  const parsed = parseOrdinary('run', argv);
  if (parsed === undefined) return undefined;
  const { values, positionals, beforeEnd } = parsed;
  const args = {
    ...values,
    names: positionals.slice(0, beforeEnd),
    command: beforeEnd === undefined ? undefined : positionals.slice(beforeEnd),
  };
  const globals = globalsFrom(values, processIo.env);
  return guarded(() => runRun(args, globals, processIo), processIo, globals);
}
