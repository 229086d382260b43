import type { JournalEntry } from '../journal/journal.js';
import { isoTime } from '../shared/iso-time.js';
import type { PurgedEntry } from '../spool/spool.js';

/** The line of the journal for an entry that was removed. @param now ms since the epoch */
export function purgedLine(
  { event, hook, endpoint, events }: Omit<PurgedEntry, 'from' | 'problem'>,
  now: number,
): JournalEntry {
  const count = events === 1 ? undefined : events;
  return { time: isoTime(now), what: 'purged', event, hook, endpoint, count };
}
