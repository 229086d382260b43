/**
 * Groups the fsyncs of directories from which deliveries were removed: a lost
 * removal only repeats a delivery, so these may be late, but not for long.
 */
import { errnoOf } from '../../shared/errors.js';
import type { Disk } from './disk.js';
import { syncDirectory } from './write-file.js';

const groupSize = 64;
const groupMs = 50;

export interface DirectorySync {
  /** The directory has lost or got an entry. */
  touch(directory: string): void;
  /** Makes all of them durable now. */
  flush(): void;
  /** Forgets them: what they were named is not ours any more. */
  cancel(): void;
}

/** @throws from `touch` and `flush`: the errno of a failed fsync, also one that failed in the background since */
export function createDirectorySync(disk: Disk): DirectorySync {
  const touched = new Set<string>();
  let changes = 0;
  let timer: NodeJS.Timeout | undefined;
  let failure: unknown;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const directory of touched) syncOrRemember(directory);
    touched.clear();
    changes = 0;
    if (failure === undefined) return;
    const error = failure;
    failure = undefined;
    throw error;
  }

  /** One directory's trouble must not keep the others from becoming durable. */
  function syncOrRemember(directory: string): void {
    try {
      syncIfThere(disk, directory);
    } catch (error) {
      failure ??= error;
    }
  }

  function flushLater(): void {
    try {
      flush();
    } catch (error) {
      failure = error; // told at the next call: nobody could catch it here
    }
  }

  return {
    touch(directory) {
      touched.add(directory);
      changes += 1;
      if (changes >= groupSize) flush();
      else timer ??= setTimeout(flushLater, groupMs).unref();
    },
    flush,
    cancel() {
      clearTimeout(timer);
      touched.clear();
    },
  };
}

/** Makes a directory's entries durable, unless it was removed. */
export function syncIfThere(disk: Disk, directory: string): void {
  try {
    syncDirectory(disk, directory);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error; // an empty segment, removed meanwhile
  }
}
