import { createJournalReader } from '../journal/read-journal.js';
import { type FailureGroup, summarizeLog } from '../usecases/inspect/log-summary.js';
import type { LoggedEntry } from '../usecases/inspect/logged-entry.js';
import { type LogPorts, type LogQuery, readLog } from '../usecases/inspect/read-log.js';
import { type FilterOptions, inspectPorts } from './inspect-options.js';
import { msOf, namedBy } from './named-by.js';

export type { FailureGroup } from '../usecases/inspect/log-summary.js';
export type { LoggedEntry } from '../usecases/inspect/logged-entry.js';

export interface LogSummaryOptions extends FilterOptions {
  /** Before this time: a date, or ms since the epoch. */
  until?: Date | number | undefined;
}

export interface LogOptions extends LogSummaryOptions {
  /** Whether only attempts that failed and deliveries that were given up are told; default false. */
  failed?: boolean | undefined;
  /** Whether the latest comes first; default false. */
  latestFirst?: boolean | undefined;
  /** Maximum number of lines; default: no limit. */
  limit?: number | undefined;
  /** Goes on with what is written, until the signal; without `since` it begins with the last ten lines. */
  follow?: AbortSignal | undefined;
}

/**
 * Tells what the journal has: each attempt, and what else became of events. One line is in memory at a time, and it may
 * be ended early.
 * @throws CapnhookError `USAGE`; `NO_INPUT` for an unknown endpoint; `SPOOL_CREATE` for a named spool that is missing;
 *   `PERMISSION`, `SPOOL_WRITE` where it cannot be read
 * @example for await (const { time, what, reason } of log({ failed: true, since: Date.now() - 3_600_000 })) console.log(time, what, reason);
 */
export async function* log(options: LogOptions = {}): AsyncGenerator<LoggedEntry, void, undefined> {
  const { failed, latestFirst, limit, follow } = options;
  yield* readLog(logPorts(options), { ...queryOf(options), failed, latestFirst, limit, follow });
}

/**
 * Groups failed attempts by their reason, the most frequent first.
 * @throws CapnhookError as {@link log}
 * @example const [{ failures, reason }] = await logSummary({ since: Date.now() - 86_400_000 });
 */
export async function logSummary(options: LogSummaryOptions = {}): Promise<FailureGroup[]> {
  return summarizeLog(logPorts(options), queryOf(options));
}

function logPorts(options: LogSummaryOptions): LogPorts {
  const { root, ...ports } = inspectPorts(options, 'show the log');
  return { ...ports, journal: createJournalReader(`${root}/journal`) };
}

function queryOf(options: LogSummaryOptions): LogQuery {
  const { targets, hook, since } = namedBy(options);
  return { targets, hook, since, until: msOf(options.until), showUrls: options.showUrls };
}
