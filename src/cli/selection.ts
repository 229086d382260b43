/** The options that select deliveries and events, as they are typed. */
import type { SelectOptions } from '../library/operate.js';
import type { Globals } from './options.js';
import { parsePastTime } from './time-option.js';

/** The arguments of a command that selects. */
export interface SelectArguments {
  ids?: readonly string[] | undefined;
  endpoint?: readonly string[] | undefined;
  hook?: string | undefined;
  since?: string | undefined;
  older?: string | undefined;
  all?: boolean | undefined;
}

/**
 * The selection that was typed.
 * @param options.doing as in "Cannot <doing>: …"
 * @param options.now ms since the epoch
 * @throws CapnhookError `USAGE` for a time that is not one
 */
export function selectionOf(
  { ids = [], endpoint, hook, since, older, all }: SelectArguments,
  { doing, now }: { doing: string; now: number },
): SelectOptions {
  return {
    ids: ids.length === 0 ? undefined : ids,
    endpoint,
    hook,
    since: parsePastTime('--since', since, { doing, now }),
    before: parsePastTime('--older', older, { doing, now }),
    all,
  };
}

/** Whether nothing is selected, not even everything. */
export function isNothing({ ids = [], endpoint, hook, since, older, all }: SelectArguments): boolean {
  return ids.length === 0 && !all && [endpoint, hook, since, older].every((each) => each === undefined);
}

/** Maximum number of ids that are repeated in a command. */
const maxIds = 5;

/**
 * A command line for the same selection, as far as it can be repeated later: without times.
 * @param words the command, and further options of it
 * @param options.endpoints ids of the selected endpoints: a URL is not repeated
 * @returns undefined where too many ids were given
 */
export function commandLine(
  words: readonly string[],
  { ids = [], endpoint, hook }: SelectArguments,
  { endpoints, globals }: { endpoints: readonly string[]; globals: Pick<Globals, 'spool' | 'config'> },
): string | undefined {
  if (ids.length > maxIds) return undefined;
  const line = ['capnhook', ...words, ...ids];
  if (endpoint !== undefined) for (const id of endpoints) line.push('--endpoint', id);
  if (hook !== undefined) line.push('--hook', hook);
  if (globals.spool !== undefined) line.push('--spool', globals.spool);
  if (globals.config !== undefined) line.push('--config', globals.config);
  return line.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) && !word.startsWith('~')
    ? word
    : `'${word.replaceAll("'", "'\\''")}'`;
}
