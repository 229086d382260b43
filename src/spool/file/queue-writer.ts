/**
 * Putting deliveries into `queue/<endpoint>/<segment>/`. A delivery is a hard
 * link to the accepted file, or a copy where a link cannot be made or would
 * leave the bytes in somebody else's hands. Doing it again changes nothing.
 */
import { parseEvent } from '../../event/record.js';
import { errnoOf } from '../../shared/errors.js';
import { linkRefusals } from './commit.js';
import type { Disk } from './disk.js';
import { privateDir, privateFile, segmentName, segmentSize } from './layout.js';
import type { EntryStat } from './read-entry.js';
import { readEntry } from './read-entry.js';
import { sameEvent } from './same-event.js';
import { closeQuietly, discard, ensureDirectory, syncDirectory, writeDurably } from './write-file.js';

/** An accepted event's file, read and checked. */
export interface Source {
  id: string;
  path: string;
  bytes: Uint8Array;
  stat: EntryStat;
}

/** Where a delivery was put; `conflict`: another event of the same id is queued there. */
export type Put = { kind: 'put' | 'there'; segment: string } | { kind: 'conflict' };

export interface QueueWriter {
  /** Puts a delivery of the event at the end of an endpoint's queue; durable after {@link QueueWriter.sync}. */
  put(endpoint: string, source: Source): Put;
  /** Makes everything that was put durable. */
  sync(): void;
  /** The segment was removed. */
  removed(endpoint: string, segment: string): void;
}

interface Tail {
  number: number;
  count: number;
  /** The segment before, where a half-done intake may have put some. */
  before: string | undefined;
}

/** @throws from its methods: the errno of whatever failed */
export function createQueueWriter(disk: Disk, root: string): QueueWriter {
  const tails = new Map<string, Tail>();
  const touched = new Set<string>();

  function tailOf(endpoint: string): Tail {
    let tail = tails.get(endpoint);
    if (tail === undefined) {
      ensureDirectory(disk, `${root}/queue/${endpoint}`, privateDir);
      // Whoever made these directories may have ended before its fsync.
      touched.add(`${root}/queue`).add(`${root}/queue/${endpoint}`);
      tail = readTail(disk, `${root}/queue/${endpoint}`);
      tails.set(endpoint, tail);
    }
    if (tail.count >= segmentSize) {
      tail.before = segmentName(tail.number);
      tail.number += 1;
      tail.count = 0;
    }
    return tail;
  }

  return {
    put(endpoint, source) {
      const tail = tailOf(endpoint);
      const queue = `${root}/queue/${endpoint}`;
      const name = `${source.id}.json`;
      if (tail.before && disk.lstatSync(`${queue}/${tail.before}/${name}`, { throwIfNoEntry: false })) {
        const same = isSame(disk, `${queue}/${tail.before}/${name}`, source);
        return same ? { kind: 'there', segment: tail.before } : { kind: 'conflict' };
      }
      const segment = segmentName(tail.number);
      if (ensureDirectory(disk, `${queue}/${segment}`, privateDir)) touched.add(queue);
      const target = `${queue}/${segment}/${name}`;
      if (!place(disk, root, { source, target })) {
        touched.add(`${queue}/${segment}`);
        return isSame(disk, target, source) ? { kind: 'there', segment } : { kind: 'conflict' };
      }
      tail.count += 1;
      touched.add(`${queue}/${segment}`);
      return { kind: 'put', segment };
    },
    sync() {
      for (const directory of touched) {
        syncDirectory(disk, directory);
        touched.delete(directory);
      }
    },
    removed(endpoint, segment) {
      const tail = tails.get(endpoint);
      if (tail?.before === segment) tail.before = undefined;
      if (tail !== undefined && segmentName(tail.number) === segment) tails.delete(endpoint);
    },
  };
}

function readTail(disk: Disk, queue: string): Tail {
  const segments = disk.readdirSync(queue).filter((name) => /^\d{8}$/.test(name));
  segments.sort();
  const last = segments.at(-1);
  if (last === undefined) return { number: 1, count: 0, before: undefined };
  return {
    number: Number(last),
    count: disk.readdirSync(`${queue}/${last}`).length,
    before: segments.at(-2),
  };
}

/** Links or copies; false if the name is taken. */
function place(disk: Disk, root: string, { source, target }: { source: Source; target: string }): boolean {
  const ours = source.stat.uid === process.geteuid?.() && source.stat.nlink === 1;
  try {
    // A link that somebody else holds, or may hold, could change its bytes later: those are copied.
    if (ours || disk.lstatSync(target, { throwIfNoEntry: false })?.ino === source.stat.ino) {
      disk.linkSync(source.path, target);
      return true;
    }
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') return false;
    if (!linkRefusals.has(errno)) throw error;
  }
  return copy(disk, root, { source, target });
}

function copy(disk: Disk, root: string, { source, target }: { source: Source; target: string }): boolean {
  if (disk.lstatSync(target, { throwIfNoEntry: false })) return false;
  const temporary = `${root}/tmp/${source.id}.copy`;
  discard(disk, temporary);
  closeQuietly(disk, writeDurably(disk, temporary, { bytes: source.bytes, mode: privateFile }));
  disk.renameSync(temporary, target);
  return true;
}

/** Whether what stands in the queue under this name is the same event: then an intake was half done. */
function isSame(disk: Disk, path: string, source: Source): boolean {
  const found = readEntry(disk, path, { maxBytes: source.bytes.length + 4096 });
  if (found.kind !== 'read') return false;
  return found.stat.ino === source.stat.ino || sameEvent(parseEvent(found.bytes), parseEvent(source.bytes));
}
