import { type ListedEntry, type ListState, list } from '../../library/list.js';
import { CapnhookError } from '../../shared/errors.js';
import { nextTryWords } from '../../usecases/inspect/status/state-words.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderAge } from '../render/age.js';
import { renderJson } from '../render/json.js';
import { printBatches, printRows } from '../render/row-stream.js';
import { createStyle } from '../render/style.js';
import { hideUrls } from '../render/text.js';
import { parsePastTime } from '../time-option.js';

export interface ListArguments {
  endpoint?: readonly string[];
  hook?: string;
  state?: string;
  since?: string;
  older?: string;
  limit?: string;
}

/** The width that ids and states take, so that columns stay where they are. */
const WIDTHS = [30, 9];

const bad: ReadonlySet<ListState> = new Set<ListState>(['dead', 'corrupt']);
const waiting: ReadonlySet<ListState> = new Set<ListState>([
  'parked',
  'paused',
  'on-hold',
  'retry',
  'unclaimed',
]);

/** `capnhook list`. @throws as the library's `list` */
export async function runList(
  { endpoint, hook, state, since, older, limit }: ListArguments,
  { config, spool, json, quiet, color, showUrls }: Globals,
  io: Io,
): Promise<number> {
  const now = Date.now();
  const time = { doing: 'list', now };
  const entries = list({
    endpoint,
    hook,
    config,
    spool,
    showUrls,
    env: io.env,
    states: state?.split(',') as ListState[] | undefined,
    since: parsePastTime('--since', since, time),
    before: parsePastTime('--older', older, time),
    limit: limit === undefined ? undefined : parseLimit(limit),
  });
  const count = json
    ? await printBatches(entries, (batch) => io.print(batch.map(renderJson).join('')))
    : await printTable(entries, io, { now, color, showUrls });
  if (quiet) return 0;
  if (count === 0) io.err('capnhook: nothing is listed\n');
  else if (!json && io.isTerminal('out') && io.isTerminal('err'))
    io.err('All of one: capnhook show ID (the beginning of an id is enough)\n');
  return 0;
}

async function printTable(
  entries: AsyncIterable<ListedEntry>,
  io: Io,
  { now, color, showUrls }: { now: number; color: boolean; showUrls: boolean },
): Promise<number> {
  const style = await createStyle(color && io.isTerminal('out'));
  return printRows(entries, io, {
    widths: WIDTHS,
    right: [4, 5],
    cells: (entry) => cellsOf(entry, { now, showUrls }),
    paint(cell, { state }, column) {
      if (column !== 1) return cell;
      if (bad.has(state)) return style.bad(cell);
      return waiting.has(state) ? style.faint(cell) : cell;
    },
  });
}

function cellsOf(
  { id, state, hook, endpoint, events, acceptedAt, attempts, nextTry, why, reason }: ListedEntry,
  { now, showUrls }: { now: number; showUrls: boolean },
): string[] {
  const words = [
    events === undefined ? '' : `${events} events`,
    [why, reason && (showUrls ? reason : hideUrls(reason))].filter(Boolean).join(': '),
    nextTry === undefined ? '' : `next try ${nextTryWords(nextTry, now)}`,
  ];
  const tries = attempts === 0 ? '-' : `${attempts}×`;
  return [
    id,
    state,
    hook ?? '-',
    endpoint?.id ?? '-',
    renderAge(acceptedAt, now),
    tries,
    words.filter(Boolean).join(', '),
  ];
}

function parseLimit(text: string): number {
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
  throw new CapnhookError('USAGE', 'Cannot list: --limit needs a number from 1', {
    hint: 'As in --limit 100.',
  });
}
