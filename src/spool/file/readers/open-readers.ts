/**
 * The readers of queues that are open. What they hold in memory is bounded: the
 * one that was used longest ago is closed first, unless a delivery of it is handed out.
 */
import { ignoreErrno } from '../../../shared/errors.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import type { Disk } from '../disk/disk.js';
import { createQueueReader, type QueueReader } from '../queue/queue-reader.js';
import { closedFrom } from './closed-queues.js';
import type { EndpointQueue } from './endpoint-queue.js';

export interface OpenReaders {
  /** The reader of a queue, which is opened if need be. After its use {@link OpenReaders.used} is to be called. */
  open(queue: EndpointQueue): QueueReader;
  /** A reader was used: it is closed after those that were not used since. */
  used(queue: EndpointQueue): void;
  /** Closes a reader; it stays open where that fails. */
  close(queue: EndpointQueue): void;
  /** Drops a reader: nothing is left for it. */
  drop(queue: EndpointQueue): void;
}

export interface OpenReadersOptions {
  texts: BatchTexts;
  /** Maximum number of names in memory, or {@link leastWindow} for each endpoint that something is handed out of. */
  maxNames: number;
  /** Called with a segment in which nothing is left. @returns its new name, if it has got more events */
  onEmpty(endpoint: string, segment: string): string | undefined;
}

/** Minimum and maximum number of names of a segment, or of a list of retries. */
const leastWindow = 32;
const mostWindow = 4096;

/** A segment may have this part of the names that are left, a list of retries this part of all. */
const windowShare = 1 / 16;
const retryShare = 1 / 64;

/** Memory of a reader, in names. */
const readerWeight = 16;

/** Makes the set of open readers. @throws from `open`: the errno of a directory that cannot be listed */
export function createOpenReaders(
  disk: Disk,
  root: string,
  { texts, maxNames, onEmpty }: OpenReadersOptions,
): OpenReaders {
  const least = Math.min(leastWindow, maxNames);
  const open: EndpointQueue[] = [];
  /** Where the next reader to close is looked for. */
  let hand = 0;
  /** What the readers hold, in names. */
  let weight = 0;

  function windowOf(names: number): number {
    return Math.min(Math.max(Math.floor(names), least), mostWindow);
  }

  function openReader(queue: EndpointQueue): QueueReader {
    const { endpoint, closed } = queue;
    const reader = createQueueReader(disk, root, {
      endpoint,
      texts,
      // What is left is shared, so that readers that are opened later find names, too.
      window: () => windowOf((maxNames - weight) * windowShare),
      isWithoutRetries: closed.retries === undefined,
      retryLimit: windowOf(maxNames * retryShare),
      onEmpty(segment) {
        const longer = onEmpty(endpoint, segment);
        if (longer) reader.added(longer, '');
      },
    });
    queue.reader = reader;
    queue.openAt = open.length;
    open.push(queue);
    return reader;
  }

  /** Closes readers until the names are within their limit. One that was used gets a second chance. */
  function evict(current: EndpointQueue): void {
    for (let left = 2 * open.length; left > 0 && weight > maxNames; left -= 1) {
      if (hand >= open.length) hand = 0;
      const queue = open[hand]!;
      if (!queue.isUsed && queue !== current && queue.reader?.isIdle()) close(queue);
      queue.isUsed = false;
      if (open[hand] === queue) hand += 1;
    }
  }

  function close(queue: EndpointQueue): void {
    if (queue.reader === undefined || !summarise(queue, queue.reader)) return;
    drop(queue);
  }

  function drop(queue: EndpointQueue): void {
    if (queue.reader === undefined) return;
    weight -= queue.weight;
    queue.weight = 0;
    queue.reader = undefined;
    const last = open.pop()!;
    if (last === queue) return;
    open[queue.openAt] = last;
    last.openAt = queue.openAt;
  }

  return {
    open: (queue) => queue.reader ?? openReader(queue),
    used(queue) {
      if (queue.reader === undefined) return;
      queue.isUsed = true;
      const held = readerWeight + queue.reader.held();
      weight += held - queue.weight;
      queue.weight = held;
      if (weight > maxNames) evict(queue);
    },
    close,
    drop,
  };
}

/** Notes what is known of a queue without its reader. @returns whether that could be found out */
function summarise(queue: EndpointQueue, reader: QueueReader): boolean {
  try {
    queue.closed = closedFrom(reader);
    return true;
  } catch (error) {
    ignoreErrno(error);
    return false;
  }
}
