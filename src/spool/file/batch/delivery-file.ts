/** An event as its file tells it: what a file dropped by a shell leaves out is filled in from its name and age. */

import type { EventHeader } from '../../../event/event.js';
import { timeOfId } from '../../../event/event-id.js';
import type { EntryStat } from '../disk/read-entry.js';

const lastMs = Date.parse('9999-12-31T23:59:59.999Z');

/** The header members of a parsed event file. */
export interface ParsedHeader {
  hook?: string;
  to?: readonly string[];
  time?: string;
}

/** The header with every member an event has. */
export function headerOf(
  { hook, to, time }: ParsedHeader,
  { id, stat }: { id: string; stat: EntryStat },
): EventHeader {
  return {
    id,
    hook,
    to,
    time: time ?? isoTime(timeOfId(id) ?? stat.mtimeMs),
  };
}

/**
 * When an event was accepted: when its id was made, or its file was written, or taken in late; whichever is later, but
 * for a time that has not come yet. Now, if there is no other.
 * @param event.now ms since the epoch
 * @returns ms since the epoch
 */
export function acceptedAt({ id, stat, now }: { id: string; stat: EntryStat; now: number }): number {
  // The clock has no fractions of a ms: a file of this one would be of the future.
  const times = [timeOfId(id) ?? 0, Math.floor(stat.mtimeMs)].filter((time) => time > 0 && time <= now);
  return times.length === 0 ? now : Math.max(...times);
}

/** A file's age can be anything (utimensat(2)); a time is written with a year of four digits. */
function isoTime(ms: number): string {
  return new Date(Math.min(Math.max(Math.floor(ms), 0), lastMs)).toISOString();
}
