/**
 * The reading side of all queues. What is in memory is bounded, whatever the
 * backlog and however many endpoints there are: an endpoint has a reader while
 * it is looked at, and the one that was looked at longest ago loses it first.
 */
import { setImmediate } from 'node:timers/promises';
import { ignoreErrno } from '../../../shared/errors.js';
import type { ClaimOptions, Due, EntryProblem } from '../../spool.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import { listSegments, removeSegment, takeInGrowth } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { countNames } from '../disk/each-name.js';
import { listNames } from '../disk/list-names.js';
import { defaultStillMs } from '../disk/stillness.js';
import { readStanding, removeEmpty, type Standing } from '../endpoints/endpoint-directories.js';
import type { Queued } from '../placing/queued.js';
import { estimateWaiting } from './estimate-waiting.js';
import { createQueueReader, type QueueReader } from './queue-reader.js';
import type { Slot } from './slot.js';

export interface QueueReaders {
  /** The next slot of an endpoint: see {@link QueueReader.take}. */
  take(endpoint: string, options: Omit<ClaimOptions, 'limit'>): Slot | undefined;
  /** What a slot that was taken is part of is not to be had before the slot is given back. */
  putOff(endpoint: string, slot: Slot): void;
  /** Gives a slot back, at its old place. */
  giveBack(endpoint: string, slot: Slot): void;
  /** Puts a slot on hold: it stays at its place, and is not taken before `resume`. */
  hold(endpoint: string, slot: Slot): void;
  /** Puts all that an endpoint has on hold, unread; false where something of it was looked at already. */
  holdAll(endpoint: string): boolean;
  /** Lets what is on hold be taken again: of an endpoint, or of all. */
  resume(endpoint?: string): void;
  /** Whether a slot is handed out at this moment, and not on hold. */
  isOut(endpoint: string, slot: Slot): boolean;
  /** How many slots of an endpoint are on hold. */
  onHold(endpoint: string): number;
  /** A slot's file is gone from its place. */
  forget(endpoint: string, slot: Slot): void;
  /** A delivery was put at the end of a queue, or was there already. */
  queued(queued: Queued): void;
  /** A retry was put there. */
  deferred(endpoint: string, name: string): void;
  ready(due: Due): string[];
  /** The earliest time a retry of an endpoint is due, ms. */
  nextDue(endpoint: string): number | undefined;
  owing(): string[];
  isOwing(endpoint: string): boolean;
  /** How many an endpoint is owed; 1 if that cannot be told. */
  owed(endpoint: string): number;
  /** Looks at the directories anew, of some endpoints or of all, after files came or went unheard; what is handed out stays so. */
  reload(only?: readonly string[]): void;
  /** Takes in what was added, in the last second of its attempts, to a batch that is settled but for that. */
  lookAtGrowing(): void;
  /** Removes the directories in which nothing is left; to be called last. */
  tidy(): Promise<void>;
}

export interface QueueReadersOptions {
  /** What each endpoint has, as far as it is known. */
  found: ReadonlyMap<string, Standing>;
  /** Of each endpoint that must be put in order before anything is taken: does that. */
  unsettled: Map<string, () => void>;
  texts: BatchTexts;
  /** So many names are held in memory, or {@link leastWindow} for each endpoint that something is handed out of. */
  maxNames: number;
  /** ms since the epoch. */
  now(): number;
  /** Called with a batch that was put aside. */
  onQuarantined(entry: EntryProblem): void;
  /** Called with a segment that was removed. */
  onRemoved(endpoint: string, segment: string): void;
  /** Called with an endpoint that is owed nothing, when all of its is removed. */
  onDone(endpoint: string): void;
}

/** A batch to which somebody was writing when all of its events were settled, and when that was, ms since the epoch. */
interface Growing {
  endpoint: string;
  segment: string;
  since: number;
}

/** An endpoint without a reader. */
interface Closed {
  isWaiting: boolean;
  /** Its retries; `unknown` if there are some that were not listed. */
  retries: 'unknown' | { first: number; last: number } | undefined;
  /** How many of what waits are on hold. */
  held: number;
  /** Whether those on hold were counted one by one: then the others must be, too. */
  isHeldExact?: boolean;
}

interface Reading {
  reader: QueueReader;
  /** What it was counted for, in names. */
  weight: number;
}

/** Names that a segment and a list of retries may hold, at least and at most. */
const leastWindow = 32;
const mostWindow = 4096;

/** A segment, and a list of retries, may have such a part of the names that are left, and of all. */
const windowsAtOnce = 16;
const retryListsAtOnce = 64;

/** So many endpoints that are owed nothing keep their directories, the ones that were sent to last. */
const maxDone = 256;

/** A reader takes as much memory as so many names. */
const readerWeight = 16;

/** So many are tidied up in one go. */
const yieldEvery = 128;

/** @throws from its methods: the errno of a directory that cannot be listed; then nothing has changed */
export function createQueueReaders(disk: Disk, root: string, options: QueueReadersOptions): QueueReaders {
  const { found, unsettled, texts, maxNames, now, onQuarantined, onRemoved, onDone } = options;
  const closed = new Map<string, Closed>([...found].map(([endpoint, each]) => [endpoint, closedOf(each)]));
  const least = Math.min(leastWindow, maxNames);
  /** The one looked at longest ago first. */
  const readings = new Map<string, Reading>();
  let growing: Growing[] = [];
  /** Endpoints that are owed nothing, the one sent to longest ago first, with the directory of their last delivery. */
  const done = new Map<string, string>();
  /** What the readers hold, in names. */
  let weight = 0;
  /** The one that was looked at last: its deliveries come one after the other. */
  let latest: string | undefined;

  function open(endpoint: string): Reading {
    const known = closed.get(endpoint);
    const reader = createQueueReader(disk, root, {
      endpoint,
      texts,
      // What is left is shared, so that those that are opened later find room, too.
      window: () => Math.min(Math.max(Math.floor((maxNames - weight) / windowsAtOnce), least), mostWindow),
      isWithoutRetries: known !== undefined && known.retries === undefined,
      retryLimit: Math.min(Math.max(Math.floor(maxNames / retryListsAtOnce), least), mostWindow),
      onEmpty(segment) {
        if (takeInMore(endpoint, segment, reader)) return;
        if (removeSegment(disk, `${root}/queue/${endpoint}/${segment}`, texts)) onRemoved(endpoint, segment);
      },
    });
    closed.delete(endpoint);
    const reading = { reader, weight: 0 };
    readings.set(endpoint, reading);
    return reading;
  }

  /** Whether a batch has got more events since it was queued: they come next. */
  function takeInMore(endpoint: string, segment: string, reader: QueueReader): boolean {
    const longer = settleGrowth(endpoint, segment);
    if (longer) reader.added(longer, '');
    return longer !== undefined;
  }

  /** The new name of a batch that has got more events; '' where that cannot be told: then the next drain finds it. */
  function settleGrowth(endpoint: string, segment: string): string | undefined {
    try {
      const queue = `${root}/queue/${endpoint}`;
      const {
        segment: longer,
        aside,
        isFresh,
      } = takeInGrowth(disk, root, { queue, segment, texts, now: now() });
      if (isFresh) growing.push({ endpoint, segment, since: now() });
      if (aside !== undefined) onQuarantined(aside);
      if (longer !== undefined) onRemoved(endpoint, segment);
      return longer;
    } catch (error) {
      ignoreErrno(error);
      return '';
    }
  }

  /** Looks again at batches to which somebody was writing when all of their events were settled. */
  function lookAtGrowing(): void {
    const isDue = ({ since }: Growing) => Math.abs(now() - since) >= defaultStillMs;
    if (!growing.some(isDue)) return;
    const due = growing.filter(isDue);
    growing = growing.filter((each) => !isDue(each));
    for (const { endpoint, segment } of due) {
      const longer = settleGrowth(endpoint, segment);
      if (longer === undefined && removeSegment(disk, `${root}/queue/${endpoint}/${segment}`, texts))
        onRemoved(endpoint, segment);
      if (longer !== undefined) reload([endpoint]);
    }
  }

  function reload(only?: readonly string[]): void {
    for (const [endpoint, reading] of [...readings]) {
      if (only !== undefined && !only.includes(endpoint)) continue;
      if (reading.reader.isIdle()) close(endpoint, reading);
      else using(endpoint, (reader) => reader.reload());
    }
    const queues = only ?? [...closed.keys(), ...listNames(disk, `${root}/queue`)];
    for (const endpoint of new Set(queues)) {
      if (readings.has(endpoint)) continue;
      const onGone = (segment: string) => onRemoved(endpoint, segment);
      try {
        const standing = readStanding(disk, root, { endpoint, onGone });
        if (only === undefined || standing.isWaiting || standing.hasRetries || closed.has(endpoint))
          closed.set(endpoint, closedOf(standing));
      } catch (error) {
        ignoreErrno(error); // it stays as it is known; whoever claims is told of it
      }
    }
  }

  function weigh(reading: Reading): void {
    const held = readerWeight + reading.reader.held();
    weight += held - reading.weight;
    reading.weight = held;
  }

  /** Does something with an endpoint's reader. */
  function using<T>(endpoint: string, use: (reader: QueueReader) => T): T {
    const reading = readings.get(endpoint) ?? open(endpoint);
    try {
      return use(reading.reader);
    } finally {
      weigh(reading);
      if (endpoint !== latest) {
        readings.delete(endpoint);
        readings.set(endpoint, reading);
        latest = endpoint;
      }
      if (weight > maxNames) makeRoom(endpoint);
    }
  }

  /** Lets readers go, but for those that something is handed out of. */
  function makeRoom(current: string): void {
    for (const [endpoint, reading] of readings) {
      if (weight <= maxNames) return;
      if (endpoint !== current && reading.reader.isIdle()) close(endpoint, reading);
    }
  }

  function close(endpoint: string, reading: Reading): void {
    const { reader } = reading;
    try {
      const held = reader.onHold();
      const [isWaiting, retries] = [reader.isWaiting(), reader.retryTimes()];
      closed.set(endpoint, { isWaiting, retries, held, isHeldExact: held > 0 });
    } catch (error) {
      ignoreErrno(error); // it stays
      return;
    }
    readings.delete(endpoint);
    weight -= reading.weight;
  }

  function isReady(endpoint: string, due: Due): boolean {
    const known = closed.get(endpoint);
    if (known?.isWaiting) return true;
    if (known !== undefined && known.retries !== 'unknown') return hasDue(known.retries, due);
    try {
      return using(endpoint, (reader) => reader.hasReady(due));
    } catch (error) {
      ignoreErrno(error);
      return true; // whoever claims is told of it
    }
  }

  function isOwing(endpoint: string): boolean {
    const known = closed.get(endpoint);
    if (known !== undefined) return known.isWaiting || known.retries !== undefined || known.held > 0;
    try {
      return readings.get(endpoint)?.reader.isOwing() ?? false;
    } catch (error) {
      ignoreErrno(error);
      return true; // whoever claims is told of it
    }
  }

  /** An endpoint that is sent to once need not be known for ever. */
  function noteDone(endpoint: string, { directory }: Slot): void {
    done.delete(endpoint);
    if (isOwing(endpoint)) return;
    done.set(endpoint, directory);
    const [first] = done;
    if (first === undefined || done.size <= maxDone) return;
    const [oldest, last] = first;
    done.delete(oldest);
    if (isOwing(oldest) || readings.get(oldest)?.reader.isIdle() === false) return;
    weight -= readings.get(oldest)?.weight ?? 0;
    readings.delete(oldest);
    closed.delete(oldest);
    removeEmpty(disk, root, oldest, last);
    onDone(oldest);
  }

  function resumeOne(endpoint: string): void {
    readings.get(endpoint)?.reader.resume();
    const known = closed.get(endpoint);
    if (known === undefined || known.held === 0) return;
    known.isWaiting = true;
    known.retries ??= 'unknown';
    known.held = 0;
    known.isHeldExact = false;
  }

  function endpoints(): string[] {
    return [...closed.keys(), ...readings.keys()];
  }

  function count(endpoint: string): number {
    const queue = `${root}/queue/${endpoint}`;
    const segments = listSegments(disk, queue);
    const waiting = estimateWaiting(disk, queue, {
      segments,
      isListed: () => closed.get(endpoint)?.isHeldExact ?? false,
    });
    return waiting + countNames(disk, `${root}/retry/${endpoint}`);
  }

  return {
    take(endpoint, claim) {
      unsettled.get(endpoint)?.();
      unsettled.delete(endpoint);
      const isKnown = readings.has(endpoint) || closed.has(endpoint);
      return isKnown ? using(endpoint, (reader) => reader.take(claim)) : undefined;
    },
    putOff: (endpoint, slot) => using(endpoint, (reader) => reader.putOff(slot)),
    giveBack: (endpoint, slot) => using(endpoint, (reader) => reader.giveBack(slot)),
    hold: (endpoint, slot) => using(endpoint, (reader) => reader.hold(slot)),
    holdAll(endpoint) {
      if (!closed.has(endpoint)) return false;
      closed.set(endpoint, { isWaiting: false, retries: undefined, held: count(endpoint) });
      return true;
    },
    resume(endpoint) {
      for (const each of endpoint === undefined ? endpoints() : [endpoint]) resumeOne(each);
    },
    isOut: (endpoint, slot) => readings.get(endpoint)?.reader.isOut(slot) ?? false,
    onHold: (endpoint) => closed.get(endpoint)?.held ?? readings.get(endpoint)?.reader.onHold() ?? 0,
    forget(endpoint, slot) {
      using(endpoint, (reader) => reader.forget(slot));
      noteDone(endpoint, slot);
    },
    queued({ endpoint, segment, name, kind }) {
      const known = closed.get(endpoint);
      if (known !== undefined) known.isWaiting = true;
      else if (!readings.has(endpoint))
        closed.set(endpoint, { isWaiting: true, retries: undefined, held: 0 });
      else if (kind !== 'there') using(endpoint, (reader) => reader.added(segment, name));
    },
    deferred: (endpoint, name) => using(endpoint, (reader) => reader.deferred(name)),
    ready: (due) => endpoints().filter((endpoint) => isReady(endpoint, due)),
    nextDue(endpoint) {
      const known = closed.get(endpoint);
      if (known === undefined && !readings.has(endpoint)) return undefined;
      if (known !== undefined && known.retries !== 'unknown') return known.retries?.first;
      try {
        return using(endpoint, (reader) => reader.retryTimes()?.first);
      } catch (error) {
        ignoreErrno(error);
        return undefined; // whoever claims is told of it
      }
    },
    owing: () => endpoints().filter(isOwing),
    isOwing,
    owed(endpoint) {
      try {
        return closed.has(endpoint) ? count(endpoint) : (readings.get(endpoint)?.reader.count() ?? 0);
      } catch (error) {
        ignoreErrno(error);
        return 1; // what cannot be listed has not been found to be empty
      }
    },
    reload,
    lookAtGrowing,
    async tidy() {
      let tidied = 0;
      for (const endpoint of endpoints()) {
        if (isOwing(endpoint)) continue;
        removeEmpty(disk, root, endpoint);
        onDone(endpoint);
        tidied += 1;
        if (tidied % yieldEvery === 0) await setImmediate();
      }
    },
  };
}

function closedOf({ isWaiting, hasRetries }: Standing): Closed {
  return { isWaiting, retries: hasRetries ? 'unknown' : undefined, held: 0 };
}

function hasDue(
  retries: { first: number; last: number } | undefined,
  { now, latest = Infinity }: Due,
): boolean {
  return retries !== undefined && (retries.first <= now || retries.last > latest);
}
