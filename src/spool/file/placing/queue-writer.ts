/**
 * Putting deliveries into `queue/<endpoint>/<segment>/`. A delivery is a hard
 * link to the accepted file, or that file itself where no other endpoint gets
 * it, or a copy where a link cannot be made or would leave the bytes in
 * another user's hands. A batch is put whole, into a segment of its own. Doing
 * it again changes nothing. Another event of an id that is queued gets a
 * segment of its own behind that.
 */
import type { BatchFile, EventFile } from '../batch/accepted-file.js';
import { syncAll } from '../disk/directory-sync.js';
import type { Disk } from '../disk/disk.js';
import { parseSegmentName, privateDir } from '../disk/layout.js';
import { ensureDirectory } from '../disk/write-file.js';
import { createKnownIds } from './known-ids.js';
import type { Put, PutOptions } from './put.js';
import { putBatch } from './put-batch.js';
import { putEvent } from './put-event.js';
import { emptyTail, forgetBatch, type QueueTail, readTail } from './queue-tail.js';

export interface QueueWriter {
  /**
   * Puts a delivery of the event at the end of an endpoint's queue; durable after {@link QueueWriter.sync}.
   * @param options.isOnly whether no other endpoint gets it
   */
  put(endpoint: string, file: EventFile, options: { isOnly: boolean }): Put;
  /** Puts a whole batch at the end of an endpoint's queue; durable after {@link QueueWriter.sync}. */
  putBatch(endpoint: string, file: BatchFile): Put;
  /** Makes everything that was put durable, while others have their turn. */
  sync(): Promise<void>;
  /** The endpoint is owed nothing, and its directories were removed. */
  forget(endpoint: string): void;
  /** The segment was removed. */
  removed(endpoint: string, segment: string): void;
}

/**
 * Makes the writer of all queues.
 * @param token names a temporary file, uniquely
 * @throws from its methods: the errno of what failed
 */
export function createQueueWriter(disk: Disk, root: string, token: () => string): QueueWriter {
  const tails = new Map<string, QueueTail>();
  const touched = new Set<string>();
  const ids = createKnownIds(() => [...tails.values()].flatMap(({ singles }) => singles));
  const temporary = () => `${root}/tmp/${token()}`;

  function tailOf(endpoint: string): QueueTail {
    let tail = tails.get(endpoint);
    if (tail === undefined) {
      const isNew = ensureDirectory(disk, `${root}/queue/${endpoint}`, privateDir);
      tail = isNew ? emptyTail() : readTail(disk, `${root}/queue/${endpoint}`);
      // An earlier drain may have ended before its fsync. A directory that cannot be read is not touched.
      touched.add(`${root}/queue`).add(`${root}/queue/${endpoint}`);
      tails.set(endpoint, tail);
    }
    return tail;
  }

  function optionsFor(endpoint: string): PutOptions {
    return { queue: `${root}/queue/${endpoint}`, tail: tailOf(endpoint), touched, temporary };
  }

  function forget(endpoint: string): void {
    tails.get(endpoint)?.singles.forEach(ids.forget);
    tails.delete(endpoint);
  }

  return {
    put: (endpoint, file, { isOnly }) => putEvent(disk, file, { ...optionsFor(endpoint), root, ids, isOnly }),
    putBatch: (endpoint, file) => putBatch(disk, file, optionsFor(endpoint)),
    sync: () => syncAll(disk, touched),
    forget,
    removed(endpoint, segment) {
      const tail = tails.get(endpoint);
      const parsed = parseSegmentName(segment);
      if (tail === undefined || parsed === undefined) return;
      if (parsed.number === tail.number) forget(endpoint);
      for (const each of tail.singles) if (each.name === segment) ids.forget(each);
      if (parsed.batch === undefined) tail.singles = tail.singles.filter(({ name }) => name !== segment);
      else forgetBatch(tail, parsed.batch.id, segment);
    },
  };
}
