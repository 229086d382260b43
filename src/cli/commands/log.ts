import { type FailureGroup, type LoggedEntry, log, logSummary } from '../../library/log.js';
import { CapnhookError } from '../../shared/errors.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderAge } from '../render/age.js';
import { renderJson } from '../render/json.js';
import { printBatches, printRows } from '../render/row-stream.js';
import { createStyle } from '../render/style.js';
import { hideUrls } from '../render/text.js';
import { parsePastTime } from '../time-option.js';

export interface LogArguments {
  follow?: boolean;
  failed?: boolean;
  summary?: boolean;
  endpoint?: readonly string[];
  hook?: string;
  since?: string;
}

/** The widths of time, result and endpoint, so that columns stay where they are. */
const WIDTHS = [24, 9, 12];

/** Maximum number of endpoints that are named for a reason. */
const MAX_ENDPOINTS = 3;

/** `capnhook log`. @throws as the library's `log` */
export async function runLog(args: LogArguments, globals: Globals, io: Io): Promise<number> {
  const { follow = false, failed, summary = false, endpoint, hook } = args;
  const { config, spool, showUrls, json, quiet } = globals;
  const since = parsePastTime('--since', args.since, { doing: 'show the log', now: Date.now() });
  const options = { endpoint, hook, since, config, spool, showUrls, env: io.env };
  if (follow && summary) throw cannotCombine();
  const items = summary
    ? groups(logSummary(options))
    : log({ ...options, failed, follow: follow ? new AbortController().signal : undefined });
  const count = json
    ? await printBatches<object>(items, (batch) => io.print(batch.map(renderJson).join('')))
    : await printTable(items, io, { ...globals, widths: summary ? [] : WIDTHS });
  if (count === 0 && !quiet)
    io.err(`capnhook: ${summary ? 'no attempt failed' : 'the journal has no such line'}\n`);
  return 0;
}

async function* groups(summary: Promise<FailureGroup[]>): AsyncGenerator<FailureGroup> {
  yield* await summary;
}

async function printTable(
  items: AsyncIterable<LoggedEntry | FailureGroup>,
  io: Io,
  { color, showUrls, widths }: Pick<Globals, 'color' | 'showUrls'> & { widths: readonly number[] },
): Promise<number> {
  const style = await createStyle(color && io.isTerminal('out'));
  const now = Date.now();
  let digits = 0;
  const words = (text: string): string => (showUrls ? text : hideUrls(text));
  return printRows(items, io, {
    widths,
    cells(item) {
      if (!('failures' in item)) return lineCells(item, words);
      digits ||= String(item.failures).length; // the first group is the largest
      return groupCells(item, { now, digits, words });
    },
    paint(cell, item, column) {
      if ('failures' in item || column !== 1) return cell;
      if (item.what === 'delivered') return style.good(cell);
      return item.what === 'retried' || item.what === 'unclaimed' ? cell : style.bad(cell);
    },
  });
}

function lineCells(
  { time, what, endpoint, hook, event, attempt, status, durationMs, reason, count }: LoggedEntry,
  words: (text: string) => string,
): string[] {
  const result = [
    attempt === undefined ? '' : `#${attempt}`,
    status === undefined ? '' : String(status),
    durationMs === undefined ? '' : `${durationMs}ms`,
    count === undefined ? '' : `${count} events`,
    reason === undefined ? '' : words(reason),
  ];
  return [
    time,
    what,
    endpoint?.id ?? '-',
    hook ?? '-',
    event ?? '-',
    result.filter((word) => word !== '').join(' '),
  ];
}

function groupCells(
  { failures, reason, endpoints, lastAt, lastEvent }: FailureGroup,
  { now, digits, words }: { now: number; digits: number; words(text: string): string },
): string[] {
  const named = endpoints.slice(0, MAX_ENDPOINTS).map(({ endpoint, failures: n }) => `${endpoint.id} (${n})`);
  const more = endpoints.length > MAX_ENDPOINTS ? `, ${endpoints.length - MAX_ENDPOINTS} more` : '';
  const last = `last ${renderAge(lastAt, now)} ago${lastEvent === undefined ? '' : `: ${lastEvent}`}`;
  return [`${String(failures).padStart(digits)} × ${words(reason)}`, `${named.join(', ')}${more}`, last];
}

function cannotCombine(): CapnhookError {
  return new CapnhookError('USAGE', 'Cannot show the log: --follow and --summary cannot be combined', {
    hint: 'Leave one of them out.',
  });
}
