/** The options that select deliveries and events, as they are typed. */
import type { Operated, SelectedEntry, SelectOptions } from '../library/operate.js';
import { isoTime } from '../shared/iso-time.js';
import { maxEntries } from '../usecases/operate/tally.js';
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

/** Maximum number of ids, or of endpoints, in a command that is proposed. */
const maxWords = 5;

/**
 * A command line for the same selection.
 * @param words the command, and further options of it
 * @param options.endpoints ids of the selected endpoints: a URL is not repeated
 * @param options.now when the command began, ms since the epoch: times that are durations count from there
 * @returns undefined where too many ids were given
 */
export function commandLine(
  words: readonly string[],
  args: SelectArguments,
  { endpoints, globals, now }: { endpoints: readonly string[]; globals: Place; now: number },
): string | undefined {
  const { ids = [], endpoint, hook } = args;
  if (ids.length > maxWords) return undefined;
  const { since, before } = selectionOf(args, { doing: 'select', now });
  const line = ['capnhook', ...words, ...ids];
  if (endpoint !== undefined) for (const id of endpoints) line.push('--endpoint', id);
  if (hook !== undefined) line.push('--hook', hook);
  if (since !== undefined) line.push('--since', isoTime(Number(since)));
  if (before !== undefined) line.push('--older', isoTime(Number(before)));
  return placed(line, globals);
}

/** What was queued again, and how it can be taken back. */
interface QueuedAgain extends Pick<Operated, 'entries' | 'endpoints'> {
  globals: Place;
}

/**
 * How entries that were queued again are taken back: by a command that drops exactly these, or else by one that stops them.
 * @param from the states in which such entries were
 * @returns a line to print, or nothing
 */
export function takeBackLine(
  from: ReadonlyArray<SelectedEntry['state']>,
  { entries, endpoints, globals }: QueuedAgain,
): string {
  const again = entries.filter(({ state }) => from.includes(state));
  if (again.length === 0) return '';
  const ids = [...new Set(again.map(({ event }) => event))];
  const queues = [...new Set(again.flatMap(({ endpoint }) => endpoint ?? []))];
  const isFew = entries.length < maxEntries && ids.length <= maxWords && queues.length <= maxWords;
  if (isFew && again.length === ids.length * Math.max(queues.length, 1)) {
    const line = ['capnhook', 'drop', ...ids, ...queues.flatMap((id) => ['--endpoint', id])];
    return `\n  Undo, for what is not sent by then: ${placed(line, globals)}`;
  }
  if (endpoints.length === 0 || endpoints.length > maxWords) return '';
  return `\n  To stop it: ${placed(['capnhook', 'pause', ...endpoints], globals)}`;
}

type Place = Pick<Globals, 'spool' | 'config'>;

/** A command line to type, for the same spool and hooks file. */
export function placed(line: readonly string[], { spool, config }: Place): string {
  const words = [...line];
  if (spool !== undefined) words.push('--spool', spool);
  if (config !== undefined) words.push('--config', config);
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) && !word.startsWith('~')
    ? word
    : `'${word.replaceAll("'", "'\\''")}'`;
}
