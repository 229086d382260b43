/** What lies in `incoming/`, read and checked. */
import type { Event, EventHeader } from '../../../event/event.js';
import type { EntryStat } from '../disk/read-entry.js';

/** An accepted event's file, read and checked. */
export interface EventFile {
  path: string;
  stat: EntryStat;
  event: Event;
  /** The file's bytes. */
  bytes: Uint8Array;
}

/** An accepted batch's file, read and checked. */
export interface BatchFile {
  /** With the batch's id. */
  header: EventHeader;
  /** Its place in `incoming/`. */
  path: string;
  /** The inode that was there. */
  ino: number;
  /** How large that was, in bytes: it must not be removed if it has grown since. */
  size: number;
  /** The file that is linked: the same, or a copy where others could change that one. */
  source: string;
  /** Of `source`. */
  stat: EntryStat;
  /** How many events it has. */
  count: number;
}
