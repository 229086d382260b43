/**
 * Groups the fsyncs of directories and files in which the end of a delivery was
 * noted. Losing such a note only repeats the delivery, so the fsyncs may be late,
 * but not for long. They run in other threads.
 */
import { errnoOf } from '../../../shared/errors.js';
import { type Disk, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from './disk.js';
import { closeQuietly, fsyncAside } from './write-file.js';

/**
 * A group ends after this number of changes, or this time (ms). Each fsync makes the file system commit, and
 * removing a file waits for that.
 */
const groupSize = 256;
const groupMs = 50;

/** Maximum number of concurrent fsyncs. */
const maxParallel = 64;

export interface DirectorySync {
  /**
   * To be called before a change.
   * @throws the errno of an fsync that failed in the background since; then the change must not be made
   */
  check(): void;
  /** The directory, or file, has changed. */
  touch(path: string): void;
  /**
   * Makes all of them durable now.
   * @throws the errno of a failed fsync, also one that failed in the background since
   */
  flush(): Promise<void>;
  /** Forgets all changes: the spool is not ours any more. */
  cancel(): void;
}

/** Makes the groups of a drain. */
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
        failure ??= error; // thrown by the next call: nothing could catch it here
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
      // A directory cannot be changed during its fsync, so groups run one after the other.
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
 * Makes the entries of directories, and files, durable. Where a path was removed, as empty segments are, the removal is
 * made durable. A path leaves the set when it is durable; one that fails does not stop the others.
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
