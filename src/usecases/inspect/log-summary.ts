/** Failed attempts of the journal, grouped by their reason. */
import type { JournalEntry } from '../../journal/journal.js';
import type { EndpointData } from '../endpoint-data.js';
import type { EndpointBook } from './endpoint-book.js';
import { isFailure } from './logged-entry.js';
import { bookFor, type LogPorts, type LogQuery, wantedLines } from './read-log.js';

/** Attempts that failed for the same reason. */
export interface FailureGroup {
  /** How many. */
  failures: number;
  /** The status and what the answer says, or why there was none: `400 no_text`, `ECONNREFUSED`. */
  reason: string;
  /** When the first and the last of them was, ISO 8601. */
  firstAt: string;
  lastAt: string;
  /** The event of the last one. */
  lastEvent?: string;
  /** The endpoints that failed so, the most failures first; at most 1,000. */
  endpoints: Array<{ endpoint: EndpointData; failures: number }>;
}

/** Maximum number of reasons that are told apart; answers may have a text of their own each time. */
const maxReasons = 1_000;

/** Maximum number of endpoints that are named for a reason. */
const maxEndpoints = 1_000;

/** What stands for the reasons beyond those. */
const otherReasons = 'other reasons';

interface Tally {
  failures: number;
  firstAt: string;
  lastAt: string;
  lastEvent: string | undefined;
  endpoints: Map<string, number>;
}

/**
 * Groups the failed attempts that a query asks for by their reason, the most frequent first.
 * @throws CapnhookError as `readLog`
 */
export async function summarizeLog(
  ports: LogPorts,
  query: Omit<LogQuery, 'follow' | 'limit' | 'latestFirst'> = {},
): Promise<FailureGroup[]> {
  const tallies = new Map<string, Tally>();
  for await (const line of wantedLines(ports, query)) if (isFailedAttempt(line)) add(tallies, line);
  const book = await bookFor(ports, query);
  const groups = [...tallies].map(([reason, tally]) => groupOf(reason, tally, book));
  return groups.sort((a, b) => b.failures - a.failures);
}

function isFailedAttempt(line: JournalEntry): boolean {
  return isFailure(line) && line.what !== 'gave-up' && line.ms !== undefined;
}

function add(
  tallies: Map<string, Tally>,
  { time, event, endpoint, status, answer, error, what }: JournalEntry,
): void {
  const words = [status, answer ?? error].filter((word) => word !== undefined).join(' ') || what;
  const reason = tallies.has(words) || tallies.size < maxReasons ? words : otherReasons;
  let tally = tallies.get(reason);
  if (tally === undefined) {
    tally = { failures: 0, firstAt: time, lastAt: time, lastEvent: event, endpoints: new Map() };
    tallies.set(reason, tally);
  }
  tally.failures += 1;
  if (time < tally.firstAt) tally.firstAt = time;
  if (time >= tally.lastAt) [tally.lastAt, tally.lastEvent] = [time, event];
  if (endpoint === undefined) return;
  const before = tally.endpoints.get(endpoint);
  if (before !== undefined || tally.endpoints.size < maxEndpoints)
    tally.endpoints.set(endpoint, (before ?? 0) + 1);
}

function groupOf(
  reason: string,
  { failures, firstAt, lastAt, lastEvent, endpoints }: Tally,
  book: EndpointBook,
): FailureGroup {
  const byCount = [...endpoints].sort(([, a], [, b]) => b - a);
  const group: FailureGroup = {
    failures,
    reason,
    firstAt,
    lastAt,
    endpoints: byCount.map(([id, count]) => ({ endpoint: book.dataOf(id), failures: count })),
  };
  if (lastEvent !== undefined) group.lastEvent = lastEvent;
  return group;
}
