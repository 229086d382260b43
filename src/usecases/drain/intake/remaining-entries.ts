/** Entries that stay in `incoming/`: those that may still be being written, and those that cannot be taken in now. */
import type { Changing, Remaining } from '../../../spool/intake.js';
import type { EntryProblem } from '../../../spool/spool.js';
import type { Notice } from '../ports.js';
import { createPostponedEntries } from './postponed.js';

export interface RemainingEntries {
  /** A look at all entries begins. */
  begin(): void;
  /** Notes what the spool leaves. @returns the names of entries that cannot be taken in now */
  note(remaining: Omit<Remaining, 'more'>): string[];
  /** Notes an entry of which it is not known who gets it. */
  noteUnknown(entry: EntryProblem): void;
  /** The look has ended: entries that have changed for long, and the number of those without a notice, are reported. */
  end(): void;
  /** When entries that may still be being written are to be looked at again, in ms; Infinity if none is waited for. */
  changingMs(): number;
}

export interface RemainingEntriesOptions {
  /** Whether the drain ends by itself. */
  isPass: boolean;
}

/** A pass waits for an entry that is still being written for this long, in ms; after that it is told, and left. */
const longestPassMs = 3_000;

/** A drain that stays tells of one after this long, in ms. */
const longestQuietMs = 10_000;

/** Makes the record of the entries that stay. @param report told of each once */
export function createRemainingEntries(
  report: (notice: Notice) => void,
  { isPass }: RemainingEntriesOptions,
): RemainingEntries {
  const postponed = createPostponedEntries(report);
  const longestMs = isPass ? longestPassMs : longestQuietMs;
  let changing: readonly Changing[] = [];

  return {
    begin: postponed.begin,
    note(remaining) {
      for (const entry of remaining.postponed) postponed.add('unread', entry);
      for (const entry of remaining.immovable) postponed.add('immovable', entry);
      changing = remaining.changing;
      return [...remaining.postponed, ...remaining.immovable].map(({ name }) => name);
    },
    noteUnknown: (entry) => postponed.add('unread', entry),
    end() {
      for (const { name, watchedMs, reason } of changing) {
        if (watchedMs > longestMs) postponed.add('unread', { name, reason });
      }
      postponed.end();
    },
    changingMs() {
      const awaited = changing.filter(({ watchedMs }) => !isPass || watchedMs <= longestPassMs);
      return Math.min(...awaited.map(({ againMs }) => againMs)); // Infinity of none
    },
  };
}
