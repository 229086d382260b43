/**
 * Putting deliveries into `queue/<endpoint>/<segment>/`. A delivery is a hard
 * link to the accepted file, or that file itself where nobody else is to have
 * it, or a copy where a link cannot be made or would leave the bytes in
 * somebody else's hands. A batch is put whole, into a segment of its own.
 * Doing it again changes nothing.
 */
import { parseEvent } from '../../event/record.js';
import type { BatchFile, EventFile } from './accepted-file.js';
import { syncAll } from './directory-sync.js';
import type { Disk } from './disk.js';
import { batchSegmentName, parseSegmentName, privateDir, segmentName, segmentSize } from './layout.js';
import { place, placeBatch } from './place-file.js';
import { readEntry } from './read-entry.js';
import { sameBatchFile } from './same-batch-file.js';
import { sameEvent } from './same-event.js';
import { listSegments } from './segment.js';
import { ensureDirectory } from './write-file.js';

/**
 * Where a delivery was put. `moved`: it is not in `incoming/` any more. `there`: it was there already. `conflict`:
 * another event of the same id is queued there. `replaced`: the file is not the one that was read any more. Of the
 * last two, nothing was put.
 */
export type Put =
  | { kind: 'put' | 'moved' | 'there'; segment: string }
  | { kind: 'conflict' }
  | { kind: 'replaced' };

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
  /** Something that was put has to be taken in again: it is looked for where it may be, until {@link QueueWriter.unpin}. */
  pin(): void;
  /** Nothing has to be taken in again. */
  unpin(): void;
  /** The endpoint is owed nothing, and its directories are gone. */
  forget(endpoint: string): void;
  /** The segment was removed. */
  removed(endpoint: string, segment: string): void;
}

interface Tail {
  number: number;
  /** How many are in the last segment. */
  count: number;
  /** Whether the last segment is a batch: then nothing is added to it. */
  isBatch: boolean;
  /** Whether the last segment is there. */
  isMade: boolean;
  /** The last segment before it that is no batch. */
  before: string | undefined;
  /** Segments in which an intake that was cut short may have put deliveries. */
  pinned: Set<string>;
  /** The segments that are batches, by the batch's id. */
  batches: Map<string, string>;
}

/**
 * Nothing was put yet.
 * @param token names a temporary file, uniquely
 * @throws from its methods: the errno of whatever failed
 */
export function createQueueWriter(disk: Disk, root: string, token: () => string): QueueWriter {
  const tails = new Map<string, Tail>();
  const touched = new Set<string>();
  /** What was pinned in queues whose end is to be looked for anew. */
  const pinnedBefore = new Map<string, ReadonlySet<string>>();

  function temporary(): string {
    return `${root}/tmp/${token()}`;
  }

  function tailOf(endpoint: string): Tail {
    let tail = tails.get(endpoint);
    if (tail === undefined) {
      ensureDirectory(disk, `${root}/queue/${endpoint}`, privateDir);
      // Whoever made these directories may have ended before its fsync.
      touched.add(`${root}/queue`).add(`${root}/queue/${endpoint}`);
      tail = readTail(disk, `${root}/queue/${endpoint}`);
      for (const segment of pinnedBefore.get(endpoint) ?? []) tail.pinned.add(segment);
      pinnedBefore.delete(endpoint);
      tails.set(endpoint, tail);
    }
    return tail;
  }

  /** The segment that the next single delivery goes to. */
  function segmentOf(endpoint: string, tail: Tail): string {
    if (tail.isBatch || tail.count >= segmentSize) {
      if (!tail.isBatch) tail.before = segmentName(tail.number);
      Object.assign(tail, { number: tail.number + 1, count: 0, isBatch: false, isMade: false });
    }
    const segment = segmentName(tail.number);
    if (!tail.isMade && ensureDirectory(disk, `${root}/queue/${endpoint}/${segment}`, privateDir))
      touched.add(`${root}/queue/${endpoint}`);
    tail.isMade = true;
    return segment;
  }

  return {
    put(endpoint, file, { isOnly }) {
      const tail = tailOf(endpoint);
      const queue = `${root}/queue/${endpoint}`;
      const name = `${file.event.id}.json`;
      const segment = segmentOf(endpoint, tail);
      for (const earlier of earlierSegments(tail)) {
        if (!disk.lstatSync(`${queue}/${earlier}/${name}`, { throwIfNoEntry: false })) continue;
        touched.add(`${queue}/${earlier}`);
        const same = isSame(disk, `${queue}/${earlier}/${name}`, file);
        return same ? { kind: 'there', segment: earlier } : { kind: 'conflict' };
      }
      const target = `${queue}/${segment}/${name}`;
      const placed = place(disk, root, { file, target, temporary, mayMove: isOnly });
      touched.add(`${queue}/${segment}`);
      if (placed === 'taken')
        return isSame(disk, target, file) ? { kind: 'there', segment } : { kind: 'conflict' };
      if (placed === 'replaced') {
        tail.isMade = false; // or it is the segment that is gone
        return { kind: 'replaced' };
      }
      tail.count += 1;
      return { kind: placed === 'moved' ? 'moved' : 'put', segment };
    },
    putBatch(endpoint, file) {
      const {
        count,
        header: { id },
      } = file;
      const tail = tailOf(endpoint);
      const queue = `${root}/queue/${endpoint}`;
      const known = tail.batches.get(id);
      const there = known && sameBatchFile(disk, `${queue}/${known}/${id}.jsonl`, file.source);
      if (known !== undefined && there !== undefined) {
        touched.add(`${queue}/${known}`);
        return there ? { kind: 'there', segment: known } : { kind: 'conflict' };
      }
      const number = tail.isBatch || tail.count > 0 ? tail.number + 1 : tail.number;
      const segment = batchSegmentName(number, { id, count });
      const directory = `${queue}/${segment}`;
      touched.add(queue).add(directory);
      if (!tail.isBatch && tail.count > 0) tail.before = segmentName(tail.number);
      const placed = placeBatch(disk, file, { directory, temporary });
      if (placed === 'replaced') return { kind: 'replaced' };
      tail.batches.set(id, segment);
      Object.assign(tail, { number, count, isBatch: true, isMade: true });
      return { kind: 'put', segment };
    },
    async sync() {
      await syncAll(disk, touched);
    },
    pin() {
      for (const tail of tails.values()) {
        if (!tail.isBatch) tail.pinned.add(segmentName(tail.number));
        if (tail.before !== undefined) tail.pinned.add(tail.before);
      }
    },
    unpin() {
      for (const tail of tails.values()) tail.pinned.clear();
      pinnedBefore.clear();
    },
    forget: (endpoint) => void tails.delete(endpoint),
    removed(endpoint, segment) {
      const tail = tails.get(endpoint);
      tail?.pinned.delete(segment);
      if (tail?.before === segment) tail.before = undefined;
      if (tail !== undefined && parseSegmentName(segment)?.number === tail.number) {
        tails.delete(endpoint);
        pinnedBefore.set(endpoint, tail.pinned);
      }
      const id = parseSegmentName(segment)?.batch?.id;
      if (id !== undefined && tail?.batches.get(id) === segment) tail.batches.delete(id);
    },
  };
}

function readTail(disk: Disk, queue: string): Tail {
  const segments = listSegments(disk, queue).flatMap((name) => {
    const parsed = parseSegmentName(name);
    return parsed === undefined ? [] : [{ name, ...parsed }];
  });
  const batches = new Map(
    segments.flatMap(({ name, batch }) => (batch === undefined ? [] : [[batch.id, name] as const])),
  );
  const last = segments.at(-1);
  const isBatch = last?.batch !== undefined;
  const single = segments.filter(({ batch }) => batch === undefined).map(({ name }) => name);
  return {
    number: last?.number ?? 1,
    count: last === undefined || isBatch ? 0 : disk.readdirSync(`${queue}/${last.name}`).length,
    isBatch,
    isMade: last !== undefined,
    before: single.at(isBatch ? -1 : -2),
    pinned: new Set(single.slice(-2)),
    batches,
  };
}

/** Where else an event may be that is put at the end. */
function earlierSegments({ number, isBatch, before, pinned }: Tail): string[] {
  const current = isBatch ? undefined : segmentName(number);
  const earlier = before === undefined || pinned.has(before) ? [...pinned] : [...pinned, before];
  return earlier.filter((segment) => segment !== current);
}

/** Whether what stands in the queue under this name is the same event: then an intake was half done. */
function isSame(disk: Disk, path: string, file: EventFile): boolean {
  const found = readEntry(disk, path, { maxBytes: file.bytes.length + 4096 });
  if (found.kind !== 'read') return false;
  return found.stat.ino === file.stat.ino || sameEvent(parseEvent(found.bytes), parseEvent(file.bytes));
}
