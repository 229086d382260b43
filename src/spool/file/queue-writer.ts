/**
 * Putting deliveries into `queue/<endpoint>/<segment>/`. A delivery is a hard
 * link to the accepted file, or a copy where a link cannot be made or would
 * leave the bytes in somebody else's hands. Doing it again changes nothing.
 */
import { setImmediate } from 'node:timers/promises';
import { parseEvent } from '../../event/record.js';
import { errnoOf } from '../../shared/errors.js';
import { syncIfThere } from './directory-sync.js';
import type { Disk } from './disk.js';
import { privateDir, privateFile, segmentName, segmentSize } from './layout.js';
import { linkRefusals } from './link-new.js';
import type { EntryStat } from './read-entry.js';
import { readEntry } from './read-entry.js';
import { sameEvent } from './same-event.js';
import { closeQuietly, ensureDirectory, removeIfThere, writeDurably } from './write-file.js';

/** An accepted event's file, read and checked. */
export interface EventFile {
  id: string;
  path: string;
  bytes: Uint8Array;
  stat: EntryStat;
}

/**
 * Where a delivery was put. `conflict`: another event of the same id is queued there. `replaced`: the file is not the
 * one that was read any more. Of both, nothing was put.
 */
export type Put = { kind: 'put' | 'there'; segment: string } | { kind: 'conflict' } | { kind: 'replaced' };

export interface QueueWriter {
  /** Puts a delivery of the event at the end of an endpoint's queue; durable after {@link QueueWriter.sync}. */
  put(endpoint: string, file: EventFile): Put;
  /** Makes everything that was put durable; lets others have their turn now and then. */
  sync(): Promise<void>;
  /** The segment was removed. */
  removed(endpoint: string, segment: string): void;
}

interface Tail {
  number: number;
  count: number;
  /** The segment before, where a half-done intake may have put some. */
  before: string | undefined;
}

/** So many fsyncs are made in one go. */
const yieldEvery = 64;

/**
 * @param token names a temporary file, uniquely
 * @throws from its methods: the errno of whatever failed
 */
export function createQueueWriter(disk: Disk, root: string, token: () => string): QueueWriter {
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
    put(endpoint, file) {
      const tail = tailOf(endpoint);
      const queue = `${root}/queue/${endpoint}`;
      const name = `${file.id}.json`;
      if (tail.before && disk.lstatSync(`${queue}/${tail.before}/${name}`, { throwIfNoEntry: false })) {
        const same = isSame(disk, `${queue}/${tail.before}/${name}`, file);
        return same ? { kind: 'there', segment: tail.before } : { kind: 'conflict' };
      }
      const segment = segmentName(tail.number);
      if (ensureDirectory(disk, `${queue}/${segment}`, privateDir)) touched.add(queue);
      const target = `${queue}/${segment}/${name}`;
      const placed = place(disk, { file, target, temporary: `${root}/tmp/${token()}` });
      if (placed === 'replaced') return { kind: 'replaced' };
      if (placed === 'taken') {
        touched.add(`${queue}/${segment}`);
        return isSame(disk, target, file) ? { kind: 'there', segment } : { kind: 'conflict' };
      }
      tail.count += 1;
      touched.add(`${queue}/${segment}`);
      return { kind: 'put', segment };
    },
    async sync() {
      let synced = 0;
      for (const directory of touched) {
        syncIfThere(disk, directory); // an empty one may have been removed meanwhile
        touched.delete(directory);
        synced += 1;
        if (synced % yieldEvery === 0) await setImmediate();
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

/** A delivery to be made. */
interface Placing {
  file: EventFile;
  target: string;
  temporary: string;
}

/** Links or copies. */
function place(disk: Disk, placing: Placing): 'placed' | 'taken' | 'replaced' {
  const { file, target } = placing;
  const ours = file.stat.uid === process.geteuid?.() && file.stat.nlink === 1;
  try {
    // A link that somebody else holds, or may hold, could change its bytes later: those are copied.
    if (ours || disk.lstatSync(target, { throwIfNoEntry: false })?.ino === file.stat.ino) {
      disk.linkSync(file.path, target);
      return isFile(disk, target, file) ? 'placed' : 'replaced';
    }
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') return 'taken';
    if (errno === 'ENOENT') return 'replaced';
    if (!linkRefusals.has(errno)) throw error;
  }
  return copy(disk, placing);
}

/** Whether a link just made leads to the file that was read, and not to one that was moved over it since; that is undone. */
function isFile(disk: Disk, target: string, { stat }: EventFile): boolean {
  if (disk.lstatSync(target).ino === stat.ino) return true;
  removeIfThere(disk, target);
  return false;
}

function copy(disk: Disk, { file, target, temporary }: Placing): 'placed' | 'taken' {
  if (disk.lstatSync(target, { throwIfNoEntry: false })) return 'taken';
  closeQuietly(disk, writeDurably(disk, temporary, { bytes: file.bytes, mode: privateFile }));
  disk.renameSync(temporary, target);
  return 'placed';
}

/** Whether what stands in the queue under this name is the same event: then an intake was half done. */
function isSame(disk: Disk, path: string, file: EventFile): boolean {
  const found = readEntry(disk, path, { maxBytes: file.bytes.length + 4096 });
  if (found.kind !== 'read') return false;
  return found.stat.ino === file.stat.ino || sameEvent(parseEvent(found.bytes), parseEvent(file.bytes));
}
