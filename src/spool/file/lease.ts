/** The drain's side of the file spool: the one that holds the lock owns every endpoint. */
import { watch } from 'node:fs';
import type { Health } from '../../endpoint/health.js';
import { timeOfId } from '../../event/event-id.js';
import { maxEventFileBytes, parseEvent } from '../../event/record.js';
import { errnoOf, ignoreErrno } from '../../shared/errors.js';
import type { Claim, Delivery, Lease } from '../spool.js';
import { headerOf } from './delivery-file.js';
import { createDeliveryFiles } from './delivery-files.js';
import { createDirectorySync } from './directory-sync.js';
import type { Disk } from './disk.js';
import { dropAll } from './drop.js';
import { createHealthFiles } from './health-files.js';
import { countIncoming } from './incoming.js';
import { createIntake } from './intake.js';
import { retryName } from './layout.js';
import type { SpoolLock } from './lock.js';
import { putAside } from './put-aside.js';
import type { Queued } from './queue-event.js';
import { createQueueReader, type QueueReader, type Slot } from './queue-reader.js';
import { createQueueWriter } from './queue-writer.js';
import { readEntry } from './read-entry.js';
import { recover, removeDirectory } from './recovery.js';

export interface LeaseOptions {
  lock: SpoolLock;
  /** ms since the epoch. */
  now(): number;
  /** Ten random bytes. */
  random(): Uint8Array;
  /** A name for a temporary file, unique. */
  token(): string;
}

/** Opens the spool for draining, after putting in order whatever an earlier drain left half done. */
export function openLease(disk: Disk, root: string, { lock, now, random, token }: LeaseOptions): Lease {
  /** Put aside, and not told yet. */
  const untold = recover(disk, root, now());
  const writer = createQueueWriter(disk, root, token);
  const sync = createDirectorySync(disk);
  const files = createDeliveryFiles(disk, root, sync);
  const health = createHealthFiles(disk, root, token);
  const readers = new Map<string, QueueReader>();
  const slots = new WeakMap<Delivery, Slot>();
  /** Taken, but not readable or not wholly taken in then; given back after the next step of the intake. */
  const passedOver: Array<{ endpoint: string; slot: Slot }> = [];
  /** The step at hand: what it has put into a queue, and not told the readers of yet, must not be found by them. */
  let fanningOut: Promise<void> = Promise.resolve();
  const intake = createIntake(disk, root, { writer, now, random, token, onQueued });
  for (const room of ['queue', 'retry'] as const) {
    for (const endpoint of disk.readdirSync(`${root}/${room}`))
      if (!endpoint.startsWith('.')) readerOf(endpoint);
  }

  function readerOf(endpoint: string): QueueReader {
    let reader = readers.get(endpoint);
    if (reader === undefined) {
      reader = createQueueReader(disk, root, {
        endpoint,
        onEmpty: (segment) => removeSegment(endpoint, segment),
      });
      readers.set(endpoint, reader);
    }
    return reader;
  }

  function removeSegment(endpoint: string, segment: string): void {
    if (removeDirectory(disk, `${root}/queue/${endpoint}/${segment}`)) writer.removed(endpoint, segment);
  }

  function onQueued({ endpoint, segment, name, kind }: Queued): void {
    const known = readers.get(endpoint);
    // A reader made only now finds the delivery in the directory.
    if (known === undefined) readerOf(endpoint);
    else if (kind === 'put') known.added(segment, name);
  }

  /** Claims the next delivery of an endpoint; false if there is none to be had now. */
  function claimNext(endpoint: string, at: number, claim: Mutable<Claim>): boolean {
    let slot: Slot | undefined;
    try {
      slot = readerOf(endpoint).take(at);
      if (slot !== undefined) claimSlot(endpoint, slot, claim);
      return slot !== undefined;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      claim.unread.push({ name: slot?.name ?? endpoint, reason: `it cannot be read now (${errno})` });
      if (slot !== undefined) passedOver.push({ endpoint, slot });
      return false;
    }
  }

  function claimSlot(endpoint: string, slot: Slot, claim: Mutable<Claim>): void {
    if (intake.isHalfDone(slot.name, files.pathOf(slot))) {
      passedOver.push({ endpoint, slot });
      return;
    }
    const reader = readerOf(endpoint);
    const path = files.pathOf(slot);
    const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
    if (found.kind === 'gone') {
      reader.forget(slot);
      return;
    }
    const parsed =
      found.kind === 'read' ? parseEvent(found.bytes) : { ok: false as const, reason: found.reason };
    if (found.kind !== 'read' || !parsed.ok || slot.id === undefined) {
      const reason = parsed.ok ? 'its name is not that of a delivery' : parsed.reason;
      const moved = putAside(disk, root, { path, name: slot.name, reason });
      if (moved !== undefined) claim.corrupt.push(moved);
      reader.forget(slot);
      return;
    }
    const header = headerOf(parsed, { id: slot.id, stat: found.stat });
    const acceptedAt = timeOfId(slot.id) ?? Date.parse(header.time);
    const delivery = {
      event: { ...header, payload: parsed.payload },
      endpoint,
      attempts: slot.attempts,
      acceptedAt,
    };
    slots.set(delivery, slot);
    claim.deliveries.push(delivery);
  }

  /** Whatever fails here, the next lease does again; it must not hide the error that a drain has ended with. */
  function putInOrder(): void {
    for (const work of [health.flush, sync.flush, () => recover(disk, root, now())]) {
      try {
        work();
      } catch (error) {
        ignoreErrno(error);
      }
    }
  }

  function slotOf(delivery: Delivery): Slot {
    const slot = slots.get(delivery);
    if (slot === undefined) throw new Error('a delivery is settled once, by the lease that claimed it');
    slots.delete(delivery);
    return slot;
  }

  return {
    async fanOut(route) {
      const taking = intake.step(route);
      fanningOut = taking.then(
        () => {},
        () => {}, // told to whoever asked for it
      );
      const step = await taking;
      for (const { endpoint, slot } of passedOver.splice(0)) readerOf(endpoint).giveBack(slot);
      return { ...step, corrupt: [...untold.splice(0), ...step.corrupt] };
    },
    ready: ({ now: at }) =>
      [...readers].filter(([, reader]) => reader.hasReady(at)).map(([endpoint]) => endpoint),
    async claim(endpoint, { limit, now: at }) {
      await fanningOut;
      const claim: Mutable<Claim> = { deliveries: [], corrupt: [], unread: [] };
      while (claim.deliveries.length + claim.corrupt.length < limit && claimNext(endpoint, at, claim));
      return claim;
    },
    async done(delivery) {
      const slot = slotOf(delivery);
      files.remove(slot);
      readerOf(delivery.endpoint).forget(slot);
    },
    async defer(delivery, { dueMs, attempts }) {
      const slot = slotOf(delivery);
      const { endpoint, event } = delivery;
      const name = retryName({ dueMs, attempts, id: event.id });
      const moved = files.moveToRetry(slot, { endpoint, name });
      readerOf(endpoint).forget(slot);
      if (moved) readerOf(endpoint).deferred(name);
    },
    async bury(delivery, why) {
      const slot = slotOf(delivery);
      const { endpoint, event } = delivery;
      files.moveToDead(slot, { endpoint, id: event.id, why });
      readerOf(endpoint).forget(slot);
    },
    release(delivery) {
      readerOf(delivery.endpoint).giveBack(slotOf(delivery));
    },
    health: (endpoint) => health.get(endpoint),
    async saveHealth(endpoint: string, next: Health) {
      health.set(endpoint, next);
    },
    nextDue: (endpoint) => readers.get(endpoint)?.nextDue(),
    owing: () => [...readers].filter(([, reader]) => reader.isOwing()).map(([endpoint]) => endpoint),
    waiting: async () => countIncoming(disk, root),
    owed: async (endpoint) => readers.get(endpoint)?.count() ?? 0,
    async drop(match) {
      try {
        return dropAll(disk, root, match);
      } finally {
        for (const reader of readers.values()) reader.reload();
      }
    },
    onHint: (hint) => watchIncoming(root, hint),
    valid: () => lock.valid(),
    async close() {
      try {
        if (lock.valid()) putInOrder();
      } finally {
        health.cancel();
        sync.cancel();
        await lock.release();
      }
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] };

/** A hint that there may be new events. Where watching cannot be had, there are none: the rescan finds them. */
function watchIncoming(root: string, hint: () => void): () => void {
  try {
    const watcher = watch(`${root}/incoming`, () => hint());
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {}; // EMFILE, ENOSPC: this machine has no watches left
  }
}
