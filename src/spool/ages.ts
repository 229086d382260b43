/** How old what waits in a spool is, without reading it. */
import type { Health } from '../endpoint/health.js';
import type { KeptAnswer } from './reasons.js';

/** How entries are counted by age. */
export interface AgeQuery {
  /** ms since the epoch. */
  now: number;
  /** Upper bounds of ages, in ms, ascending. */
  boundsMs: readonly number[];
}

/** What waits, by age. */
export interface Ages {
  /** For each bound how many are younger than it, and not than the one before; the last number counts the others. */
  counts: readonly number[];
  /** When the oldest was accepted, ms since the epoch; undefined if nothing waits. */
  oldestAt: number | undefined;
}

/** What one endpoint is owed, by age, with what is known of it. */
export interface QueueAges extends Ages {
  endpoint: string;
  /** Waiting in order. */
  waiting: number;
  /** Failed alone, each with a time of its own. */
  retrying: number;
  /** When the first of those is due, ms since the epoch. */
  nextDueMs: number | undefined;
  dead: number;
  health: Health;
  /** The last failed answer, where one is kept. */
  answer: KeptAnswer | undefined;
}

/** What was accepted and is not routed, by age. */
export interface IncomingAges extends Ages {
  /** Events, and batches. */
  entries: number;
  /** Events; a batch that does not tell how many it has counts as one. */
  events: number;
}

/** What else a spool holds. */
export interface SpoolTotals {
  /** Entries without a registered endpoint. */
  unclaimed: number;
  /** Entries that could not be read. */
  corrupt: number;
  /** Dead before they were routed; those of endpoints are told by their queues. */
  deadUnrouted: number;
  /** Room that the spool can still take, in bytes; undefined where that is not known. */
  freeBytes: number | undefined;
}

/** Counts what waits by age. */
export interface AgeCount {
  /** @param acceptedAt ms since the epoch */
  add(acceptedAt: number, count?: number): void;
  ages(): Ages;
}

/** Makes a count by age. A time that has not come yet is of the youngest. */
export function createAgeCount({ now, boundsMs }: AgeQuery): AgeCount {
  const counts = new Array<number>(boundsMs.length + 1).fill(0);
  let oldestAt = Infinity;
  return {
    add(acceptedAt, count = 1) {
      if (count === 0) return;
      const age = now - acceptedAt;
      let bound = 0;
      while (bound < boundsMs.length && age >= boundsMs[bound]!) bound += 1;
      counts[bound]! += count;
      if (acceptedAt < oldestAt) oldestAt = acceptedAt;
    },
    ages: () => ({ counts, oldestAt: oldestAt === Infinity ? undefined : oldestAt }),
  };
}
