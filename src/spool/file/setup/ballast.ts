/**
 * Room that the drain gives up when the disk is full: files in `ballast/` that hold blocks and inodes. Taking an event
 * in may need a directory and delivering it frees that again, so a little room is enough for any number of events, a
 * few at a time. It is made with the spool, and again by the drain: at its end, and meanwhile when there is plenty of room.
 */
import { errnoOf, ignoreErrno } from '../../../shared/errors.js';
import { monotonicMs } from '../../../shared/monotonic.js';
import type { Disk } from '../disk/disk.js';
import { privateDir, privateFile } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { ensureDirectory, syncDirectory, writeWhole } from '../disk/write-file.js';

/** Files of the ballast: as many inodes. */
const ballastFiles = 16;

/** The size of each, in bytes, at most and at least; on a small disk all together take a part of what is free. */
const mostBytes = 65_536;
const leastBytes = 4_096;
const partOfFree = 32;

/** While a drain goes on it is made again where this many times as much is free; the time between two looks, in ms. */
const plentyTimes = 4;
const refillEveryMs = 1_000;

/** What says that there is no room. */
const full: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** Whether an error says that the disk, or a quota, is full. */
export function isFull(error: unknown): boolean {
  return full.has(errnoOf(error) ?? '');
}

export interface Ballast {
  /** The disk, on which a call that finds no room is made again with what the ballast had. */
  disk: Disk;
  /** Does something, and again with what the ballast had if it finds no room. Rejects with what it rejects with. */
  withRoom<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Makes what is missing where there is plenty of room, as in a spool of an older version. */
  make(): void;
  /** Makes what was given up again if there is plenty of room now; looks at most once a second. */
  refill(): void;
  /** Makes what was given up again, as far as there is room; for the end. */
  restore(): void;
}

/** Gives up the ballast of the spool `root` a file at a time, when a call needs room. */
export function createBallast(disk: Disk, root: string): Ballast {
  /** The size of what was given up, in bytes. */
  let givenUp = 0;
  /** Whether some of it is missing, for all that is known. */
  let isMissing = false;
  /** When it is looked next whether there is room again, monotonic ms. */
  let refillAt = 0;

  /** @returns whether there was any left */
  function giveUpOne(): boolean {
    try {
      const [name] = listNames(disk, `${root}/ballast`);
      if (name === undefined) return false;
      const { size } = disk.lstatSync(`${root}/ballast/${name}`);
      disk.unlinkSync(`${root}/ballast/${name}`);
      givenUp = Math.max(givenUp, size);
      isMissing = true;
      syncDirectory(disk, `${root}/ballast`); // some file systems give blocks out again only after a commit
      return true;
    } catch (error) {
      ignoreErrno(error); // whatever it is, it gave no room
      return false;
    }
  }

  function again<Args extends unknown[], Result>(call: (...args: Args) => Result): (...args: Args) => Result {
    return (...args) => {
      for (;;) {
        try {
          return call(...args);
        } catch (error) {
          if (!isFull(error) || !giveUpOne()) throw error;
        }
      }
    };
  }

  async function withRoom<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isFull(error) || !giveUpOne()) throw error;
      }
    }
  }

  return {
    disk: {
      ...disk,
      mkdirSync: again(disk.mkdirSync) as Disk['mkdirSync'],
      openSync: again(disk.openSync),
      linkSync: again(disk.linkSync),
      renameSync: again(disk.renameSync),
      writeSync: again(disk.writeSync) as Disk['writeSync'],
    },
    withRoom,
    make() {
      isMissing = !makeBallast(disk, root);
    },
    refill() {
      if (!isMissing || monotonicMs() < refillAt) return;
      refillAt = monotonicMs() + refillEveryMs;
      const asLarge = givenUp > 0 ? givenUp : undefined;
      if (asLarge === undefined || hasPlenty(disk, root, asLarge))
        isMissing = !makeBallast(disk, root, asLarge);
    },
    restore() {
      if (givenUp > 0) makeBallast(disk, root, givenUp);
      givenUp = 0;
    },
  };
}

/**
 * Makes what is missing of a spool's ballast, as far as there is room. It is worth having, and nothing depends on it:
 * that it cannot be made is no error.
 * @param asLarge the size of each file, in bytes; default by what is free
 * @returns whether all of it is there
 */
export function makeBallast(disk: Disk, root: string, asLarge?: number): boolean {
  try {
    const path = `${root}/ballast`;
    const there = new Set(listNames(disk, path));
    if (there.size >= ballastFiles) return true;
    const size = asLarge ?? sizeOfOne(disk, root);
    if (size === 0) return false;
    ensureDirectory(disk, path, privateDir);
    const bytes = noise(size);
    for (let n = 1; n <= ballastFiles; n += 1) {
      const name = String(n).padStart(2, '0');
      if (!there.has(name)) writeWhole(disk, `${path}/${name}`, { bytes, mode: privateFile });
    }
    return true;
  } catch (error) {
    ignoreErrno(error);
    return false;
  }
}

/** Whether a ballast of files of `size` bytes takes only a part of what is free. */
function hasPlenty(disk: Disk, root: string, size: number): boolean {
  try {
    const { bavail, bsize, files, ffree } = disk.statfsSync(root);
    const hasInodes = files === 0 || ffree >= plentyTimes * ballastFiles;
    return hasInodes && bavail * bsize >= plentyTimes * ballastFiles * size;
  } catch (error) {
    ignoreErrno(error);
    return false;
  }
}

/** In bytes; 0 where the file system has hardly any room. */
function sizeOfOne(disk: Disk, root: string): number {
  const { bavail, bsize, files, ffree } = disk.statfsSync(root);
  if (files > 0 && ffree < 2 * ballastFiles) return 0;
  const part = (bavail * bsize) / partOfFree / ballastFiles;
  if (part < leastBytes) return 0;
  return Math.min(Math.floor(part / leastBytes) * leastBytes, mostBytes);
}

/** Bytes that no file system stores in less room. */
function noise(length: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  let state = 0x9e3779b9;
  for (let n = 0; n < words.length; n += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[n] = state;
  }
  return new Uint8Array(words.buffer);
}
