/**
 * The fast path of commands that scripts and cron jobs run often. Their arguments
 * are parsed without commander, which takes longer to load than such a command
 * takes to run. Everything unusual (help, a mistake in the options) is left to
 * commander.
 */
import { parseArgs } from 'node:util';
import {
  drainOptions,
  fireOptions,
  globalOptions,
  type OptionSpecs,
  runOptions,
  takesOneValue,
} from './options.js';

const optionsOf: Readonly<Record<'fire' | 'run' | 'drain', OptionSpecs>> = {
  fire: fireOptions,
  run: runOptions,
  drain: drainOptions,
};

/** The arguments of an ordinary command, without its name. */
export interface Ordinary {
  values: Record<string, unknown>;
  positionals: string[];
  /** How many of the positionals stand before `--`; undefined without one. */
  beforeEnd: number | undefined;
}

/** Parses the arguments of an ordinary command, without its name; undefined for any other arguments. */
export function parseOrdinary(
  command: keyof typeof optionsOf,
  argv: readonly string[],
): Ordinary | undefined {
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
    const end = tokens.findIndex(({ kind }) => kind === 'option-terminator');
    const words = tokens.slice(0, Math.max(end, 0)).filter(({ kind }) => kind === 'positional');
    return { values, positionals, beforeEnd: end === -1 ? undefined : Math.max(words.length - 1, 0) };
  } catch {
    return undefined; // commander reports the mistake
  }
}
