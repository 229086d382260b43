/**
 * Putting deliveries into `queue/<endpoint>/<segment>/`. A delivery is a hard
 * link to the accepted file, or that file itself where nobody else is to have
 * it, or a copy where a link cannot be made or would leave the bytes in
 * somebody else's hands. A batch is put whole, into a segment of its own.
 * Doing it again changes nothing. Another event of an id that is queued gets a
 * segment of its own behind that.
 */
import { isGeneratedId } from '../../../event/event-id.js';
import { parseEvent } from '../../../event/record.js';
import type { BatchFile, EventFile } from '../batch/accepted-file.js';
import { sameBatchFile } from '../batch/same-batch-file.js';
import { sameEvent } from '../batch/same-event.js';
import { batchFilesOf, listSegments, removeSegment } from '../batch/segment.js';
import { syncAll } from '../disk/directory-sync.js';
import type { Disk } from '../disk/disk.js';
import { batchSegmentName, parseSegmentName, privateDir, segmentName, segmentSize } from '../disk/layout.js';
import { readEntry } from '../disk/read-entry.js';
import { ensureDirectory, removeIfThere } from '../disk/write-file.js';
import { isOurs, type Placed, place, placeBatch, placeCopy } from './place-file.js';

/**
 * Where a delivery was put. `moved`: it is not in `incoming/` any more. `there`: it was there already. `conflict`:
 * {@link mostOfOneId} other events of the same id are queued there. `replaced`: the file is not the one that was read
 * any more. Of the last two, nothing was put.
 */
export type Put =
  | { kind: 'put' | 'moved' | 'there'; segment: string; replaces?: boolean }
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
  /** The endpoint is owed nothing, and its directories are gone. */
  forget(endpoint: string): void;
  /** The segment was removed. */
  removed(endpoint: string, segment: string): void;
}

/** A segment of single deliveries. */
interface Singles {
  name: string;
  /**
   * Of one that was made by this drain: what has been put there, by {@link keyOf}. Nothing else can be in it, so the disk
   * need not be asked.
   */
  ids: Set<string> | undefined;
}

interface Tail {
  number: number;
  /** How many are in the last segment. */
  count: number;
  /** Whether the last segment is a batch: then nothing is added to it. */
  isBatch: boolean;
  /** Whether the last segment is there. */
  isMade: boolean;
  /** The segments of single deliveries, in their order. */
  singles: Singles[];
  /** The segments that are batches, by the batch's id. */
  batches: Map<string, readonly string[]>;
}

/** An event that is put into a segment. */
interface Placing {
  file: EventFile;
  /** The segments before it, and those of them, at their end, that were looked through for the event. */
  earlier: readonly Singles[];
  near: readonly Singles[];
  isOnly: boolean;
}

/** So many ids are known of an endpoint's last segments, over all endpoints; after that the disk is asked. */
const maxIds = 65_536;

/** So many events of one id are queued for an endpoint at most: each is compared with all of them. */
export const mostOfOneId = 64;

/** So many of an endpoint's segments, at the end of its queue, are looked through for each event. */
const nearSegments = 2;

/**
 * Nothing was put yet.
 * @param token names a temporary file, uniquely
 * @throws from its methods: the errno of whatever failed
 */
export function createQueueWriter(disk: Disk, root: string, token: () => string): QueueWriter {
  const tails = new Map<string, Tail>();
  const touched = new Set<string>();
  /** How many ids are known. */
  let known = 0;

  function temporary(): string {
    return `${root}/tmp/${token()}`;
  }

  function tailOf(endpoint: string): Tail {
    let tail = tails.get(endpoint);
    if (tail === undefined) {
      const isNew = ensureDirectory(disk, `${root}/queue/${endpoint}`, privateDir);
      tail = isNew ? emptyTail() : readTail(disk, `${root}/queue/${endpoint}`);
      // Whoever made these directories may have ended before its fsync. One that cannot be read is not touched.
      touched.add(`${root}/queue`).add(`${root}/queue/${endpoint}`);
      tails.set(endpoint, tail);
    }
    return tail;
  }

  /** The segment that the next single delivery goes to. */
  function segmentOf(endpoint: string, tail: Tail): Singles {
    if (tail.isBatch || tail.count >= segmentSize) beginSegment(tail);
    const name = segmentName(tail.number);
    const last = tail.singles.at(-1);
    if (tail.isMade && last?.name === name) return last;
    const isNew = ensureDirectory(disk, `${root}/queue/${endpoint}/${name}`, privateDir);
    touched.add(`${root}/queue/${endpoint}`);
    tail.isMade = true;
    if (last?.name === name) {
      forgetIds(last);
      tail.singles.pop();
    }
    const segment = { name, ids: isNew ? new Set<string>() : undefined };
    tail.singles.push(segment);
    tail.singles.slice(0, -nearSegments).forEach(forgetIds);
    return segment;
  }

  /** What comes next goes to a new segment. */
  function beginSegment(tail: Tail): void {
    Object.assign(tail, { number: tail.number + 1, count: 0, isBatch: false, isMade: false });
  }

  function forgetIds(segment: Singles): void {
    known -= segment.ids?.size ?? 0;
    segment.ids = undefined;
  }

  function noteId({ ids }: Singles, file: EventFile): void {
    if (ids === undefined) return;
    known -= ids.size;
    known += ids.add(keyOf(file)).size;
    if (known > maxIds) for (const { singles } of tails.values()) singles.forEach(forgetIds);
  }

  /** Whether anything may stand under an event's name in a segment, for all that is known. */
  function mayHave({ ids }: Singles, file: EventFile): boolean {
    return ids?.has(keyOf(file)) ?? true;
  }

  /** What stands under an event's name in a segment already: that event, or another one of its id. */
  function findIn(queue: string, segment: Singles, file: EventFile): 'same' | 'other' | undefined {
    if (!mayHave(segment, file)) return undefined;
    const path = `${queue}/${segment.name}/${file.event.id}.json`;
    if (!disk.lstatSync(path, { throwIfNoEntry: false })) return undefined;
    if (!isSame(disk, path, file)) return 'other';
    touched.add(`${queue}/${segment.name}`);
    return 'same';
  }

  /** Where an event stands already, or that too many others of its id do. */
  function findInAny(queue: string, segments: readonly Singles[], file: EventFile): Put | undefined {
    let others = 0;
    for (const segment of segments) {
      const found = findIn(queue, segment, file);
      if (found === 'same') return { kind: 'there', segment: segment.name };
      if (found === 'other') others += 1;
    }
    return others >= mostOfOneId - 1 ? { kind: 'conflict' } : undefined;
  }

  function forget(endpoint: string): void {
    tails.get(endpoint)?.singles.forEach(forgetIds);
    tails.delete(endpoint);
  }

  /**
   * An intake that was cut short may have put a batch that has grown since: nothing of it was sent, as it is still in
   * `incoming/`, and all of it is put again. @returns whether there was one
   */
  function removeGrown(path: string, { count, ino }: BatchFile): boolean {
    const files = batchFilesOf(path);
    if (files === undefined || files.count === count) return false;
    if (disk.lstatSync(files.text, { throwIfNoEntry: false })?.ino !== ino) return false;
    removeIfThere(disk, files.text);
    return removeSegment(disk, path);
  }

  function forgetBatch({ batches }: Tail, id: string, segment: string): void {
    const left = (batches.get(id) ?? []).filter((name) => name !== segment);
    if (left.length === 0) batches.delete(id);
    else batches.set(id, left);
  }

  /** Puts an event into a segment, unless a copy of it stands in one of the earlier ones that were not looked through. */
  function placeIn(queue: string, segment: Singles, { file, earlier, near, isOnly }: Placing): Placed | Put {
    const target = `${queue}/${segment.name}/${file.event.id}.json`;
    const isFree = !mayHave(segment, file);
    noteId(segment, file); // whatever comes of it
    const placed = place(disk, root, { file, target, mayMove: isOnly, isFree });
    if (placed !== 'refused') return placed;
    const copied = findInAny(queue, earlier.slice(0, earlier.length - near.length), file);
    return copied ?? placeCopy(disk, { file, target, temporary });
  }

  return {
    put(endpoint, file, { isOnly }) {
      const tail = tailOf(endpoint);
      const queue = `${root}/queue/${endpoint}`;
      let segment = segmentOf(endpoint, tail);
      const earlier = tail.singles.slice(0, -1);
      // A copy leaves no trace at what it was made of: it is looked for near the end in any case.
      const near = mayBeQueued(file) ? earlier : earlier.slice(1 - nearSegments);
      const found = findInAny(queue, near, file);
      if (found !== undefined) return found;
      let placed = placeIn(queue, segment, { file, earlier, near, isOnly });
      if (placed === 'taken') {
        if (findIn(queue, segment, file) === 'same') return { kind: 'there', segment: segment.name };
        beginSegment(tail); // another event of its id is there, and goes first
        segment = segmentOf(endpoint, tail);
        placed = placeIn(queue, segment, { file, earlier: [], near: [], isOnly });
      }
      if (typeof placed === 'object') return placed;
      if (placed === 'taken') return { kind: 'conflict' };
      touched.add(`${queue}/${segment.name}`);
      if (placed === 'replaced') {
        tail.isMade = false; // or it is the segment that is gone
        return { kind: 'replaced' };
      }
      tail.count += 1;
      return { kind: placed === 'moved' ? 'moved' : 'put', segment: segment.name };
    },
    putBatch(endpoint, file) {
      const {
        count,
        header: { id },
      } = file;
      const tail = tailOf(endpoint);
      const queue = `${root}/queue/${endpoint}`;
      const known = tail.batches.get(id) ?? [];
      const grown = known.filter((name) => removeGrown(`${queue}/${name}`, file));
      const others = known.filter((name) => !grown.includes(name));
      for (const name of others) {
        if (!sameBatchFile(disk, `${queue}/${name}/${id}.jsonl`, file.source)) continue;
        touched.add(`${queue}/${name}`);
        return { kind: 'there', segment: name };
      }
      if (others.length >= mostOfOneId) return { kind: 'conflict' };
      const number = tail.isBatch || tail.count > 0 ? tail.number + 1 : tail.number;
      const segment = batchSegmentName(number, { id, count });
      const directory = `${queue}/${segment}`;
      touched.add(queue).add(directory);
      const placed = placeBatch(disk, file, { directory, temporary });
      if (placed === 'replaced') return { kind: 'replaced' };
      tail.batches.set(id, [...others, segment]);
      Object.assign(tail, { number, count, isBatch: true, isMade: true });
      return { kind: 'put', segment, replaces: grown.length > 0 };
    },
    async sync() {
      await syncAll(disk, touched);
    },
    forget,
    removed(endpoint, segment) {
      const tail = tails.get(endpoint);
      const parsed = parseSegmentName(segment);
      if (tail === undefined || parsed === undefined) return;
      if (parsed.number === tail.number) forget(endpoint);
      for (const each of tail.singles) if (each.name === segment) forgetIds(each);
      if (parsed.batch === undefined) tail.singles = tail.singles.filter(({ name }) => name !== segment);
      else forgetBatch(tail, parsed.batch.id, segment);
    },
  };
}

function emptyTail(): Tail {
  return { number: 1, count: 0, isBatch: false, isMade: false, singles: [], batches: new Map() };
}

/** @param batches of each, its id and its segment */
function segmentsById(batches: ReadonlyArray<{ id: string; name: string }>): Map<string, readonly string[]> {
  const byId = new Map<string, readonly string[]>();
  for (const { id, name } of batches) byId.set(id, [...(byId.get(id) ?? []), name]);
  return byId;
}

function readTail(disk: Disk, queue: string): Tail {
  const segments = listSegments(disk, queue).flatMap((name) => {
    const parsed = parseSegmentName(name);
    return parsed === undefined ? [] : [{ name, ...parsed }];
  });
  const batches = segmentsById(
    segments.flatMap(({ name, batch }) => (batch === undefined ? [] : [{ id: batch.id, name }])),
  );
  const last = segments.at(-1);
  const isBatch = last?.batch !== undefined;
  return {
    number: last?.number ?? 1,
    count: last === undefined || isBatch ? 0 : disk.readdirSync(`${queue}/${last.name}`).length,
    isBatch,
    isMade: last !== undefined,
    singles: segments
      .filter(({ batch }) => batch === undefined)
      .map(({ name }) => ({ name, ids: undefined })),
    batches,
  };
}

/** As every file system tells names apart: some do not tell `A` from `a`. */
function keyOf({ event }: EventFile): string {
  return event.id.toLowerCase();
}

/**
 * Whether an intake that was cut short, or somebody who chose its id, may have put an event of that name anywhere in a
 * queue. What has only the one name in `incoming/` was linked nowhere.
 */
function mayBeQueued({ stat, event }: EventFile): boolean {
  return !isOurs(stat) || !isGeneratedId(event.id);
}

/** Whether what stands in the queue under this name is the same event: then an intake was half done. */
function isSame(disk: Disk, path: string, file: EventFile): boolean {
  const found = readEntry(disk, path, { maxBytes: file.bytes.length + 4096 });
  if (found.kind !== 'read') return false;
  return found.stat.ino === file.stat.ino || sameEvent(parseEvent(found.bytes), parseEvent(file.bytes));
}
