/**
 * Events that an intake has just read, so that they need not be read again to
 * be sent. After a while the file is looked at first: a person who removes it, or
 * puts another in its place, is heard.
 */
import type { Event } from '../../../event/event.js';
import type { Disk } from '../disk/disk.js';
import type { EntryStat } from '../disk/read-entry.js';
import type { Slot } from '../queue/slot.js';

export interface RecentEvents {
  /** Keeps the event of a delivery, as long as there is room. @param kept.stat of the delivery's file */
  add(place: { directory: string; name: string }, kept: RecentEvent): void;
  /** Whether the event of a delivery is kept: then its intake is whole. */
  has(slot: Slot): boolean;
  /** The event of a delivery, if it was kept and its file is still there; it is forgotten then. */
  take(slot: Slot): RecentEvent | undefined;
}

/** Maximum total size of the payloads in memory, in bytes; each event counts for some more. */
const maxBytes = 24 << 20;
const eventBytes = 256;

/** Time for which an event is taken as it was read, in ms. Then it is forgotten: its endpoint is parked. */
const recentMs = 5_000;

/** An event, and its file. */
export interface RecentEvent {
  event: Event;
  stat: EntryStat;
}

interface Kept extends RecentEvent {
  since: number;
}

/** Makes a bounded memory of events that were just read. @param now ms since the epoch */
export function createRecentEvents(disk: Disk, root: string, now: () => number): RecentEvents {
  /** The oldest first. */
  const events = new Map<string, Kept>();
  let bytes = 0;

  function forget(path: string, { event }: Kept): void {
    events.delete(path);
    bytes -= sizeOf(event);
  }

  /** The clock may have been set back since. */
  function isRecent({ since }: Kept): boolean {
    return Math.abs(now() - since) < recentMs;
  }

  /** Those that come next are the oldest of a burst: they stay. */
  function makeRoom(size: number): boolean {
    for (const [path, kept] of events) {
      if (bytes + size <= maxBytes || isRecent(kept)) break;
      forget(path, kept);
    }
    return bytes + size <= maxBytes;
  }

  return {
    add({ directory, name }, { event, stat }) {
      const path = `${directory}/${name}`;
      const size = sizeOf(event);
      const known = events.get(path);
      if (known !== undefined) forget(path, known); // its file was removed, and another one came
      if (!makeRoom(size)) return;
      events.set(path, { event, stat, since: now() });
      bytes += size;
    },
    has: ({ directory, name }) => events.has(`${directory}/${name}`),
    take({ directory, name }) {
      const path = `${directory}/${name}`;
      const known = events.get(path);
      if (known === undefined) return undefined;
      forget(path, known);
      if (isRecent(known)) return known;
      const stat = disk.lstatSync(`${root}/${path}`, { throwIfNoEntry: false });
      return stat?.ino === known.stat.ino ? known : undefined;
    },
  };
}

function sizeOf({ payload }: Event): number {
  return payload.length + eventBytes;
}
