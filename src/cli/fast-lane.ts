/**
 * The way of an ordinary `capnhook fire …`: a bundle of its own that loads the
 * file system and little else.
 */
import { runFire } from './commands/fire.js';
import { guarded } from './guarded.js';
import type { Io } from './io.js';
import { globalsFrom } from './options.js';
import { parseOrdinary } from './ordinary.js';

/** Runs `fire` if the arguments are an ordinary one; undefined if they are something else. */
export function tryFire(argv: readonly string[], io: Io): Promise<number> | undefined {
  const parsed = parseOrdinary('fire', argv);
  if (parsed === undefined) return undefined;
  const { values, positionals } = parsed;
  const { data, to, ndjson, id } = values as { data?: string; to?: string[]; ndjson?: string; id?: string };
  return guarded(() => runFire({ positionals, data, to, ndjson, id }, globalsFrom(values, io.env), io), io);
}
