/**
 * The readers of queues that are open. What they hold in memory is bounded: the
 * one that was used longest ago is closed first, unless a delivery of it is handed out.
 */
import { ignoreErrno } from '../../../shared/errors.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import type { Disk } from '../disk/disk.js';
import { type ClosedQueue, closedFrom } from './closed-queues.js';
import { createQueueReader, type QueueReader } from './queue-reader.js';

export interface OpenReaders {
  /** The endpoint's reader, if it is open. */
  get(endpoint: string): QueueReader | undefined;
  endpoints(): Iterable<string>;
  /** Does something with an endpoint's reader, which is opened if need be; it is closed after those that were not used since. */
  using<T>(endpoint: string, use: (reader: QueueReader) => T): T;
  /** The same, without counting as a use. */
  peek<T>(endpoint: string, look: (reader: QueueReader) => T): T;
  /** Closes a reader; it stays open where that fails. */
  close(endpoint: string): void;
  /** Drops a reader: nothing is left for it. */
  drop(endpoint: string): void;
}

export interface OpenReadersOptions {
  texts: BatchTexts;
  /** Maximum number of names in memory, or {@link leastWindow} for each endpoint that something is handed out of. */
  maxNames: number;
  /** What is known of queues without a reader. */
  closed: Map<string, ClosedQueue>;
  /** Called with a segment in which nothing is left. @returns its new name, if it has got more events */
  onEmpty(endpoint: string, segment: string): string | undefined;
}

interface Reading {
  reader: QueueReader;
  /** What it was counted for, in names. */
  weight: number;
  /** Whether it was used since readers were closed last. */
  isUsed: boolean;
}

/** Minimum and maximum number of names of a segment, or of a list of retries. */
const leastWindow = 32;
const mostWindow = 4096;

/** A segment may have this part of the names that are left, a list of retries this part of all. */
const windowShare = 1 / 16;
const retryShare = 1 / 64;

/** Memory of a reader, in names. */
const readerWeight = 16;

/** Makes the set of open readers. @throws from `using`: the errno of a directory that cannot be listed */
export function createOpenReaders(
  disk: Disk,
  root: string,
  { texts, maxNames, closed, onEmpty }: OpenReadersOptions,
): OpenReaders {
  const least = Math.min(leastWindow, maxNames);
  /** Those that were used come after those that were not, once readers are closed. */
  const readings = new Map<string, Reading>();
  /** What the readers hold, in names. */
  let weight = 0;

  function windowOf(names: number): number {
    return Math.min(Math.max(Math.floor(names), least), mostWindow);
  }

  function open(endpoint: string): Reading {
    const known = closed.get(endpoint);
    const reader = createQueueReader(disk, root, {
      endpoint,
      texts,
      // What is left is shared, so that readers that are opened later find names, too.
      window: () => windowOf((maxNames - weight) * windowShare),
      isWithoutRetries: known !== undefined && known.retries === undefined,
      retryLimit: windowOf(maxNames * retryShare),
      onEmpty(segment) {
        const longer = onEmpty(endpoint, segment);
        if (longer) reader.added(longer, '');
      },
    });
    closed.delete(endpoint);
    const reading = { reader, weight: 0, isUsed: false };
    readings.set(endpoint, reading);
    return reading;
  }

  function weigh(reading: Reading): void {
    const held = readerWeight + reading.reader.held();
    weight += held - reading.weight;
    reading.weight = held;
  }

  /** Closes readers until the names are within their limit. One that was used gets a second chance, at the end. */
  function evict(current: string): void {
    for (const [endpoint, reading] of readings) {
      if (weight <= maxNames) return;
      if (reading.isUsed) {
        reading.isUsed = false;
        readings.delete(endpoint);
        readings.set(endpoint, reading);
      } else if (endpoint !== current && reading.reader.isIdle()) close(endpoint);
    }
  }

  function peek<T>(endpoint: string, look: (reader: QueueReader) => T): T {
    const reading = readings.get(endpoint) ?? open(endpoint);
    try {
      return look(reading.reader);
    } finally {
      weigh(reading);
      if (weight > maxNames) evict(endpoint);
    }
  }

  function close(endpoint: string): void {
    const reading = readings.get(endpoint);
    if (reading === undefined) return;
    try {
      closed.set(endpoint, closedFrom(reading.reader));
    } catch (error) {
      ignoreErrno(error);
      return;
    }
    drop(endpoint);
  }

  function drop(endpoint: string): void {
    weight -= readings.get(endpoint)?.weight ?? 0;
    readings.delete(endpoint);
  }

  return {
    get: (endpoint) => readings.get(endpoint)?.reader,
    endpoints: () => readings.keys(),
    using(endpoint, use) {
      const reading = readings.get(endpoint) ?? open(endpoint);
      reading.isUsed = true;
      try {
        return use(reading.reader);
      } finally {
        weigh(reading);
        if (weight > maxNames) evict(endpoint);
      }
    },
    peek,
    close,
    drop,
  };
}
