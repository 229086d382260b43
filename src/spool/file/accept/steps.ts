/**
 * Accepting as steps: the caller performs the fsyncs, which take nearly all of the time. `performNow` does so
 * one after another; the grouped inbox lets many events share them.
 */
import { errnoOf } from '../../../shared/errors.js';
import type { Disk } from '../disk/disk.js';
import { syncDirectory } from '../disk/write-file.js';

/** What must be durable before the next step: what an open file holds, or the name that it got in `incoming/`. */
export interface Sync {
  of: 'bytes' | 'name';
  fd: number;
}

/** Yields what must be made durable; a failure of that is thrown into it. Returns what it came to. */
export type Steps<Result> = Generator<Sync, Result, void>;

/** Runs steps to their end, synchronously. @throws what they throw */
export function performNow<Result>(disk: Disk, root: string, steps: Steps<Result>): Result {
  let step = steps.next();
  while (!step.done) {
    const failure = failureOf(disk, root, step.value);
    step = failure === undefined ? steps.next() : steps.throw(failure.error);
  }
  return step.value;
}

function failureOf(disk: Disk, root: string, { of, fd }: Sync): { error: unknown } | undefined {
  try {
    if (of === 'name') syncIncoming(disk, root);
    disk.fsyncSync(fd);
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** The submitter may not open `incoming/` of a shared spool; there, the fsync of the file covers its name. */
function syncIncoming(disk: Disk, root: string): void {
  try {
    syncDirectory(disk, `${root}/incoming`);
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
  }
}
