/** The append-only record of what the drain did: evidence, never truth. */

/** One line of the journal. Holds no URL, header, payload or secret. */
export interface JournalEntry {
  /** When, ISO 8601 in UTC. */
  time: string;
  /** What happened. */
  what:
    | 'delivered'
    | 'failed'
    | 'rejected'
    | 'refused'
    | 'gone'
    | 'aborted'
    | 'gave-up'
    | 'deregistered'
    | 'unclaimed'
    | 'expired'
    | 'corrupt'
    | 'dropped';
  /** The event's id; of a corrupt entry, its name. */
  event?: string;
  hook?: string;
  /** The endpoint's id. */
  endpoint?: string;
  /** Which attempt of the delivery this was, from 1. */
  attempt?: number;
  /** The HTTP status that was answered. */
  status?: number;
  /** Why there was no answer, or why the entry is corrupt. */
  error?: string;
  /** What a failed answer says: one line of at most 300 bytes, without known secrets and whole URLs. */
  answer?: string;
  /** How long the attempt took, in milliseconds. */
  ms?: number;
  /** How many, of `dropped`, and of `unclaimed` and `expired` where it was a batch. */
  count?: number;
}

export interface Journal {
  /** Notes an entry; it is on disk soon, without an fsync. */
  write(entry: JournalEntry): void;
  /** Writes out what is still held back. */
  close(): void;
}
