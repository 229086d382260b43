/** The append-only record of what the drain did. It is evidence: no decision is based on it. */

/** One line of the journal. Holds no URL, header, payload or secret. */
export interface JournalEntry {
  /** ISO 8601 in UTC. */
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
    | 'retried'
    | 'replayed'
    | 'imported'
    | 'exported'
    | 'unclaimed'
    | 'expired'
    | 'corrupt'
    | 'dropped'
    | 'purged';
  /** The event's id; of a corrupt entry, its name. */
  event?: string;
  hook?: string;
  /** The endpoint's id. */
  endpoint?: string;
  /** The number of the attempt of this delivery, from 1. */
  attempt?: number;
  /** The HTTP status of the answer. */
  status?: number;
  /** Why there was no answer, or why the entry is corrupt. */
  error?: string;
  /** The text of a failed answer: one line of at most 300 bytes, without known secrets and whole URLs. */
  answer?: string;
  /** The duration of the attempt, in ms. */
  ms?: number;
  /** Number of events, for `dropped`, and for `unclaimed` and `expired` of a batch. */
  count?: number;
}

export interface Journal {
  /** Buffers an entry, and writes it soon, without an fsync. */
  write(entry: JournalEntry): void;
  /** Writes all buffered entries. */
  close(): void;
}

/** Which lines of a journal are wanted; each member that is there must hold. */
export interface JournalQuery {
  /** Of this time or later, ms since the epoch. Default: all. */
  since?: number | undefined;
  /** Of an earlier time than this, ms since the epoch. Default: all. */
  until?: number | undefined;
  /** A text that stands in the line, such as an event's id; other lines are not parsed, which is much faster. Default: all. */
  mentions?: string | undefined;
}

/** Reads a journal, also beside a drain that writes it. Lines that are torn or were changed are left out. */
export interface JournalReader {
  /**
   * Streams the lines that are there now, in the order in which they were written, or the latest first.
   * @throws CapnhookError `PERMISSION`, `SPOOL_WRITE` where the journal cannot be read
   */
  entries(query?: JournalQuery, options?: { latestFirst?: boolean }): AsyncIterable<JournalEntry>;
  /**
   * Streams the lines of `since` or later, and then each line soon after it is written, until the signal.
   * @throws CapnhookError as `entries`
   */
  follow(query: Omit<JournalQuery, 'until'>, signal: AbortSignal): AsyncIterable<JournalEntry>;
}
