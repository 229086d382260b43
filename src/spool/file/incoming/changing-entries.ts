/** Entries of `incoming/` that can probably be taken in within a second, and are tried again that soon. */
import { monotonicMs } from '../../../shared/monotonic.js';
import type { Changing } from '../../intake.js';

/** Time until an entry is tried again, in ms. */
const againMs = 250;

/** Maximum number of entries without room that are reported in one step. */
const maxReported = 16;

/** Maximum number of entries without room that are kept in memory. */
const maxLacking = 65_536;

export interface ChangingEntries {
  has(name: string): boolean;
  /** The disk has no room for what taking in this entry writes. */
  keepLackingRoom(name: string, errno: string): void;
  /** Another event with the entry's id is being sent from `incoming/`. */
  keepBehindSent(name: string, id: string): void;
  /** A new pass through all entries begins. */
  clear(): void;
  /** Restarts the time for which entries without room are reported as waiting: the disk had room in this step. */
  noteRoom(): void;
  all(): Changing[];
}

/** Makes a record of such entries, with the reason of each. */
export function createChangingEntries(): ChangingEntries {
  /** The errno, by name. */
  const lacking = new Map<string, string>();
  /** When an entry was last taken in, monotonic ms. */
  let roomSince = monotonicMs();
  /** The id, by name. */
  const behindSent = new Map<string, string>();

  function lackingRoom(): Changing[] {
    const watchedMs = monotonicMs() - roomSince;
    return [...lacking].slice(0, maxReported).map(([name, errno]) => {
      return { name, reason: `there is no room to take it in (${errno})`, watchedMs, againMs };
    });
  }

  function waitingForSent(): Changing[] {
    return [...behindSent].map(([name, id]) => {
      return { name, reason: `another event with the id ${id} is being sent`, watchedMs: 0, againMs };
    });
  }

  return {
    has: (name) => lacking.has(name) || behindSent.has(name),
    keepLackingRoom(name, errno) {
      if (lacking.size < maxLacking) lacking.set(name, errno);
    },
    keepBehindSent(name, id) {
      behindSent.set(name, id);
    },
    clear() {
      lacking.clear();
      behindSent.clear();
    },
    noteRoom() {
      roomSince = monotonicMs();
    },
    all: () => [...lackingRoom(), ...waitingForSent()],
  };
}
