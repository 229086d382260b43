/** Which queues are owned, and which may be acquired when. */
import { isOwingClosed } from './closed-queues.js';
import { anyTime, type EndpointQueue } from './endpoint-queue.js';
import type { OpenReaders } from './open-readers.js';
import { createReadyQueues, type ReadyQueues } from './ready-queues.js';
import { tryOr } from './try-or.js';

export interface Ownership {
  /** Takes queues that have something to send, and are not owned. */
  acquire: ReadyQueues['take'];
  /** When `acquire` has something next, ms since the epoch. */
  nextReady: ReadyQueues['nextAt'];
  /** A queue is owned. */
  own(queue: EndpointQueue): void;
  /** A claim of its owner at `at`, ms since the epoch, has found nothing more: `acquire` tells of what comes from now on. */
  ranDry(queue: EndpointQueue, at: number): void;
  /** Nobody owns a queue any more, and it is not acquired before `until`, ms since the epoch. */
  release(queue: EndpointQueue, until: number): void;
  /** A queue may be acquired, also before the time until which it was released. */
  unpark(queue: EndpointQueue): void;
  /** There is something to take from `at` on, ms. Its owner knows, unless its last claim found nothing. */
  announce(queue: EndpointQueue, at: number): void;
  /** The same of what came back or was put there, which its owner finds by itself in its turn. */
  announceReturned(queue: EndpointQueue, at: number): void;
  /** The same of what there is. */
  announceWhatIsThere(queue: EndpointQueue): void;
  /** A queue is not to be acquired, unless it is announced again. */
  withdraw(queue: EndpointQueue): void;
}

export interface OwnershipOptions {
  readers: OpenReaders;
  /** ms since the epoch. */
  now(): number;
  /** Whether an endpoint has deliveries that are not in its queue. */
  hasOthers(endpoint: string): boolean;
  /** Called with a queue that was released and is owed nothing. */
  onDone(queue: EndpointQueue): void;
}

/** Time after which what could not be taken is tried again, in ms. */
const againMs = 2_000;

/** Makes the record of what is owned. */
export function createOwnership({ readers, now, hasOthers, onDone }: OwnershipOptions): Ownership {
  const ready = createReadyQueues();

  function announce(queue: EndpointQueue, at: number): void {
    queue.hasNews = true;
    if (!queue.isOwned) ready.add(queue, Math.max(at, queue.parkedUntil));
    else if (queue.isDry) ready.add(queue, at);
  }

  /** When something can be taken, as far as it is known; undefined for never. */
  function readyAt(queue: EndpointQueue): number | undefined {
    const { reader, closed, endpoint } = queue;
    if (hasOthers(endpoint)) return anyTime;
    if (reader !== undefined) return reader.isWaiting() ? anyTime : reader.retryTimes()?.first;
    if (closed.isWaiting || closed.retries === 'unknown') return anyTime;
    return closed.retries?.first;
  }

  return {
    acquire: ready.take,
    nextReady: ready.nextAt,
    own(queue) {
      ready.remove(queue);
      queue.isOwned = true;
      queue.isDry = false;
    },
    ranDry(queue, at) {
      if (!queue.isOwned) return;
      queue.isDry = true;
      queue.hasNews = false;
      queue.dryAt = at;
      const first = tryOr(undefined, () => queue.reader?.retryTimes()?.first);
      if (first !== undefined && first > at) ready.add(queue, first);
    },
    release(queue, until) {
      const { isDry, hasNews, dryAt } = queue;
      queue.isOwned = false;
      queue.isDry = false;
      ready.remove(queue);
      if (queue.reader?.isIdle() !== false) readers.close(queue);
      queue.parkedUntil = until;
      const at = tryOr(dryAt + againMs, () => readyAt(queue));
      // What the last claim has not found cannot be read, or waits for another one of its id.
      const isBlocked = isDry && !hasNews && at !== undefined && at <= dryAt;
      if (at !== undefined) announce(queue, isBlocked ? dryAt + againMs : at);
      else if (!isOwing(queue)) onDone(queue);
    },
    unpark(queue) {
      queue.parkedUntil = anyTime;
      if (!queue.isOwned && tryOr(anyTime, () => readyAt(queue)) !== undefined) announce(queue, anyTime);
    },
    announce,
    announceReturned(queue, at) {
      if (!queue.isOwned || queue.isDry) announce(queue, at);
    },
    announceWhatIsThere(queue) {
      const at = tryOr(now() + againMs, () => readyAt(queue));
      if (at !== undefined) announce(queue, at);
    },
    withdraw: ready.remove,
  };
}

/** Whether a queue has anything, handed out or not. */
export function isOwing({ reader, closed }: EndpointQueue): boolean {
  return reader === undefined ? isOwingClosed(closed) : tryOr(true, () => reader.isOwing());
}
