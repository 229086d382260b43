/**
 * The reading side of all queues. What is in memory is bounded, whatever the
 * backlog and the number of endpoints: an endpoint has a reader while it is
 * used, and the one that was used longest ago loses it first.
 */
import { setImmediate } from 'node:timers/promises';
import { ignoreErrno } from '../../../shared/errors.js';
import type { ClaimOptions, Due } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { parseRetryName } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { readStanding, removeEmpty, type Standing } from '../endpoints/endpoint-directories.js';
import type { Queued } from '../placing/queued.js';
import { closedEmpty, closedOf, countClosed, isOwingClosed, resumeClosed } from './closed-queues.js';
import { createDoneEndpoints } from './done-endpoints.js';
import { anyTime, type EndpointQueue, newQueue } from './endpoint-queue.js';
import { createGrowingBatches, type GrowingBatchesOptions } from './growing-batches.js';
import { createOpenReaders } from './open-readers.js';
import { createReadyQueues, type ReadyQueues } from './ready-queues.js';
import type { Slot } from './slot.js';

export interface QueueReaders {
  /** The record of an endpoint, which is made if need be. */
  of(endpoint: string): EndpointQueue;
  /** The record of an endpoint, if there is one. */
  find(endpoint: string): EndpointQueue | undefined;
  all(): Iterable<EndpointQueue>;
  /** Takes queues that have something to send, and are not owned. */
  acquire(options: { limit: number; now: number }): readonly EndpointQueue[];
  /** When `acquire` has something next, ms since the epoch. */
  nextReady: ReadyQueues['nextAt'];
  /** Every queue may be acquired, also before the time until which it was released. */
  unpark(): void;
  /** A queue is owned. */
  own(queue: EndpointQueue): void;
  /** A claim of its owner at `at`, ms since the epoch, has found nothing more: `acquire` tells of what comes from now on. */
  ranDry(queue: EndpointQueue, at: number): void;
  /** Nobody owns a queue any more, and it is not acquired before `until`, ms since the epoch. */
  release(queue: EndpointQueue, until: number): void;
  /** The next slot: see {@link QueueReader.take}. */
  take(queue: EndpointQueue, options: Omit<ClaimOptions, 'limit'>): Slot | undefined;
  /** The rest of a slot's batch is not taken before the slot is given back. */
  putOff(queue: EndpointQueue, slot: Slot): void;
  /** Gives a slot back, at its old place. */
  giveBack(queue: EndpointQueue, slot: Slot): void;
  /** Puts a slot on hold: it is not taken before `resume`. */
  hold(queue: EndpointQueue, slot: Slot): void;
  /** A slot's file was removed. */
  forget(queue: EndpointQueue, slot: Slot): void;
  /** A retry was put there. */
  deferred(queue: EndpointQueue, name: string): void;
  /** The earliest time a retry of an endpoint is due, ms. */
  nextDue(queue: EndpointQueue): number | undefined;
  isOwing(queue: EndpointQueue): boolean;
  /** Whether there is anything to take. */
  hasReady(queue: EndpointQueue, due: Due): boolean;
  /** Puts all that an endpoint is owed on hold, without reading it; false if a reader was opened for it. */
  holdAll(endpoint: string): boolean;
  /** Lets what is on hold be taken again: of an endpoint, or of all. */
  resume(endpoint?: string): void;
  /** Whether a slot is handed out at this moment, and not on hold. */
  isOut(endpoint: string, slot: Slot): boolean;
  /** How many slots of an endpoint are on hold. */
  onHold(endpoint: string): number;
  /** A delivery was put at the end of a queue, or was found there. */
  queued(queued: Queued): void;
  /** An endpoint has a delivery that is not in its queue. */
  hasOther(endpoint: string): void;
  /** How many deliveries an endpoint is owed, some of them estimated; 1 if its directories cannot be listed. */
  owed(endpoint: string): number;
  /** Lists the directories again, of some endpoints or of all, after changes that were not reported here; what is handed out stays so. */
  reload(only?: readonly string[]): void;
  /** Takes in lines that were added to a batch shortly before its last event was finished. */
  lookAtGrowing(): void;
  /** Removes empty directories. */
  tidy(): Promise<void>;
}

export interface QueueReadersOptions extends GrowingBatchesOptions {
  /** What each endpoint has, as far as it is known. */
  found: ReadonlyMap<string, Standing>;
  /** Of each endpoint that must be put in order before anything is taken: does that. */
  unsettled: ReadonlyMap<string, () => void>;
  /** Maximum number of names in memory; see {@link createOpenReaders}. */
  maxNames: number;
  /** Whether an endpoint has deliveries that are not in its queue. */
  hasOthers(endpoint: string): boolean;
  /** Called with an endpoint that is owed nothing, when its directories are removed. */
  onDone(endpoint: string): void;
}

/** Number of endpoints that are tidied before others have their turn. */
const yieldEvery = 128;

/** Time after which what could not be taken is tried again, in ms. */
const againMs = 2_000;

/** @throws from its methods: the errno of a directory that cannot be listed; then nothing has changed */
export function createQueueReaders(disk: Disk, root: string, options: QueueReadersOptions): QueueReaders {
  const { found, unsettled, texts, maxNames, now, hasOthers, onRemoved, onDone } = options;
  const queues = new Map<string, EndpointQueue>();
  const growing = createGrowingBatches(disk, root, options);
  const readers = createOpenReaders(disk, root, { texts, maxNames, onEmpty: growing.removeOrGrow });
  const ready = createReadyQueues();
  const done = createDoneEndpoints();

  for (const [endpoint, standing] of found) {
    const queue = newQueue(endpoint, closedOf(standing));
    queue.putInOrder = unsettled.get(endpoint);
    queue.hasDirectories = true;
    queues.set(endpoint, queue);
    ready.add(queue, anyTime);
  }

  function of(endpoint: string): EndpointQueue {
    let queue = queues.get(endpoint);
    if (queue === undefined) {
      queue = newQueue(endpoint, closedEmpty());
      queues.set(endpoint, queue);
    }
    return queue;
  }

  /** There is something to take from `at` on, ms. Its owner knows, unless its last claim found nothing. */
  function announce(queue: EndpointQueue, at: number): void {
    queue.hasNews = true;
    if (!queue.isOwned) ready.add(queue, Math.max(at, queue.parkedUntil));
    else if (queue.isDry) ready.add(queue, at);
  }

  /** Whether its owner finds what comes by itself. */
  function isInTurn({ isOwned, isDry }: EndpointQueue): boolean {
    return isOwned && !isDry;
  }

  /** When something can be taken, as far as it is known; undefined for never. */
  function readyAt(queue: EndpointQueue): number | undefined {
    const { reader, closed, endpoint } = queue;
    if (hasOthers(endpoint)) return anyTime;
    if (reader !== undefined) return reader.isWaiting() ? anyTime : reader.retryTimes()?.first;
    if (closed.isWaiting || closed.retries === 'unknown') return anyTime;
    return closed.retries?.first;
  }

  function announceWhatIsThere(queue: EndpointQueue): void {
    const at = tryOr(now() + againMs, () => readyAt(queue));
    if (at !== undefined) announce(queue, at);
  }

  function isOwing({ reader, closed }: EndpointQueue): boolean {
    return reader === undefined ? isOwingClosed(closed) : tryOr(true, () => reader.isOwing());
  }

  function release(queue: EndpointQueue, until: number): void {
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
    else if (!isOwing(queue)) noteDone(queue);
  }

  /** Forgets an endpoint that is owed nothing, and removes its directories, some time after its last delivery. */
  function noteDone(queue: EndpointQueue): void {
    const oldest = done.add(queue);
    if (oldest === undefined || oldest.isOwned || isOwing(oldest) || hasOthers(oldest.endpoint)) return;
    if (oldest.reader?.isIdle() === false) return;
    const { endpoint, lastDirectory, hasDirectories } = oldest;
    readers.drop(oldest);
    ready.remove(oldest);
    queues.delete(endpoint);
    if (hasDirectories) removeEmpty(disk, root, endpoint, lastDirectory);
    onDone(endpoint);
  }

  function reload(only?: readonly string[]): void {
    const known = only ?? [...queues.keys(), ...listNames(disk, `${root}/queue`)];
    for (const endpoint of new Set(known)) {
      const queue = queues.get(endpoint);
      if (queue?.reader?.isIdle() && !queue.isOwned) readers.close(queue);
      if (queue?.reader === undefined) reloadClosed(endpoint, { isKept: only === undefined });
      else reloadOpen(queue);
    }
  }

  function reloadOpen(queue: EndpointQueue): void {
    queue.reader?.reload();
    readers.used(queue);
    announceWhatIsThere(queue);
  }

  /** @param options.isKept whether an endpoint is known from now on although it is owed nothing */
  function reloadClosed(endpoint: string, { isKept }: { isKept: boolean }): void {
    const onGone = (segment: string) => onRemoved(endpoint, segment);
    try {
      const standing = readStanding(disk, root, { endpoint, onGone });
      if (!isKept && !standing.isWaiting && !standing.hasRetries && !queues.has(endpoint)) return;
      const queue = of(endpoint);
      queue.closed = closedOf(standing);
      queue.hasDirectories = true;
      announceWhatIsThere(queue);
    } catch (error) {
      ignoreErrno(error); // it stays as it is known; a claim reports it
    }
  }

  function countOwed(endpoint: string): number {
    const queue = queues.get(endpoint);
    if (queue === undefined) return 0;
    if (queue.reader !== undefined) return queue.reader.count();
    return countClosed(disk, root, { endpoint, isExact: queue.closed.isHeldExact });
  }

  async function tidy(): Promise<void> {
    let tidied = 0;
    for (const queue of [...queues.values()]) {
      if (!queue.hasDirectories || isOwing(queue)) continue;
      removeEmpty(disk, root, queue.endpoint);
      onDone(queue.endpoint);
      tidied += 1;
      if (tidied % yieldEvery === 0) await setImmediate();
    }
  }

  return {
    of,
    find: (endpoint) => queues.get(endpoint),
    all: () => queues.values(),
    acquire: ready.take,
    nextReady: ready.nextAt,
    unpark() {
      for (const queue of queues.values()) {
        queue.parkedUntil = anyTime;
        if (!queue.isOwned && tryOr(anyTime, () => readyAt(queue)) !== undefined) announce(queue, anyTime);
      }
    },
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
    release,
    take(queue, claim) {
      queue.putInOrder?.();
      queue.putInOrder = undefined;
      const { reader, closed } = queue;
      if (reader === undefined && !closed.isWaiting && closed.retries === undefined) return undefined;
      const slot = readers.open(queue).take(claim);
      readers.used(queue);
      return slot;
    },
    putOff(queue, slot) {
      readers.open(queue).putOff(slot);
    },
    giveBack(queue, slot) {
      readers.open(queue).giveBack(slot);
      readers.used(queue);
      if (!isInTurn(queue)) announce(queue, slot.room === 'retry' ? dueOf(slot.name) : anyTime);
    },
    hold(queue, slot) {
      readers.open(queue).hold(slot);
      readers.used(queue);
    },
    forget(queue, slot) {
      queue.lastDirectory = slot.directory;
      readers.open(queue).forget(slot);
      readers.used(queue);
      if (queue.isDry) announceWhatIsThere(queue); // another one of its id can be taken now, or its batch has grown
    },
    deferred(queue, name) {
      readers.open(queue).deferred(name);
      readers.used(queue);
      queue.hasDirectories = true;
      if (!isInTurn(queue)) announce(queue, dueOf(name));
    },
    nextDue(queue) {
      const { closed, reader } = queue;
      if (reader === undefined && closed.retries !== 'unknown') return closed.retries?.first;
      return tryOr(undefined, () => {
        const first = readers.open(queue).retryTimes()?.first;
        readers.used(queue);
        return first;
      });
    },
    isOwing,
    hasReady(queue, due) {
      if (queue.reader === undefined && !isOwingClosed(queue.closed)) return false;
      if (queue.reader === undefined && queue.closed.isWaiting) return true;
      return tryOr(true, () => {
        const hasReady = readers.open(queue).hasReady(due);
        readers.used(queue);
        return hasReady;
      });
    },
    holdAll(endpoint) {
      const queue = queues.get(endpoint);
      if (queue === undefined || queue.reader !== undefined) return false;
      queue.closed = { isWaiting: false, retries: undefined, held: countOwed(endpoint) };
      ready.remove(queue);
      return true;
    },
    resume(endpoint) {
      for (const queue of endpoint === undefined ? queues.values() : [of(endpoint)]) {
        queue.reader?.resume();
        resumeClosed(queue.closed);
        queue.parkedUntil = anyTime;
        ready.remove(queue);
        announceWhatIsThere(queue);
      }
    },
    isOut: (endpoint, slot) => queues.get(endpoint)?.reader?.isOut(slot) ?? false,
    onHold(endpoint) {
      const queue = queues.get(endpoint);
      return queue?.reader?.onHold() ?? queue?.closed.held ?? 0;
    },
    queued({ endpoint, segment, name, kind }) {
      const queue = of(endpoint);
      queue.hasDirectories = true;
      if (queue.reader === undefined) queue.closed.isWaiting = true;
      else if (kind !== 'there') {
        queue.reader.added(segment, name);
        readers.used(queue);
      }
      announce(queue, anyTime);
    },
    hasOther: (endpoint) => announce(of(endpoint), anyTime),
    owed: (endpoint) => tryOr(1, () => countOwed(endpoint)),
    reload,
    lookAtGrowing() {
      const grown = growing.lookAgain();
      if (grown.length > 0) reload(grown);
    },
    tidy,
  };
}

function dueOf(name: string): number {
  return parseRetryName(name)?.dueMs ?? anyTime;
}

/** A default where a directory cannot be listed: a claim reports that. */
function tryOr<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    ignoreErrno(error);
    return otherwise;
  }
}
