/**
 * Groups the fsyncs of directories and files in which a delivery's end was
 * noted: what is lost of that only repeats a delivery, so these may be late,
 * but not for long. They are made beside everything else, in other threads.
 */
import { errnoOf } from '../../../shared/errors.js';
import { type Disk, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from './disk.js';
import { closeQuietly, fsyncAside } from './write-file.js';

/**
 * A group ends after this number of changes, or this time (ms). Each fsync makes the file system commit, and a process that removes a file
 * meanwhile waits.
 */
const groupSize = 256;
const groupMs = 50;

/** Maximum number of concurrent fsyncs. */
const maxParallel = 64;

export interface DirectorySync {
  /**
   * To be called before a change.
   * @throws the errno of an fsync that failed in the background since; then the change is not to be made
   */
  check(): void;
  /** The directory, or file, has changed. */
  touch(path: string): void;
  /**
   * Makes all of them durable now.
   * @throws the errno of a failed fsync, also one that failed in the background since
   */
  flush(): Promise<void>;
  /** Forgets them: what they were named is not ours any more. */
  cancel(): void;
}

/** Nothing has changed yet. */
export function createDirectorySync(disk: Disk): DirectorySync {
  let touched = new Set<string>();
  let changes = 0;
  let timer: NodeJS.Timeout | undefined;
  let failure: unknown;
  const running = new Set<Promise<void>>();

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    changes = 0;
    if (touched.size === 0) return;
    const group = touched;
    touched = new Set();
    const syncing: Promise<void> = syncAll(disk, group)
      .catch((error: unknown) => {
        failure ??= error; // told at the next call: nobody could catch it here
      })
      .finally(() => running.delete(syncing));
    running.add(syncing);
  }

  function check(): void {
    if (failure === undefined) return;
    const error = failure;
    failure = undefined;
    throw error;
  }

  return {
    check,
    touch(path) {
      touched.add(path);
      changes += 1;
      timer ??= setTimeout(start, groupMs).unref();
      // What is fsynced just now cannot be changed meanwhile: one group after the other.
      if (changes >= groupSize && running.size === 0) start();
    },
    async flush() {
      start();
      await Promise.all(running);
      check();
    },
    cancel() {
      clearTimeout(timer);
      touched.clear();
    },
  };
}

/**
 * Makes directories' entries, or files, durable; of what was removed meanwhile, as empty segments are, the removal. What
 * is durable leaves the set. One that fails does not keep the others from it.
 * @throws the errno of the first failed fsync
 */
export async function syncAll(disk: Disk, paths: Set<string>): Promise<void> {
  const failures: unknown[] = [];
  const gone = new Set<string>();
  const left = [...paths].values();
  async function work(): Promise<void> {
    for (const path of left) {
      try {
        if (!(await syncIfThere(disk, path))) gone.add(parentOf(path));
        paths.delete(path);
      } catch (error) {
        failures.push(error);
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(maxParallel, paths.size) }, work));
  gone.delete('');
  if (gone.size > 0) await syncAll(disk, gone).catch((error: unknown) => failures.push(error));
  for (const parent of gone) paths.add(parent);
  if (failures.length > 0) throw failures[0];
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

/** @returns whether it is there */
async function syncIfThere(disk: Disk, path: string): Promise<boolean> {
  let fd: number;
  try {
    fd = disk.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  try {
    await fsyncAside(disk, fd);
    return true;
  } finally {
    closeQuietly(disk, fd);
  }
}
