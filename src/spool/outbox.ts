/** The outbox of a spool: accepted entries that are handed on elsewhere, to a shared spool for instance, instead of being placed here. */

import type { Entry, Intake, Remaining } from './intake.js';
import type { EntryProblem } from './reasons.js';

export interface Outbox {
  /**
   * Hands a bounded number of accepted entries to a callback, the oldest first. They are gone for good when the callback
   * and then this has resolved; until then they are kept, and handed on again. With none the callback is not called.
   * @throws what the callback rejects with
   */
  handOn(handOver: (entries: readonly OutboxEntry[]) => Promise<void>): Promise<HandedOn>;
}

/** An event, or a batch, whose event *n* (from 1) has the id `<id>_<n>`. */
export interface OutboxEntry extends Entry {
  readonly isBatch: boolean;
  /** The payload of each event; to be read before the callback resolves. Iterating throws if the entry is gone. */
  payloads(): Iterable<Uint8Array>;
}

/** What handing on has done, and what stays. */
export interface HandedOn extends Remaining {
  /** Events handed on. */
  events: number;
  /** Entries that could not be read, and were quarantined; nothing is deleted. */
  quarantined: readonly EntryProblem[];
  /** Steps made towards taking a large batch, which comes later. */
  checked: number;
}

/** Makes the outbox of a spool, of its intake. @param open makes an entry that was taken readable */
export function createOutbox(
  { take, remove }: Pick<Intake, 'take' | 'remove'>,
  open: (entry: Entry) => Pick<OutboxEntry, 'isBatch' | 'payloads'>,
): Outbox {
  function entryOf(entry: Entry): OutboxEntry {
    const { isBatch, payloads } = open(entry);
    return { header: entry.header, events: entry.events, isBatch, payloads };
  }

  return {
    async handOn(handOver) {
      const { entries, ...taken } = await take();
      if (entries.length > 0) {
        await handOver(entries.map(entryOf));
        await remove(entries);
      }
      return { ...taken, events: entries.reduce((sum, { events }) => sum + events, 0) };
    },
  };
}
