/**
 * The reading side of all queues. What is in memory is bounded, whatever the
 * backlog and the number of endpoints: an endpoint has a reader while it is
 * used, and the one that was used longest ago loses it first.
 */
import { setImmediate } from 'node:timers/promises';
import { ignoreErrno } from '../../../shared/errors.js';
import type { ClaimOptions, Due } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { listNames } from '../disk/list-names.js';
import { readStanding, removeEmpty, type Standing } from '../endpoints/endpoint-directories.js';
import type { Queued } from '../placing/queued.js';
import {
  type ClosedQueue,
  closedOf,
  countClosed,
  hasDue,
  isOwingClosed,
  resumeClosed,
} from './closed-queues.js';
import { createDoneEndpoints } from './done-endpoints.js';
import { createGrowingBatches, type GrowingBatchesOptions } from './growing-batches.js';
import { createOpenReaders } from './open-readers.js';
import type { Slot } from './slot.js';

export interface QueueReaders {
  /** The next slot of an endpoint: see {@link QueueReader.take}. */
  take(endpoint: string, options: Omit<ClaimOptions, 'limit'>): Slot | undefined;
  /** The rest of a slot's batch is not taken before the slot is given back. */
  putOff(endpoint: string, slot: Slot): void;
  /** Gives a slot back, at its old place. */
  giveBack(endpoint: string, slot: Slot): void;
  /** Puts a slot on hold: it is not taken before `resume`. */
  hold(endpoint: string, slot: Slot): void;
  /** Puts all that an endpoint is owed on hold, without reading it; false if a reader was opened for it. */
  holdAll(endpoint: string): boolean;
  /** Lets what is on hold be taken again: of an endpoint, or of all. */
  resume(endpoint?: string): void;
  /** Whether a slot is handed out at this moment, and not on hold. */
  isOut(endpoint: string, slot: Slot): boolean;
  /** How many slots of an endpoint are on hold. */
  onHold(endpoint: string): number;
  /** A slot's file was removed. */
  forget(endpoint: string, slot: Slot): void;
  /** A delivery was put at the end of a queue, or was found there. */
  queued(queued: Queued): void;
  /** A retry was put there. */
  deferred(endpoint: string, name: string): void;
  /** Endpoints with a delivery to take. */
  ready(due: Due): string[];
  /** The earliest time a retry of an endpoint is due, ms. */
  nextDue(endpoint: string): number | undefined;
  /** Endpoints that are owed anything, handed out or not. */
  owing(): string[];
  isOwing(endpoint: string): boolean;
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
  unsettled: Map<string, () => void>;
  /** Maximum number of names in memory; see {@link createOpenReaders}. */
  maxNames: number;
  /** Called with an endpoint that is owed nothing, when its directories are removed. */
  onDone(endpoint: string): void;
}

/** Number of endpoints that are tidied before others have their turn. */
const yieldEvery = 128;

/** @throws from its methods: the errno of a directory that cannot be listed; then nothing has changed */
export function createQueueReaders(disk: Disk, root: string, options: QueueReadersOptions): QueueReaders {
  const { found, unsettled, texts, maxNames, onRemoved, onDone } = options;
  const closed = new Map<string, ClosedQueue>(
    [...found].map(([endpoint, each]) => [endpoint, closedOf(each)]),
  );
  const growing = createGrowingBatches(disk, root, options);
  const readers = createOpenReaders(disk, root, { texts, maxNames, closed, onEmpty: growing.removeOrGrow });
  const { using, peek } = readers;
  const done = createDoneEndpoints();
  const endpoints = () => [...closed.keys(), ...readers.endpoints()];

  function reload(only?: readonly string[]): void {
    for (const endpoint of [...readers.endpoints()]) {
      if (only !== undefined && !only.includes(endpoint)) continue;
      if (readers.get(endpoint)?.isIdle()) readers.close(endpoint);
      else using(endpoint, (reader) => reader.reload());
    }
    const queues = only ?? [...closed.keys(), ...listNames(disk, `${root}/queue`)];
    for (const endpoint of new Set(queues))
      if (readers.get(endpoint) === undefined) reloadClosed(endpoint, { isKept: only === undefined });
  }

  /** @param options.isKept whether an endpoint is known from now on although it is owed nothing */
  function reloadClosed(endpoint: string, { isKept }: { isKept: boolean }): void {
    const onGone = (segment: string) => onRemoved(endpoint, segment);
    try {
      const standing = readStanding(disk, root, { endpoint, onGone });
      if (isKept || standing.isWaiting || standing.hasRetries || closed.has(endpoint))
        closed.set(endpoint, closedOf(standing));
    } catch (error) {
      ignoreErrno(error); // it stays as it is known; a claim reports it
    }
  }

  function isReady(endpoint: string, due: Due): boolean {
    const known = closed.get(endpoint);
    if (known?.isWaiting) return true;
    if (known !== undefined && known.retries !== 'unknown') return hasDue(known.retries, due);
    return tryOr(true, () => peek(endpoint, (reader) => reader.hasReady(due)));
  }

  function isOwing(endpoint: string): boolean {
    const known = closed.get(endpoint);
    if (known !== undefined) return isOwingClosed(known);
    return tryOr(true, () => readers.get(endpoint)?.isOwing() ?? false);
  }

  function nextDue(endpoint: string): number | undefined {
    const known = closed.get(endpoint);
    if (known === undefined && readers.get(endpoint) === undefined) return undefined;
    if (known !== undefined && known.retries !== 'unknown') return known.retries?.first;
    return tryOr(undefined, () => peek(endpoint, (reader) => reader.retryTimes()?.first));
  }

  function noteQueued({ endpoint, segment, name, kind }: Queued): void {
    const known = closed.get(endpoint);
    if (known !== undefined) known.isWaiting = true;
    else if (readers.get(endpoint) === undefined)
      closed.set(endpoint, { isWaiting: true, retries: undefined, held: 0 });
    else if (kind !== 'there') using(endpoint, (reader) => reader.added(segment, name));
  }

  function countOwed(endpoint: string): number {
    const known = closed.get(endpoint);
    if (known === undefined) return readers.get(endpoint)?.count() ?? 0;
    return countClosed(disk, root, { endpoint, isExact: known.isHeldExact });
  }

  /** Forgets an endpoint that is owed nothing, and removes its directories, some time after its last delivery. */
  function noteDone(endpoint: string, { directory }: Slot): void {
    done.delete(endpoint);
    if (isOwing(endpoint)) return;
    const oldest = done.add(endpoint, directory);
    if (oldest === undefined || isOwing(oldest.endpoint) || readers.get(oldest.endpoint)?.isIdle() === false)
      return;
    readers.drop(oldest.endpoint);
    closed.delete(oldest.endpoint);
    removeEmpty(disk, root, oldest.endpoint, oldest.directory);
    onDone(oldest.endpoint);
  }

  async function tidy(): Promise<void> {
    let tidied = 0;
    for (const endpoint of endpoints()) {
      if (isOwing(endpoint)) continue;
      removeEmpty(disk, root, endpoint);
      onDone(endpoint);
      tidied += 1;
      if (tidied % yieldEvery === 0) await setImmediate();
    }
  }

  return {
    take(endpoint, claim) {
      unsettled.get(endpoint)?.();
      unsettled.delete(endpoint);
      const isKnown = readers.get(endpoint) !== undefined || closed.has(endpoint);
      return isKnown ? using(endpoint, (reader) => reader.take(claim)) : undefined;
    },
    putOff: (endpoint, slot) => using(endpoint, (reader) => reader.putOff(slot)),
    giveBack: (endpoint, slot) => using(endpoint, (reader) => reader.giveBack(slot)),
    hold: (endpoint, slot) => using(endpoint, (reader) => reader.hold(slot)),
    holdAll(endpoint) {
      if (!closed.has(endpoint)) return false;
      closed.set(endpoint, { isWaiting: false, retries: undefined, held: countOwed(endpoint) });
      return true;
    },
    resume(endpoint) {
      for (const each of endpoint === undefined ? endpoints() : [endpoint]) {
        readers.get(each)?.resume();
        const known = closed.get(each);
        if (known !== undefined) resumeClosed(known);
      }
    },
    isOut: (endpoint, slot) => readers.get(endpoint)?.isOut(slot) ?? false,
    onHold: (endpoint) => closed.get(endpoint)?.held ?? readers.get(endpoint)?.onHold() ?? 0,
    forget(endpoint, slot) {
      using(endpoint, (reader) => reader.forget(slot));
      noteDone(endpoint, slot);
    },
    queued: noteQueued,
    deferred: (endpoint, name) => using(endpoint, (reader) => reader.deferred(name)),
    ready: (due) => endpoints().filter((endpoint) => isReady(endpoint, due)),
    nextDue,
    owing: () => endpoints().filter(isOwing),
    isOwing,
    owed: (endpoint) => tryOr(1, () => countOwed(endpoint)),
    reload,
    lookAtGrowing() {
      const grown = growing.lookAgain();
      if (grown.length > 0) reload(grown);
    },
    tidy,
  };
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
