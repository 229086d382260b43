/** The directories of an endpoint, and their end when nothing is left in them. */
import { ignoreErrno } from '../../../shared/errors.js';
import { listSegments, removeSegment } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { listNames } from '../disk/list-names.js';

/** Whether an endpoint is owed anything, as its directories show. */
export interface Standing {
  isWaiting: boolean;
  hasRetries: boolean;
}

/** Removes segments in which nothing is owed until there is one that stays; returns whether there is. */
export function leaveFirst(disk: Disk, paths: readonly string[], onGone?: (path: string) => void): boolean {
  return paths.some((path) => {
    if (!removeSegment(disk, path)) return true;
    onGone?.(path);
    return false;
  });
}

/**
 * What an endpoint has now; empty segments are removed.
 * @param options.onGone told of each segment that was removed
 * @throws the errno of a directory that cannot be listed
 */
export function readStanding(
  disk: Disk,
  root: string,
  { endpoint, onGone }: { endpoint: string; onGone(segment: string): void },
): Standing {
  const queue = `${root}/queue/${endpoint}`;
  const segments = listSegments(disk, queue).map((name) => `${queue}/${name}`);
  const isWaiting = leaveFirst(disk, segments, (path) => onGone(path.slice(queue.length + 1)));
  return { isWaiting, hasRetries: listNames(disk, `${root}/retry/${endpoint}`).length > 0 };
}

/**
 * Removes the directories of an endpoint that is owed nothing; one that stays does no harm.
 * @param last the directory that it had its last delivery in, if that is known: hardly ever is there another one
 */
export function removeEmpty(disk: Disk, root: string, endpoint: string, last?: string): void {
  const queue = `${root}/queue/${endpoint}`;
  const wasLast = last?.startsWith(`queue/${endpoint}/`) && removeSegment(disk, `${root}/${last}`);
  if (!wasLast || !removeDirectory(disk, queue)) {
    for (const segment of listSegments(disk, queue)) removeSegment(disk, `${queue}/${segment}`);
    removeDirectory(disk, queue);
  }
  removeDirectory(disk, `${root}/retry/${endpoint}`);
}

/** Removes a directory if that can be done; an empty one that stays does no harm. @returns whether it was removed */
export function removeDirectory(disk: Disk, path: string): boolean {
  try {
    disk.rmdirSync(path);
    return true;
  } catch (error) {
    ignoreErrno(error);
    return false;
  }
}
