/**
 * Runs an ordinary `capnhook fire …` in a bundle of its own, which loads little
 * more than the file system.
 */
import { type FireArguments, runFire } from './commands/fire.js';
import { guarded } from './guarded.js';
import type { Io } from './io/io.js';
import { globalsFrom } from './options.js';
import { parseOrdinary } from './ordinary.js';

/** Runs an ordinary `fire`; undefined for any other arguments. */
export function tryFire(argv: readonly string[], io: Io): Promise<number> | undefined {
  const parsed = parseOrdinary('fire', argv);
  if (parsed === undefined) return undefined;
  const { values, positionals } = parsed;
  if (values['require-hook'] === true) return undefined; // the hooks file must be read
  const args: FireArguments = { ...values, positionals };
  const globals = globalsFrom(values, io.env);
  return guarded(() => runFire(args, globals, io), io, globals);
}
