/**
 * The reading side of all queues. What is in memory is bounded, whatever the
 * backlog and however many endpoints there are: an endpoint has a reader while
 * it is looked at, and the one that was looked at longest ago loses it first.
 */
import { setImmediate } from 'node:timers/promises';
import { ignoreErrno } from '../../shared/errors.js';
import type { ClaimOptions, Due } from '../spool.js';
import type { BatchTexts } from './batch-texts.js';
import type { DirectoryCounts } from './directory-counts.js';
import type { Disk } from './disk.js';
import { listNames } from './list-names.js';
import type { Queued } from './queue-event.js';
import { createQueueReader, type QueueReader } from './queue-reader.js';
import { removeEmpty, type Standing, standing } from './recovery.js';
import { listSegments, removeSegment } from './segment.js';
import type { Slot } from './slot.js';

export interface QueueReaders {
  /** The next slot of an endpoint: see {@link QueueReader.take}. */
  take(endpoint: string, options: Omit<ClaimOptions, 'limit'>): Slot | undefined;
  /** Gives a slot back, at its old place. */
  giveBack(endpoint: string, slot: Slot): void;
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
  /** How many an endpoint is owed. */
  owed(endpoint: string): number;
  /** Looks at the directories anew, after files came or went unheard; what is handed out stays so. */
  reload(): void;
  /** Removes the directories in which nothing is left; to be called last. */
  tidy(): Promise<void>;
}

export interface QueueReadersOptions {
  /** What each endpoint has, as far as it is known. */
  found: ReadonlyMap<string, Standing>;
  counts: DirectoryCounts;
  texts: BatchTexts;
  /** So many names are held in memory, or {@link leastWindow} for each endpoint that something is handed out of. */
  maxNames: number;
  /** Called with a segment that was removed. */
  onRemoved(endpoint: string, segment: string): void;
}

/** An endpoint without a reader. */
interface Resting {
  isWaiting: boolean;
  /** Its retries; `unknown` if there are some that were not listed. */
  retries: 'unknown' | { first: number; last: number } | undefined;
}

interface Reading {
  reader: QueueReader;
  /** What it was counted for, in names. */
  weight: number;
}

/** Names that a segment and a list of retries may hold, at least and at most. */
const leastWindow = 32;
const mostWindow = 4096;

/** A reader takes as much memory as so many names. */
const readerWeight = 16;

/** So many are tidied up in one go. */
const yieldEvery = 128;

/** @throws from its methods: the errno of a directory that cannot be listed; then nothing has changed */
export function createQueueReaders(disk: Disk, root: string, options: QueueReadersOptions): QueueReaders {
  const { found, counts, texts, maxNames, onRemoved } = options;
  const resting = new Map<string, Resting>([...found].map(([endpoint, each]) => [endpoint, restingOf(each)]));
  const least = Math.min(leastWindow, maxNames);
  /** The one looked at longest ago first. */
  const readings = new Map<string, Reading>();
  /** What the readers hold, in names. */
  let weight = 0;

  function open(endpoint: string): Reading {
    const reader = createQueueReader(disk, root, {
      endpoint,
      counts,
      texts,
      window: () => Math.min(Math.max(Math.floor((maxNames - weight) / 16), least), mostWindow),
      retryLimit: Math.min(Math.max(Math.floor(maxNames / 64), least), mostWindow),
      onEmpty(segment) {
        if (removeSegment(disk, `${root}/queue/${endpoint}/${segment}`)) onRemoved(endpoint, segment);
      },
    });
    resting.delete(endpoint);
    const reading = { reader, weight: 0 };
    readings.set(endpoint, reading);
    return reading;
  }

  function weigh(reading: Reading): void {
    const now = readerWeight + reading.reader.held();
    weight += now - reading.weight;
    reading.weight = now;
  }

  /** Does something with an endpoint's reader. */
  function using<T>(endpoint: string, use: (reader: QueueReader) => T): T {
    const reading = readings.get(endpoint) ?? open(endpoint);
    try {
      return use(reading.reader);
    } finally {
      weigh(reading);
      readings.delete(endpoint);
      readings.set(endpoint, reading);
      makeRoom(endpoint);
    }
  }

  /** Lets readers go, but for those that something is handed out of. */
  function makeRoom(current: string): void {
    for (const [endpoint, reading] of readings) {
      if (weight <= maxNames) return;
      if (endpoint !== current && reading.reader.isIdle()) letRest(endpoint, reading);
    }
  }

  function letRest(endpoint: string, reading: Reading): void {
    const { reader } = reading;
    try {
      resting.set(endpoint, { isWaiting: reader.isWaiting(), retries: reader.retryTimes() });
    } catch (error) {
      ignoreErrno(error); // it stays
      return;
    }
    readings.delete(endpoint);
    weight -= reading.weight;
  }

  function isReady(endpoint: string, due: Due): boolean {
    const rest = resting.get(endpoint);
    if (rest?.isWaiting) return true;
    if (rest !== undefined && rest.retries !== 'unknown') return hasDue(rest.retries, due);
    try {
      return using(endpoint, (reader) => reader.hasReady(due));
    } catch (error) {
      ignoreErrno(error);
      return true; // whoever claims is told of it
    }
  }

  function isOwing(endpoint: string): boolean {
    const rest = resting.get(endpoint);
    if (rest !== undefined) return rest.isWaiting || rest.retries !== undefined;
    return readings.get(endpoint)?.reader.isOwing() ?? false;
  }

  function endpoints(): string[] {
    return [...resting.keys(), ...readings.keys()];
  }

  function count(endpoint: string): number {
    const queue = `queue/${endpoint}`;
    const segments = listSegments(disk, `${root}/${queue}`).map((name) => `${queue}/${name}`);
    const directories = [...segments, `retry/${endpoint}`];
    return directories.reduce((sum, directory) => sum + counts.count(endpoint, directory), 0);
  }

  return {
    take: (endpoint, claim) => using(endpoint, (reader) => reader.take(claim)),
    giveBack: (endpoint, slot) => using(endpoint, (reader) => reader.giveBack(slot)),
    forget: (endpoint, slot) => using(endpoint, (reader) => reader.forget(slot)),
    queued({ endpoint, segment, name, kind }) {
      const rest = resting.get(endpoint);
      if (rest !== undefined) rest.isWaiting = true;
      else if (!readings.has(endpoint)) resting.set(endpoint, { isWaiting: true, retries: undefined });
      else if (kind !== 'there') using(endpoint, (reader) => reader.added(segment, name));
    },
    deferred: (endpoint, name) => using(endpoint, (reader) => reader.deferred(name)),
    ready: (due) => endpoints().filter((endpoint) => isReady(endpoint, due)),
    nextDue(endpoint) {
      const rest = resting.get(endpoint);
      if (rest === undefined && !readings.has(endpoint)) return undefined;
      if (rest !== undefined && rest.retries !== 'unknown') return rest.retries?.first;
      return using(endpoint, (reader) => reader.retryTimes()?.first);
    },
    owing: () => endpoints().filter(isOwing),
    owed(endpoint) {
      if (resting.has(endpoint)) return count(endpoint);
      return readings.get(endpoint)?.reader.count() ?? 0;
    },
    reload() {
      for (const [endpoint, reading] of [...readings]) {
        if (reading.reader.isIdle()) letRest(endpoint, reading);
        else using(endpoint, (reader) => reader.reload());
      }
      const queues = listNames(disk, `${root}/queue`).filter((name) => !readings.has(name));
      for (const endpoint of new Set([...resting.keys(), ...queues])) {
        const onGone = (segment: string) => onRemoved(endpoint, segment);
        resting.set(endpoint, restingOf(standing(disk, root, { endpoint, onGone })));
      }
    },
    async tidy() {
      let tidied = 0;
      for (const endpoint of endpoints()) {
        if (isOwing(endpoint)) continue;
        removeEmpty(disk, root, endpoint);
        tidied += 1;
        if (tidied % yieldEvery === 0) await setImmediate();
      }
    },
  };
}

function restingOf({ isWaiting, hasRetries }: Standing): Resting {
  return { isWaiting, retries: hasRetries ? 'unknown' : undefined };
}

function hasDue(
  retries: { first: number; last: number } | undefined,
  { now, latest = Infinity }: Due,
): boolean {
  return retries !== undefined && (retries.first <= now || retries.last > latest);
}
