/**
 * The short way of the commands that scripts and cron jobs run often: their
 * arguments are read without commander, which takes longer to load and to
 * build than they have to do. Whatever is unusual (help, a mistake in the
 * options) is left to it.
 */
import { parseArgs } from 'node:util';
import { drainOptions, fireOptions, globalOptions, type OptionSpecs, takesOneValue } from './options.js';

const optionsOf: Readonly<Record<'fire' | 'drain', OptionSpecs>> = { fire: fireOptions, drain: drainOptions };

/** The arguments of an ordinary command, without the word itself; undefined if they are something else. */
export function parseOrdinary(
  command: keyof typeof optionsOf,
  argv: readonly string[],
): { values: Record<string, unknown>; positionals: string[] } | undefined {
  if (!argv.includes(command)) return undefined;
  const own = optionsOf[command];
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...argv],
      options: { ...globalOptions, ...own },
      allowPositionals: true,
      tokens: true,
    });
    if (positionals.shift() !== command) return undefined;
    const first = tokens.findIndex(({ kind }) => kind === 'positional');
    const before = tokens.slice(0, first);
    // Before the command there are only global options.
    if (before.some((token) => token.kind === 'option' && token.name in own)) return undefined;
    const given = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
    if (given.some((name, index) => takesOneValue(own[name]) && given.indexOf(name) < index))
      return undefined;
    return { values, positionals };
  } catch {
    return undefined; // commander says what is wrong
  }
}
