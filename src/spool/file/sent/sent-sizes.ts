/**
 * How large is what is kept of each endpoint. It is counted while deliveries
 * are kept, and noted in `sent/sizes.json` at the end of a drain; where that note is
 * missing, as after a crash, the files are looked at. Beyond an endpoint's
 * maximum the oldest files are removed.
 */
import { setImmediate } from 'node:timers/promises';
import { ignoreErrno } from '../../../shared/errors.js';
import type { Disk } from '../disk/disk.js';
import { eachName } from '../disk/each-name.js';
import { privateFile } from '../disk/layout.js';
import { readNote } from '../disk/read-note.js';
import { discard, removeIfThere, writeWhole } from '../disk/write-file.js';
import { oldestNames } from './oldest-names.js';
import { listDays, removeIfEmpty } from './sent-days.js';

/** Beyond the maximum this share of it is made free, so that not every delivery looks at all files. */
const freedShare = 0.1;

/** Files that are looked at before others have their turn. */
const yieldEvery = 256;

export interface SentSizes {
  /** A file was added. */
  added(path: string, options: { endpoint: string; maxBytes: number }): void;
  /** Ends the work in the background, and notes the sizes. Never throws for a failed system call. */
  close(): Promise<void>;
}

/** Makes the sizes of what is kept. @param token a name for a temporary file, unique */
export function createSentSizes(disk: Disk, root: string, token: () => string): SentSizes {
  const notePath = `${root}/sent/sizes.json`;
  let noted: Record<string, unknown> | undefined;
  /** In bytes, by endpoint; absent where it is not known. */
  const sizes = new Map<string, number>();
  const working = new Map<string, Promise<void>>();
  let isClosed = false;
  const isStopped = () => isClosed;
  /** An error of the work in the background that is none of the disk's. */
  let failure: unknown;

  /** The note holds while nothing is kept: then it is removed, and written at the end. */
  function recall(): void {
    if (noted !== undefined) return;
    noted = readNote(disk, notePath);
    for (const [endpoint, size] of Object.entries(noted))
      if (typeof size === 'number' && size >= 0) sizes.set(endpoint, size);
    discard(disk, notePath);
  }

  async function work(endpoint: string, maxBytes: number): Promise<void> {
    try {
      sizes.set(endpoint, 0);
      const counted = await countBytes(disk, root, { endpoint, isStopped });
      if (counted === undefined) {
        sizes.delete(endpoint);
        return;
      }
      sizes.set(endpoint, counted + (sizes.get(endpoint) ?? 0)); // what was kept meanwhile may count twice
      const isEnough = () => (sizes.get(endpoint) ?? 0) <= maxBytes * (1 - freedShare);
      const onRemoved = (size: number) => void sizes.set(endpoint, (sizes.get(endpoint) ?? 0) - size);
      const isOver = () => isEnough() || isStopped();
      if (counted > maxBytes) await removeOldest(disk, root, { endpoint, isOver, onRemoved });
    } catch (error) {
      ignoreErrno(error); // the next drain tries it again
      sizes.set(endpoint, Number.NEGATIVE_INFINITY);
    }
  }

  return {
    added(path, { endpoint, maxBytes }) {
      recall();
      const size = sizes.get(endpoint);
      if (size !== undefined) sizes.set(endpoint, size + sizeOf(disk, path));
      if ((size !== undefined && size <= maxBytes) || working.has(endpoint) || isClosed) return;
      working.set(
        endpoint,
        work(endpoint, maxBytes)
          .catch((error: unknown) => {
            failure ??= error; // thrown at the end: nothing could catch it here
          })
          .finally(() => working.delete(endpoint)),
      );
    },
    async close() {
      isClosed = true;
      await Promise.all(working.values());
      if (failure !== undefined) throw failure;
      if (noted === undefined) return;
      const temporary = `${root}/tmp/${token()}`;
      try {
        const known = [...sizes].filter(([, size]) => Number.isFinite(size));
        const text = `${JSON.stringify(Object.fromEntries(known))}\n`;
        writeWhole(disk, temporary, { bytes: Buffer.from(text), mode: privateFile });
        disk.renameSync(temporary, notePath);
      } catch (error) {
        ignoreErrno(error); // the files are looked at
        discard(disk, temporary);
      }
    },
  };
}

/** Bytes that are kept of an endpoint; undefined where it was stopped. */
async function countBytes(
  disk: Disk,
  root: string,
  { endpoint, isStopped }: { endpoint: string; isStopped(): boolean },
): Promise<number | undefined> {
  let [bytes, seen] = [0, 0];
  for (const day of listDays(disk, root)) {
    const names: string[] = [];
    const directory = `${root}/sent/${day}/${endpoint}`;
    eachName(disk, directory, (name) => names.push(name));
    for (const name of names) {
      bytes += sizeOf(disk, `${directory}/${name}`);
      seen += 1;
      if (seen % yieldEvery === 0) await setImmediate();
      if (isStopped()) return undefined;
    }
  }
  return bytes;
}

interface RemoveOptions {
  endpoint: string;
  /** Whether no more is to be removed. */
  isOver(): boolean;
  /** Called with the size of each file that was removed, in bytes. */
  onRemoved(size: number): void;
}

async function removeOldest(
  disk: Disk,
  root: string,
  { endpoint, isOver, onRemoved }: RemoveOptions,
): Promise<void> {
  let removed = 0;
  for (const day of listDays(disk, root)) {
    const directory = `${root}/sent/${day}/${endpoint}`;
    for (let names = oldestNames(disk, directory); names.length > 0; names = oldestNames(disk, directory)) {
      for (const name of names) {
        if (isOver()) return;
        const path = `${directory}/${name}`;
        const size = sizeOf(disk, path);
        removeIfThere(disk, path);
        onRemoved(size);
        removed += 1;
        if (removed % yieldEvery === 0) await setImmediate();
      }
    }
    removeIfEmpty(disk, directory);
  }
}

function sizeOf(disk: Disk, path: string): number {
  return disk.lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
