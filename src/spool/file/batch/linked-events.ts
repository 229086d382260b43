/**
 * Events that name many URLs: one file stands in as many queues, and its long
 * header would be read and checked again for each of them.
 */
import type { ParsedEvent } from '../../../event/record.js';
import type { Disk } from '../disk/disk.js';
import type { EntryStat } from '../disk/read-entry.js';

/** An event's file as it was read. */
export interface LinkedEvent {
  parsed: ParsedEvent;
  stat: EntryStat;
}

export interface LinkedEvents {
  /** The event at a path, if it is kept and its file is the one that was read. */
  find(path: string): LinkedEvent | undefined;
  /** Keeps an event that names many URLs, if there is room. */
  keep(event: LinkedEvent): void;
}

/** An event with fewer URLs is read as quickly as it is found. */
const fewestUrls = 16;

/** The sizes of the files that are kept, together, in bytes. */
const maxBytes = 16 << 20;

/** Keeps events of this spool, the latest ones. */
export function createLinkedEvents(disk: Disk): LinkedEvents {
  /** By the file's number; the oldest first. */
  const events = new Map<number, LinkedEvent>();
  let bytes = 0;

  function forget({ stat }: LinkedEvent): void {
    if (events.delete(stat.ino)) bytes -= stat.size;
  }

  return {
    find(path) {
      if (events.size === 0) return undefined;
      const there = disk.lstatSync(path, { throwIfNoEntry: false });
      const known = there?.isFile() ? events.get(there.ino) : undefined;
      if (known === undefined) return undefined;
      const { size, mtimeMs } = known.stat;
      if (there?.size === size && there.mtimeMs === mtimeMs) return known;
      forget(known);
      return undefined;
    },
    keep(event) {
      const { parsed, stat } = event;
      if (stat.nlink < 2 || (parsed.to?.length ?? 0) < fewestUrls || stat.size > maxBytes) return;
      const known = events.get(stat.ino);
      if (known !== undefined) forget(known);
      events.set(stat.ino, event);
      bytes += stat.size;
      for (const oldest of events.values()) {
        if (bytes <= maxBytes) break;
        forget(oldest);
      }
    },
  };
}
