import { runDrain } from './commands/drain.js';
import { guarded } from './guarded.js';
import type { Io } from './io/io.js';
import { asksForJson, globalsFrom, isCheck } from './options.js';
import { parseOrdinary } from './ordinary.js';

/** Runs a command line; resolves to its exit code and never rejects. */
export function run(argv: readonly string[], io: Io): Promise<number> {
  const json = asksForJson(argv, io.env);
  return guarded(
    async () => {
      const drain = parseOrdinary('drain', argv);
      if (drain !== undefined && drain.positionals.length === 0) {
        return runDrain(drain.values, globalsFrom(drain.values, io.env), io);
      }
      const { runProgram } = await import('./program.js');
      return runProgram(argv, io);
    },
    io,
    { json, check: isCheck(argv) },
  );
}
