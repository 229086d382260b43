/** A line of the journal as it is told. Pure. */
import type { EventHeader } from '../../event/event.js';
import type { JournalEntry } from '../../journal/journal.js';
import type { EndpointData } from '../endpoint-data.js';

/** An attempt, or another thing that happened to a delivery or an event. */
export interface LoggedEntry {
  /** ISO 8601, UTC. */
  time: string;
  /** What happened; `delivered`, `failed`, `rejected`, `refused`, `gone` and `aborted` with a `durationMs` are attempts. */
  what: JournalEntry['what'];
  /** The event's id; of a corrupt entry the file's name. */
  event?: string;
  hook?: string;
  endpoint?: EndpointData;
  /** The number of the attempt of this delivery, from 1. */
  attempt?: number;
  /** The HTTP status of the answer. */
  status?: number;
  /** Why, in words: what a failed answer says, why there was none, or why a file is corrupt. */
  reason?: string;
  durationMs?: number;
  /** How many events, where there can be several. */
  count?: number;
}

/** What is neither a delivery nor a change that a person made. */
const failures: ReadonlySet<JournalEntry['what']> = new Set<JournalEntry['what']>([
  'failed',
  'rejected',
  'refused',
  'gone',
  'aborted',
  'gave-up',
]);

/** Whether an attempt failed, or a delivery was given up. */
export function isFailure({ what }: Pick<JournalEntry, 'what'>): boolean {
  return failures.has(what);
}

/** Tells a line. @param dataOf an endpoint as data, by its id */
export function loggedEntry(
  entry: JournalEntry,
  dataOf: (id: string, event?: Pick<EventHeader, 'hook' | 'to'>) => EndpointData,
): LoggedEntry {
  const { time, what, event, hook, endpoint, attempt, status, error, answer, ms, count } = entry;
  const logged: LoggedEntry = { time, what };
  if (event !== undefined) logged.event = event;
  if (hook !== undefined) logged.hook = hook;
  if (endpoint !== undefined) logged.endpoint = dataOf(endpoint);
  if (attempt !== undefined) logged.attempt = attempt;
  if (status !== undefined) logged.status = status;
  const reason = answer ?? error;
  if (reason !== undefined) logged.reason = reason;
  if (ms !== undefined) logged.durationMs = ms;
  if (count !== undefined) logged.count = count;
  return logged;
}
