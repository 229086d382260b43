import { eventToBytes } from '../../event/record.js';
import { isoTime } from '../../shared/iso-time.js';
import { type ArchiveEntry, lineOf } from './archive-entry.js';

/** The bytes of an entry: a line about it, and its event. @throws CapnhookError `USAGE` as `eventToBytes` */
export function entryToBytes(entry: ArchiveEntry): readonly Buffer[] {
  const { state, event, endpoint, attempts, acceptedAt, dueMs, why, place } = entry;
  const bytes = eventToBytes(event);
  const due = dueMs === undefined ? undefined : isoTime(dueMs);
  const line = {
    state,
    endpoint,
    attempts,
    accepted: isoTime(acceptedAt),
    due,
    why,
    place,
    bytes: bytes.length,
  };
  return [lineOf(line), bytes];
}
