/**
 * The way of an ordinary `capnhook fire …`: a bundle of its own that loads the
 * file system and little else. Whatever is unusual (another command, help, a
 * mistake in the options) is left to the whole command line.
 */
import { parseArgs } from 'node:util';
import { CapnhookError } from '../shared/errors.js';
import { exitCodeOf, exitCodes } from '../shared/exit-codes.js';
import { runFire } from './commands/fire.js';
import type { Io } from './io.js';
import { fireOptions, globalOptions, globalsFrom } from './options.js';
import { renderBug, renderError } from './render/error.js';

/** Runs `fire` if the arguments are an ordinary one; undefined if they are something else. */
export function tryFire(argv: readonly string[], io: Io): Promise<number> | undefined {
  const parsed = parseFire(argv);
  if (parsed === undefined) return undefined;
  const { values, positionals } = parsed;
  const { data, to, ndjson, id } = values as { data?: string; to?: string[]; ndjson?: string; id?: string };
  return guarded(() => runFire({ positionals, data, to, ndjson, id }, globalsFrom(values, io.env), io), io);
}

/** The arguments of an ordinary `fire`, without the word itself. */
export function parseFire(
  argv: readonly string[],
): { values: Record<string, unknown>; positionals: string[] } | undefined {
  if (!argv.includes('fire')) return undefined;
  try {
    const options = { ...globalOptions, ...fireOptions };
    const { values, positionals, tokens } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: true,
      tokens: true,
    });
    if (positionals.shift() !== 'fire') return undefined;
    const first = tokens.findIndex(({ kind }) => kind === 'positional');
    const before = tokens.slice(0, first);
    // Before the command there are only global options.
    if (before.some((token) => token.kind === 'option' && token.name in fireOptions)) return undefined;
    return { values, positionals };
  } catch {
    return undefined; // commander says what is wrong
  }
}

/** Runs a command; the only place that turns errors into words and exit codes. */
export async function guarded(command: () => Promise<number>, io: Io): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof CapnhookError) {
      io.err(renderError(error));
      return exitCodeOf(error.code);
    }
    io.err(renderBug(error));
    return exitCodes.bug;
  }
}
