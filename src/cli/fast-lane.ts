/**
 * The way of an ordinary `capnhook fire …`: a bundle of its own that loads the
 * file system and little else.
 */
import { type FireArguments, runFire } from './commands/fire.js';
import { guarded } from './guarded.js';
import type { Io } from './io.js';
import { globalsFrom } from './options.js';
import { parseOrdinary } from './ordinary.js';

/** Runs `fire` if the arguments are an ordinary one; undefined if they are something else. */
export function tryFire(argv: readonly string[], io: Io): Promise<number> | undefined {
  const parsed = parseOrdinary('fire', argv);
  if (parsed === undefined) return undefined;
  const { values, positionals } = parsed;
  if (values['require-hook'] === true) return undefined; // the hooks file must be read
  const args: FireArguments = { ...values, positionals };
  return guarded(() => runFire(args, globalsFrom(values, io.env), io), io);
}
