/** The state of everything, for people. */

import { formatSpan } from '../../shared/duration.js';
import { silentAfterMs } from '../../usecases/inspect/status/check.js';
import { stateWords } from '../../usecases/inspect/status/state-words.js';
import type { StatusHead } from '../../usecases/inspect/status/status.js';
import type {
  DrainStatus,
  EndpointStatus,
  NextStep,
  QueuedByAge,
  Status,
  StatusTotals,
} from '../../usecases/inspect/status/status-data.js';
import { formatBytes } from './bytes.js';
import type { Style } from './style.js';
import { renderTable } from './table.js';
import { safe } from './text.js';

export interface RenderStatusOptions {
  style: Style;
  /** Maximum width of a line of the table, in characters; default: none is cut. */
  width?: number | undefined;
  /** What follows `capnhook` in each command, so that it means this spool: ` --spool /x`; default nothing. */
  globals?: string;
}

/** Renders what is known without counting, as lines with their line breaks. */
export function renderHead({ drain, hooksFile, time }: StatusHead, { style }: RenderStatusOptions): string {
  const lines = [renderDrain(drain, { now: Date.parse(time), style })];
  if (hooksFile.problem !== undefined && !hooksFile.isMissing)
    lines.push(style.bad(safe(`${hooksFile.problem}; the endpoints' settings are not known`)));
  return `${lines.join('\n')}\n\n`;
}

/** Renders everything else. */
export function renderRest(status: Status, { style, width, globals = '' }: RenderStatusOptions): string {
  const { totals, next, time } = status;
  const parts = [
    renderEndpoints(status, { now: Date.parse(time), style, width }),
    renderTotals(totals),
    renderNext(next, { style, globals }),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function renderDrain(drain: DrainStatus, { now, style }: { now: number; style: Style }): string {
  const { isRunning, pid, host, mode, since, heartbeat, isVisible } = drain;
  if (!isRunning) return style.bad('nobody drains');
  const where = isVisible === false ? ` on ${safe(host ?? 'another machine')}` : '';
  const age = since === undefined ? '' : ` for ${formatSpan(now - Date.parse(since))}, since ${since}`;
  const words = `a drain runs (${mode}, pid ${pid})${where}${age}`;
  const silentMs = heartbeat === undefined ? 0 : now - Date.parse(heartbeat);
  if (silentMs < silentAfterMs) return style.good(words);
  return style.bad(`${words}; it has not moved for ${formatSpan(silentMs)}`);
}

const header = [
  ...['endpoint', 'state', 'queued', '<1m', '<5m', '<1h', '<1d', 'older', 'oldest', 'given up'],
  ...['failed/1m', 'failed/1h', 'dead', 'last error'],
];

/** Columns that are left out on a narrow terminal, these first. */
const spared: ReadonlyArray<readonly string[]> = [
  ['<1m', '<5m', '<1h', '<1d', 'older'],
  ['failed/1m'],
  ['given up'],
  ['failed/1h'],
];

/** Width that the last column has at least, before others are left out for it. */
const lastColumnWidth = 16;

function renderEndpoints(
  { endpoints, incoming, totals }: Status,
  { now, style, width }: { now: number; style: Style; width: number | undefined },
): string {
  const rows = [
    header,
    ...endpoints.map((each) => endpointRow(each, now)),
    ...(incoming.total > 0 ? [['not taken in', '', ...ageCells(incoming, now)]] : []),
    ['all', '', ...ageCells(totals.queued, now), '', ...attemptCells(totals), String(totals.dead)],
  ];
  const columns = columnsFor(rows, width);
  const paint = (cell: string, { row, column }: { row: number; column: number }): string => {
    if (row === 0) return style.faint(cell);
    const state = endpoints[row - 1]?.state;
    if (column !== 1 || state === undefined || state === 'recovering') return cell;
    return state === 'ok' ? style.good(cell) : style.bad(cell);
  };
  const shown = rows.map((cells) => columns.map((column) => cells[column] ?? ''));
  const right = columns
    .map((_, column) => column)
    .filter((column) => column > 1 && column < columns.length - 1);
  return renderTable(shown, { right, width, paint }) + renderLeftOut(columns, style);
}

/** The columns for which a terminal has room. */
function columnsFor(rows: ReadonlyArray<readonly string[]>, width = Infinity): readonly number[] {
  let columns = [...header.keys()];
  const widthOf = (column: number): number =>
    column === header.length - 1
      ? lastColumnWidth
      : 2 + Math.max(...rows.map((cells) => [...(cells[column] ?? '')].length));
  const total = (): number => columns.reduce((sum, column) => sum + widthOf(column), 0);
  for (const names of spared) {
    if (total() <= width) break;
    columns = columns.filter((column) => !names.includes(header[column] ?? ''));
  }
  return columns;
}

function renderLeftOut(columns: readonly number[], style: Style): string {
  const names = header.filter((_, column) => !columns.includes(column));
  if (names.length === 0) return '';
  return `${style.faint(`not shown here: ${names.join(', ')}; capnhook status | less -S has all`)}\n`;
}

function endpointRow(endpoint: EndpointStatus, now: number): string[] {
  const { queued, givesUp, lastError, dead } = endpoint;
  const { id, url } = endpoint.endpoint;
  return [
    typeof url === 'string' ? `${url} (${id})` : id,
    stateWords(endpoint, { now }),
    ...ageCells(queued, now),
    givesUp === undefined ? '' : renderGivesUp(Date.parse(givesUp) - now),
    ...attemptCells(endpoint),
    dead === 0 ? '' : String(dead),
    [lastError?.what, lastError?.answer].filter((each) => each !== undefined).join(': '),
  ];
}

function ageCells({ total, byAge, oldest }: QueuedByAge, now: number): string[] {
  const { under1m, under5m, under1h, under1d, older } = byAge;
  const ages = [under1m, under5m, under1h, under1d, older].map((each) => (each === 0 ? '' : String(each)));
  return [String(total), ...ages, oldest === undefined ? '' : formatSpan(now - Date.parse(oldest))];
}

function attemptCells({ lastMinute, lastHour }: Pick<StatusTotals, 'lastMinute' | 'lastHour'>): string[] {
  return [lastMinute, lastHour].map(({ attempts, failures }) =>
    attempts === 0 ? '' : `${failures}/${attempts}`,
  );
}

function renderGivesUp(ms: number): string {
  return ms <= 0 ? 'now' : `in ${formatSpan(ms)}`;
}

function renderTotals({ dead, unclaimed, corrupt, freeBytes, journalBytes }: StatusTotals): string {
  const free = freeBytes === undefined ? [] : [`${formatBytes(freeBytes)} free`];
  const parts = [
    `${dead} dead`,
    `${unclaimed} unclaimed`,
    `${corrupt} corrupt`,
    ...free,
    `journal ${formatBytes(journalBytes)}`,
  ];
  return `${parts.join(', ')}\n`;
}

function renderNext(
  steps: readonly NextStep[],
  { style, globals }: { style: Style; globals: string },
): string {
  if (steps.length === 0) return '';
  const rows = steps.map(({ command, why }) => [
    `  ${command.replace(/^capnhook/, `capnhook${globals}`)}`,
    why,
  ]);
  const paint = (cell: string, { column }: { column: number }) => (column === 1 ? style.faint(cell) : cell);
  return `next:\n${renderTable(rows, { paint })}`;
}
