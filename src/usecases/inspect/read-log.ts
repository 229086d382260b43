/** The journal as it is told: lines between two times, or as they are written; and failures grouped by reason. */
import { matchesHook } from '../../event/hook-pattern.js';
import type { JournalEntry, JournalQuery, JournalReader } from '../../journal/journal.js';
import { CapnhookError } from '../../shared/errors.js';
import type { Selection } from '../../spool/selection.js';
import { loadIfUsable } from '../hooks-reader.js';
import { idOfTarget } from '../operate/endpoint-ids.js';
import { type Named, type SelectingPorts, selecting } from '../operate/selecting.js';
import { createEndpointBook, type EndpointBook } from './endpoint-book.js';
import { isFailure, type LoggedEntry, loggedEntry } from './logged-entry.js';

export interface LogPorts extends SelectingPorts {
  journal: JournalReader;
  clock: { now(): number };
}

/** Which lines are wanted; each member that is there must hold. */
export interface LogQuery extends Pick<Named, 'targets' | 'hook' | 'since'> {
  /** Before this time, ms since the epoch. */
  until?: number | undefined;
  /** Whether only attempts that failed and deliveries that were given up are told; default false. */
  failed?: boolean | undefined;
  /** Whether the latest comes first; default false. */
  latestFirst?: boolean | undefined;
  /** Maximum number of lines; default: no limit. */
  limit?: number | undefined;
  /** Goes on with what is written, until the signal; without `since` it begins with the last ten lines of a day. */
  follow?: AbortSignal | undefined;
  /** Whether endpoints have their URLs, which may be secrets; default false. */
  showUrls?: boolean | undefined;
}

/** Number of lines with which following begins where no time is given, and how old they are at most, in ms. */
const recentLines = 10;
const recentMs = 86_400_000;

/**
 * Streams lines of the journal.
 * @throws CapnhookError `USAGE`; `NO_INPUT` for an endpoint that neither the hooks file, the spool nor the journal knows; as
 *   the journal
 */
export async function* readLog(ports: LogPorts, query: LogQuery = {}): AsyncGenerator<LoggedEntry> {
  const book = await bookFor(ports, query);
  let left = query.limit ?? Infinity;
  if (left <= 0) return;
  for await (const line of wantedLines(ports, query)) {
    yield loggedEntry(line, book.dataOf);
    left -= 1;
    if (left <= 0) return;
  }
}

/** The hooks' endpoints, for lines to be told. */
export async function bookFor(
  { hooks }: LogPorts,
  { showUrls = false }: Pick<LogQuery, 'showUrls'>,
): Promise<EndpointBook> {
  return createEndpointBook(await loadIfUsable(hooks), { showUrls });
}

/** The lines of the journal that a query asks for. @throws as {@link readLog} */
export async function* wantedLines(ports: LogPorts, query: LogQuery): AsyncGenerator<JournalEntry> {
  const { journal } = ports;
  const { until, failed, latestFirst = false, follow } = query;
  const select = await selectLines(ports, query);
  const isWanted = (line: JournalEntry): boolean => matches(line, select) && (!failed || isFailure(line));
  const asked: JournalQuery = { since: select.since, mentions: mentionOf(select) };
  if (follow !== undefined) asked.since ??= await recentSince(ports, { asked, isWanted });
  const lines =
    follow === undefined
      ? journal.entries({ ...asked, until }, { latestFirst })
      : journal.follow(asked, follow);
  for await (const line of lines) if (isWanted(line)) yield line;
}

/** Since when the last few lines were written. */
async function recentSince(
  { journal, clock }: LogPorts,
  { asked, isWanted }: { asked: JournalQuery; isWanted(line: JournalEntry): boolean },
): Promise<number> {
  const now = clock.now();
  let since = now;
  let count = 0;
  for await (const line of journal.entries({ ...asked, since: now - recentMs }, { latestFirst: true })) {
    if (!isWanted(line)) continue;
    since = Math.min(since, Date.parse(line.time));
    count += 1;
    if (count >= recentLines) break;
  }
  return since;
}

async function selectLines(ports: LogPorts, { targets, hook, since }: LogQuery): Promise<Selection> {
  const named: Named = {};
  if (hook !== undefined) named.hook = hook;
  if (since !== undefined) named.since = since;
  if (targets === undefined) return selecting(ports, named, 'show the log');
  try {
    return await selecting(ports, { ...named, targets }, 'show the log');
  } catch (error) {
    if (!(error instanceof CapnhookError) || error.code !== 'NO_INPUT') throw error;
    const endpoints = targets.map(idOfTarget);
    for (const endpoint of endpoints) if (!(await isMentioned(ports, endpoint))) throw error;
    return { ...(await selecting(ports, named, 'show the log')), endpoints };
  }
}

/** Whether the journal has a line of an endpoint, which may be known nowhere else by now. */
async function isMentioned({ journal }: LogPorts, endpoint: string): Promise<boolean> {
  for await (const line of journal.entries({ mentions: textOf('endpoint', endpoint) }))
    if (line.endpoint === endpoint) return true;
  return false;
}

function matches(line: JournalEntry, { endpoints, hook }: Selection): boolean {
  if (endpoints !== undefined && (line.endpoint === undefined || !endpoints.includes(line.endpoint)))
    return false;
  return hook === undefined || (line.hook !== undefined && matchesHook(hook, line.hook));
}

/** A text that each selected line has; undefined where there is none. */
function mentionOf({ endpoints, hook }: Selection): string | undefined {
  if (endpoints?.length === 1) return textOf('endpoint', endpoints[0]!);
  return hook === undefined || hook.includes('*') ? undefined : textOf('hook', hook);
}

function textOf(member: string, value: string): string {
  return `"${member}":${JSON.stringify(value)}`;
}
