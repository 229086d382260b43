/** Lines of the journal about a delivery. Their members are written in the order in which they are set. Pure. */
import type { Verdict } from '../../../delivery/answer/verdict.js';
import type { JournalEntry } from '../../../journal/journal.js';
import { isoTime } from '../../../shared/iso-time.js';
import type { Delivery } from '../../../spool/spool.js';
import { excerptOf } from './answer.js';
import type { FinishedAttempt } from './finished-attempt.js';

/** A line about a delivery. @param now ms since the epoch */
export function lineOf(what: JournalEntry['what'], { event, endpoint }: Delivery, now: number): JournalEntry {
  const entry: JournalEntry = { time: isoTime(now), what, event: event.id };
  if (event.hook !== undefined) entry.hook = event.hook;
  entry.endpoint = endpoint;
  return entry;
}

/** The line about an attempt. @param options.now ms since the epoch */
export function attemptLine(
  { delivery, attempt, ms, result }: FinishedAttempt,
  { kind, now }: { kind: Exclude<Verdict['kind'], 'mistake'>; now: number },
): JournalEntry {
  const entry = lineOf(kind === 'ours' ? 'aborted' : kind, delivery, now);
  entry.attempt = attempt;
  if (result.kind === 'answer') entry.status = result.status;
  if (result.kind === 'error') entry.error = result.code;
  const excerpt = excerptOf(result);
  if (excerpt !== undefined) entry.answer = excerpt;
  entry.ms = ms;
  return entry;
}
