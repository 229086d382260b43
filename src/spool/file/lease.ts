/** The drain's side of the file spool: the one that holds the lock owns every endpoint. */
import { watch } from 'node:fs';
import type { Health } from '../../endpoint/health.js';
import { timeOfId } from '../../event/event-id.js';
import { maxEventFileBytes, parseEvent } from '../../event/record.js';
import { errnoOf } from '../../shared/errors.js';
import type { Claim, Delivery, Lease, Why } from '../spool.js';
import { headerOf } from './delivery-file.js';
import { createDirectorySync } from './directory-sync.js';
import type { Disk } from './disk.js';
import { dropAll } from './drop.js';
import { createHealthFiles } from './health-files.js';
import { countIncoming } from './incoming.js';
import { createIntake, type Queued } from './intake.js';
import { privateDir, privateFile, retryName } from './layout.js';
import type { SpoolLock } from './lock.js';
import { putAside } from './put-aside.js';
import { createQueueReader, type QueueReader, type Slot } from './queue-reader.js';
import { createQueueWriter } from './queue-writer.js';
import { readEntry } from './read-entry.js';
import { recover, removeDirectory } from './recovery.js';
import { discard, ensureDirectory, syncDirectory, writeDurably } from './write-file.js';

export interface LeaseOptions {
  lock: SpoolLock;
  /** ms since the epoch. */
  now(): number;
  /** Ten random bytes. */
  random(): Uint8Array;
}

/** Opens the spool for draining, after whatever an earlier drain left half done. */
export function openLease(disk: Disk, root: string, { lock, now, random }: LeaseOptions): Lease {
  recover(disk, root, now());
  const writer = createQueueWriter(disk, root);
  const sync = createDirectorySync(disk);
  const health = createHealthFiles(disk, root);
  const readers = new Map<string, QueueReader>();
  const slots = new WeakMap<Delivery, Slot>();
  /** Claimed, and not readable then; given back with the next intake. */
  const passedOver: Array<{ endpoint: string; slot: Slot }> = [];
  const intake = createIntake(disk, root, { writer, now, random, onQueued });
  for (const room of ['queue', 'retry'] as const) {
    for (const endpoint of disk.readdirSync(`${root}/${room}`)) if (!endpoint.startsWith('.')) readerOf(endpoint);
  }

  function readerOf(endpoint: string): QueueReader {
    let reader = readers.get(endpoint);
    if (reader === undefined) {
      reader = createQueueReader(disk, root, { endpoint, onEmpty: (segment) => removeSegment(endpoint, segment) });
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
    else known.resume(name);
  }

  function claimSlot(endpoint: string, slot: Slot, claim: Mutable<Claim>): void {
    const reader = readerOf(endpoint);
    const path = pathOf(slot);
    if (!intake.caughtUp() && disk.lstatSync(`${root}/incoming/${slot.name}`, { throwIfNoEntry: false })) {
      return reader.hold(slot);
    }
    const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
    if (found.kind === 'gone') return reader.forget(slot);
    const parsed = found.kind === 'read' ? parseEvent(found.bytes) : { ok: false as const, reason: found.reason };
    if (found.kind !== 'read' || !parsed.ok || slot.id === undefined) {
      const reason = parsed.ok ? 'its name is not that of a delivery' : parsed.reason;
      const moved = putAside(disk, root, { path, name: slot.name, reason });
      if (moved !== undefined) claim.corrupt.push(moved);
      return reader.forget(slot);
    }
    const header = headerOf(parsed, { id: slot.id, stat: found.stat });
    const acceptedAt = timeOfId(slot.id) ?? Date.parse(header.time);
    const delivery = { event: { ...header, payload: parsed.payload }, endpoint, attempts: slot.attempts, acceptedAt };
    slots.set(delivery, slot);
    claim.deliveries.push(delivery);
  }

  function slotOf(delivery: Delivery): Slot {
    const slot = slots.get(delivery);
    if (slot === undefined) throw new Error('a delivery is settled once, by the lease that claimed it');
    slots.delete(delivery);
    return slot;
  }

  function pathOf(slot: Slot): string {
    return `${root}/${slot.directory}/${slot.name}`;
  }

  /** Moves a delivery's file, so that its old name is surely gone. */
  function move(slot: Slot, to: string): void {
    try {
      disk.renameSync(pathOf(slot), to);
      // rename(2) does nothing where both names are the same file already.
      if (disk.lstatSync(pathOf(slot), { throwIfNoEntry: false })) disk.unlinkSync(pathOf(slot));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error; // somebody else took it
    }
    sync.touch(`${root}/${slot.directory}`);
  }

  function makeRoomFor(room: 'retry' | 'dead', endpoint: string): string {
    const directory = `${root}/${room}/${endpoint}`;
    if (ensureDirectory(disk, directory, privateDir)) syncDirectory(disk, `${root}/${room}`);
    return directory;
  }

  function writeWhy(path: string, why: Why): void {
    try {
      discard(disk, path);
      disk.closeSync(writeDurably(disk, path, { bytes: Buffer.from(`${JSON.stringify(why)}\n`), mode: privateFile }));
    } catch (error) {
      if (errnoOf(error) === undefined) throw error; // best effort: the delivery itself matters
    }
  }

  return {
    fanOut(route) {
      for (const { endpoint, slot } of passedOver.splice(0)) readerOf(endpoint).giveBack(slot);
      return intake.step(route);
    },
    ready: (at) => [...readers].filter(([, reader]) => reader.hasReady(at)).map(([endpoint]) => endpoint),
    async claim(endpoint, { limit, now: at }) {
      const claim: Mutable<Claim> = { deliveries: [], corrupt: [], unread: [] };
      for (const slot of readerOf(endpoint).take(limit, at)) {
        try {
          claimSlot(endpoint, slot, claim);
        } catch (error) {
          const errno = errnoOf(error);
          if (errno === undefined) throw error;
          claim.unread.push({ name: slot.name, reason: `it cannot be read now (${errno})` });
          passedOver.push({ endpoint, slot });
        }
      }
      return claim;
    },
    async done(delivery) {
      const slot = slotOf(delivery);
      try {
        disk.unlinkSync(pathOf(slot));
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error; // somebody else took it
      }
      readerOf(delivery.endpoint).forget(slot);
      sync.touch(`${root}/${slot.directory}`);
    },
    async defer(delivery, { dueMs, attempts }) {
      const slot = slotOf(delivery);
      const name = retryName({ dueMs, attempts, id: delivery.event.id });
      const directory = makeRoomFor('retry', delivery.endpoint);
      move(slot, `${directory}/${name}`);
      readerOf(delivery.endpoint).forget(slot);
      readerOf(delivery.endpoint).deferred(name);
      sync.touch(directory);
    },
    async bury(delivery, why) {
      const slot = slotOf(delivery);
      const directory = makeRoomFor('dead', delivery.endpoint);
      writeWhy(`${directory}/${delivery.event.id}.why.json`, why);
      move(slot, `${directory}/${delivery.event.id}.json`);
      readerOf(delivery.endpoint).forget(slot);
      syncDirectory(disk, directory);
      sync.touch(`${root}/${slot.directory}`);
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
    drop: async (match) => dropAll(disk, root, match),
    onHint: (hint) => watchIncoming(root, hint),
    valid: () => lock.valid(),
    async close() {
      health.flush();
      sync.flush();
      recover(disk, root, now());
      await lock.release();
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
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return () => {};
  }
}

