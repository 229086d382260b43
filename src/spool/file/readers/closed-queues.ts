/** What is known of an endpoint's queue while no reader is open for it. */
import { listSegments } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { countNames } from '../disk/each-name.js';
import type { Standing } from '../endpoints/endpoint-directories.js';
import { estimateWaiting } from '../queue/estimate-waiting.js';
import type { QueueReader } from '../queue/queue-reader.js';

export interface ClosedQueue {
  isWaiting: boolean;
  /** When the first and the last retry are due, ms; `unknown` if there are retries that were not listed. */
  retries: 'unknown' | { first: number; last: number } | undefined;
  /** How many of what waits are on hold. */
  held: number;
  /** Whether those on hold were counted one by one: then the others must be, too. */
  isHeldExact?: boolean;
}

/** What is known of a queue that was not read yet. */
export function closedOf({ isWaiting, hasRetries }: Standing): ClosedQueue {
  return { isWaiting, retries: hasRetries ? 'unknown' : undefined, held: 0 };
}

/** What is known of a queue in which nothing is. */
export function closedEmpty(): ClosedQueue {
  return { isWaiting: false, retries: undefined, held: 0 };
}

/** What is known of a queue whose reader is closed. @throws the errno of a directory that cannot be listed */
export function closedFrom(reader: QueueReader): ClosedQueue {
  const held = reader.onHold();
  return { isWaiting: reader.isWaiting(), retries: reader.retryTimes(), held, isHeldExact: held > 0 };
}

/** Lets what is on hold be taken again. */
export function resumeClosed(queue: ClosedQueue): void {
  if (queue.held === 0) return;
  queue.isWaiting = true;
  queue.retries ??= 'unknown';
  queue.held = 0;
  queue.isHeldExact = false;
}

/** Whether the endpoint is owed anything. */
export function isOwingClosed({ isWaiting, retries, held }: ClosedQueue): boolean {
  return isWaiting || retries !== undefined || held > 0;
}

/**
 * How many deliveries an endpoint is owed, by its directories.
 * @param options.isExact whether all of them are listed; default: an estimate of those that wait
 * @throws the errno of a directory that cannot be listed
 */
export function countClosed(
  disk: Disk,
  root: string,
  { endpoint, isExact = false }: { endpoint: string; isExact?: boolean | undefined },
): number {
  const queue = `${root}/queue/${endpoint}`;
  const segments = listSegments(disk, queue);
  const waiting = estimateWaiting(disk, queue, { segments, isListed: () => isExact });
  return waiting + countNames(disk, `${root}/retry/${endpoint}`);
}
