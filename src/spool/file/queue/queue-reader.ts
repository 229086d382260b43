/**
 * The reading side of one endpoint's queue and retries: which deliveries come
 * next. Each is handed out once, until it is given back.
 */
import type { ClaimOptions, Due } from '../../spool.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import type { Disk } from '../disk/disk.js';
import { createRetryList } from './retry-list.js';
import { createHandedOut, type Slot } from './slot.js';
import { createWaitingList } from './waiting-list.js';

export interface QueueReader {
  /** The next slot: a due retry first, then those in order; or as `probe` has it. */
  take(options: Omit<ClaimOptions, 'limit'>): Slot | undefined;
  /** What a slot that was taken is part of is not to be had before the slot is given back. */
  putOff(slot: Slot): void;
  /** Gives a slot back, at its old place. */
  giveBack(slot: Slot): void;
  /** Puts a slot on hold: it stays at its place, and is not taken before `resume`. */
  hold(slot: Slot): void;
  /** Lets what is on hold be taken again. */
  resume(): void;
  /** Whether a slot is handed out, and not on hold. */
  isOut(slot: Slot): boolean;
  /** How many slots are on hold. */
  onHold(): number;
  /** A slot's file was removed. */
  forget(slot: Slot): void;
  /** A delivery was put at the end of the queue; of a batch, all of it. */
  added(segment: string, name: string): void;
  /** A retry was put there. */
  deferred(name: string): void;
  /** Whether any waits in order to be taken. */
  isWaiting(): boolean;
  /** The earliest time a retry is due, and the latest, ms; undefined if there are none to take. */
  retryTimes(): { first: number; last: number } | undefined;
  /** Whether anything is owed, handed out or not. */
  isOwing(): boolean;
  /** How many are owed, handed out or not. */
  count(): number;
  /** How many names are in memory. */
  held(): number;
  /** Whether nothing is handed out. */
  isIdle(): boolean;
  /** Lists the directories again, after files were removed from them; what is handed out stays so. */
  reload(): void;
}

export interface QueueReaderOptions {
  endpoint: string;
  texts: BatchTexts;
  /** How many names of the queue may be held. */
  window(): number;
  /** Whether it is known that there are no retries. */
  isWithoutRetries: boolean;
  /** How many names of retries may be held. */
  retryLimit: number;
  /** Called with a segment in which nothing is left. */
  onEmpty(segment: string): void;
}

/** @throws, and so do its methods: the errno of a directory that cannot be listed; then nothing has changed */
export function createQueueReader(disk: Disk, root: string, options: QueueReaderOptions): QueueReader {
  const { endpoint, texts, window, isWithoutRetries, retryLimit, onEmpty } = options;
  const out = createHandedOut();
  /** Retries on hold; they count as handed out. */
  let heldRetries: Slot[] = [];
  const waiting = createWaitingList(disk, root, { endpoint, out, texts, window, onEmpty });
  const retries = createRetryList(disk, root, {
    endpoint,
    out,
    isEmpty: isWithoutRetries,
    limit: retryLimit,
  });

  /** All others come before what has failed; when that has its turn, everything was looked through for it. */
  function takeProbe(failed: readonly string[], due: Due): Slot | undefined {
    const passed = new Set(failed);
    const other = waiting.take(passed) ?? retries.take(due, passed);
    if (other !== undefined) return other;
    for (const event of failed) {
      const slot = waiting.takeBack(event) ?? retries.takeEvent(event, due);
      if (slot !== undefined) return slot;
    }
    return undefined;
  }

  return {
    take(claim) {
      const { probe } = claim;
      const slot = probe === undefined ? (retries.take(claim) ?? waiting.take()) : takeProbe(probe, claim);
      if (slot !== undefined) out.add(slot);
      return slot;
    },
    putOff: waiting.putOff,
    giveBack(slot) {
      out.remove(slot);
      if (slot.room === 'retry') retries.add(slot.name);
      else waiting.giveBack(slot);
    },
    hold(slot) {
      if (slot.room === 'retry') {
        const held = { ...slot, id: undefined }; // others of its id need not wait for it
        out.remove(slot);
        out.add(held);
        heldRetries.push(held);
        return;
      }
      out.remove(slot);
      waiting.hold(slot);
    },
    resume() {
      for (const slot of heldRetries) {
        out.remove(slot);
        retries.add(slot.name);
      }
      heldRetries = [];
      waiting.resume();
    },
    isOut: ({ directory, name }) =>
      out.namesIn(directory).has(name) && !heldRetries.some((each) => each.name === name),
    onHold: () => heldRetries.length + waiting.onHold(),
    forget(slot) {
      out.remove(slot);
      if (slot.room === 'queue') waiting.forget(slot);
    },
    added: waiting.added,
    deferred: retries.add,
    isWaiting: waiting.hasMore,
    retryTimes: retries.times,
    isOwing: () => waiting.isOwing() || retries.isOwing(),
    count: () => waiting.count() + retries.count(),
    held: () => waiting.held() + retries.held(),
    isIdle: out.isEmpty,
    reload() {
      for (const slot of heldRetries) out.remove(slot);
      heldRetries = [];
      waiting.reload();
      retries.reload();
    },
  };
}
