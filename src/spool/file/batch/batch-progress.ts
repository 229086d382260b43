/**
 * How far a batch has come at an endpoint: `<id>.done` beside its file has a
 * byte for each event, `.` while that is owed and `x` when it is settled,
 * written in place. `>` says that it is about to get a file of its own, in
 * `retry/` or `dead/`: where it has one, it is settled. Whatever else a byte
 * is, or a file that is too short or not there at all, says that the event is
 * owed: it is sent again, not lost.
 */
import { errnoOf } from '../../../shared/errors.js';
import { type Disk, O_CREAT, O_NOFOLLOW, O_WRONLY } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import { openEntry, readAt } from '../disk/read-entry.js';
import { closeQuietly, discard, writeAll, writeDurably } from '../disk/write-file.js';

const owed = 0x2e;
const settled = 0x78;
const moving = 0x3e;

/** Maximum number of neighbouring events that are noted in one write. */
const mostTogether = 4_096;
const settledBytes = Buffer.alloc(mostTogether, settled);
const bytesOf = { settled: settledBytes.subarray(0, 1), moving: Buffer.of(moving) };

/** Maximum number of open files. */
const maxOpen = 64;

/** Which events of a batch are settled. */
export interface Progress {
  isSettled(index: number): boolean;
  /** How many events are not. */
  owed: number;
  /** Its size in memory, in bytes. */
  size: number;
}

/** Notes what is settled. */
export interface ProgressMarks {
  /**
   * Event number `index` (from 0) is settled, or about to get a file of its own: from now on also after `kill -9`, and
   * after a power cut once the file is fsynced. A file that was removed is made again; not so its directory.
   * @throws the errno of a failed write
   */
  mark(path: string, index: number, what: 'settled' | 'moving'): void;
  /**
   * Event number `index` is settled: from when this resolves, as with {@link ProgressMarks.mark}. What comes in one turn
   * of the loop is written together.
   * @throws the errno of a failed write
   */
  settle(path: string, index: number): Promise<void>;
  /** The file is not needed any more. */
  forget(path: string): void;
  close(): void;
}

/**
 * Makes the file of a batch of which nothing is settled, durable except for its name.
 * @param options.temporary a path on the same file system, where it is written
 * @throws the errno of whatever failed
 */
export function writeProgress(
  disk: Disk,
  path: string,
  { count, temporary }: { count: number; temporary: string },
): void {
  const bytes = Buffer.alloc(count, owed);
  closeQuietly(disk, writeDurably(disk, temporary, { bytes, mode: privateFile }));
  try {
    disk.renameSync(temporary, path);
  } catch (error) {
    discard(disk, temporary);
    throw error;
  }
}

/**
 * What of a batch is settled.
 * @param count how many events it has
 * @throws the errno of a file that cannot be read just now
 */
export function readProgress(disk: Disk, path: string, count: number): Progress {
  const bytes = readBytes(disk, path, count);
  let left = count;
  for (const byte of bytes) if (byte === settled) left -= 1;
  return { isSettled: (index) => bytes[index] === settled, owed: left, size: bytes.length };
}

/**
 * The events that were about to get a file of their own when a drain ended.
 * @throws the errno of a file that cannot be read just now
 */
export function readMoving(disk: Disk, path: string, count: number): number[] {
  const bytes = readBytes(disk, path, count);
  const found: number[] = [];
  for (let at = bytes.indexOf(moving); at >= 0; at = bytes.indexOf(moving, at + 1)) found.push(at);
  return found;
}

function readBytes(disk: Disk, path: string, count: number): Buffer {
  const found = openEntry(disk, path, { maxBytes: Infinity });
  if (found.kind !== 'open') return Buffer.alloc(0);
  try {
    const bytes = Buffer.alloc(Math.min(count, found.stat.size));
    return bytes.subarray(0, readAt(disk, found.fd, { bytes, position: 0 }));
  } finally {
    closeQuietly(disk, found.fd);
  }
}

/** An event that is settled, and who waits for that to be written. */
interface Settling {
  index: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** Those that lie side by side, together. */
function runsOf(events: Settling[]): Settling[][] {
  const runs: Settling[][] = [];
  for (const event of events.sort((a, b) => a.index - b.index)) {
    const run = runs.at(-1);
    if (run?.at(-1)?.index === event.index - 1 && run.length < mostTogether) run.push(event);
    else runs.push([event]);
  }
  return runs;
}

/** Makes the marks of all batches; their files are opened when they are needed. */
export function createProgressMarks(disk: Disk): ProgressMarks {
  /** The one used longest ago first. */
  const open = new Map<string, number>();
  const gathered = new Map<string, Settling[]>();

  function fdOf(path: string): number {
    const known = open.get(path);
    if (known !== undefined) open.delete(path);
    const fd = known ?? disk.openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW, privateFile);
    open.set(path, fd);
    for (const [oldest] of open) {
      if (open.size <= maxOpen) break;
      forget(oldest);
    }
    return fd;
  }

  function forget(path: string): void {
    const fd = open.get(path);
    open.delete(path);
    if (fd !== undefined) closeQuietly(disk, fd);
  }

  function write(path: string, index: number, bytes: Uint8Array): void {
    try {
      writeAll(disk, fdOf(path), bytes, index);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  function writeGathered(): void {
    const files = [...gathered];
    gathered.clear();
    for (const [path, events] of files) {
      for (const run of runsOf(events)) writeRun(path, run);
    }
  }

  function writeRun(path: string, run: readonly Settling[]): void {
    try {
      write(path, run[0]?.index ?? 0, settledBytes.subarray(0, run.length));
      for (const { resolve } of run) resolve();
    } catch (error) {
      for (const { reject } of run) reject(error);
    }
  }

  return {
    mark: (path, index, what) => write(path, index, bytesOf[what]),
    settle(path, index) {
      return new Promise((resolve, reject) => {
        if (gathered.size === 0) setImmediate(writeGathered);
        const events = gathered.get(path) ?? [];
        events.push({ index, resolve, reject });
        gathered.set(path, events);
      });
    },
    forget,
    close() {
      for (const path of [...open.keys()]) forget(path);
    },
  };
}
