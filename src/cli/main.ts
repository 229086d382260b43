import { guarded } from './fast-lane.js';
import type { Io } from './io.js';
import { runProgram } from './program.js';

/** Runs a command line; resolves to its exit code and never rejects. */
export function run(argv: readonly string[], io: Io): Promise<number> {
  return guarded(() => runProgram(argv, io), io);
}
