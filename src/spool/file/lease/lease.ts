/** The drain's side of the file spool: the one that holds the lock owns every endpoint. */
import { watch } from 'node:fs';
import type { Health } from '../../../endpoint/health.js';
import { errnoOf, ignoreErrno } from '../../../shared/errors.js';
import { monotonicMs } from '../../../shared/monotonic.js';
import type {
  Claim,
  ClaimOptions,
  Delivery,
  Discarded,
  DiscardedEntry,
  DiscardRequest,
  Lease,
} from '../../spool.js';
import { createProgressMarks } from '../batch/batch-progress.js';
import { createBatchTexts } from '../batch/batch-texts.js';
import { acceptedAt } from '../batch/delivery-file.js';
import { batchFilesOf } from '../batch/segment.js';
import { isUnchanged } from '../batch/unchanged.js';
import { createDeliveryFiles } from '../deliveries/delivery-files.js';
import { createDeliveryReader } from '../deliveries/delivery-reader.js';
import { createRecentEvents } from '../deliveries/recent-events.js';
import { createDirectorySync } from '../disk/directory-sync.js';
import { createLateSyncs, type LateSyncs } from '../disk/late-syncs.js';
import { retryName } from '../disk/layout.js';
import { ofMachine } from '../disk/spool-error.js';
import { defaultStillMs } from '../disk/stillness.js';
import { createAnswerFiles } from '../endpoints/answer-files.js';
import { createEndpointFiles } from '../endpoints/endpoint-files.js';
import { createHealthFiles } from '../endpoints/health-files.js';
import { createInboxDeliveries } from '../incoming/inbox-deliveries.js';
import { countIncoming } from '../incoming/incoming.js';
import { createIntake } from '../intake/intake.js';
import type { SpoolLock } from '../lock/lock.js';
import { createQueueWriter } from '../placing/queue-writer.js';
import { readQueueMark } from '../queue/queue-mark.js';
import { createQueueReaders } from '../queue/queue-readers.js';
import type { Slot } from '../queue/slot.js';
import type { Ballast } from '../setup/ballast.js';
import { expireUnclaimed } from '../unclaimed/unclaimed-expiry.js';
import { readUnclaimedReports, saveUnclaimedReports } from '../unclaimed/unclaimed-reports.js';
import { noteProgress, readRequests, removeRequest } from './control.js';
import { discardAll, type Found } from './discard.js';
import { recover } from './recovery.js';

export interface LeaseOptions {
  lock: SpoolLock;
  /** ms since the epoch. */
  now(): number;
  /** Ten random bytes. */
  random(): Uint8Array;
  /** A name for a temporary file, unique. */
  token(): string;
  /** So many names of deliveries are held in memory; default {@link mostNames}. */
  maxNames?: number;
  /** How long an entry of `incoming/` must be still before it is put aside, in ms; default {@link defaultStillMs}. */
  stillMs?: number | undefined;
  /** So many names of `incoming/` are listed at a time; default 65,536. */
  listed?: number | undefined;
}

/** Names of deliveries in memory, over all endpoints. */
const mostNames = 262_144;

/** What could not be read is read again after so long, in ms; of so many others are handed out meanwhile. */
const unreadableMs = 5_000;
const mostUnreadable = 1_024;

/** Opens the spool for draining, after putting in order whatever an earlier drain left half done. */
export async function openLease(ballast: Ballast, root: string, options: LeaseOptions): Promise<Lease> {
  ballast.make();
  const { disk } = ballast;
  const { lock, now, random, token, maxNames = mostNames, stillMs = defaultStillMs, listed } = options;
  /** `aside`: put aside, and not told yet. */
  const { aside: untold, unsettled, found } = await recover(disk, root, now());
  const writer = createQueueWriter(disk, root, token);
  const sync = createDirectorySync(disk);
  const marks = createProgressMarks(disk);
  const answers = createAnswerFiles(disk, root, token);
  const files = createDeliveryFiles(disk, root, { sync, marks, token });
  /** Of what is moved to the dead by request. */
  const late = createLateSyncs(disk);
  const texts = createBatchTexts(disk, now);
  const recent = createRecentEvents(disk, root, now);
  const reader = createDeliveryReader(disk, root, { texts, recent, now });
  const endpointFiles = createEndpointFiles(disk, root);
  const health = createHealthFiles(disk, root, token, endpointFiles);
  const readers = createQueueReaders(disk, root, {
    found,
    unsettled,
    texts,
    maxNames,
    now,
    onAside: (entry) => untold.push(entry),
    onRemoved(endpoint, segment) {
      writer.removed(endpoint, segment);
      const batch = batchFilesOf(`${root}/queue/${endpoint}/${segment}`);
      if (batch === undefined) return;
      marks.forget(batch.progress);
      texts.removed();
    },
    onDone(endpoint) {
      writer.forget(endpoint);
      files.forget(endpoint);
      health.forget(endpoint);
    },
  });
  const slots = new WeakMap<Delivery, Slot>();
  /** Deliveries that were made and are not removed yet: what could not be is once more at the end, or it would be sent again. */
  const unremoved = new Map<string, Slot>();
  /** Taken, but not wholly taken in then; given back after the next step of the intake. */
  const passedOver: Array<{ endpoint: string; slot: Slot }> = [];
  /** Taken, but not readable then: given back after a while. */
  const unreadable: Array<{ endpoint: string; slot: Slot; since: number }> = [];
  /** Walks over what is to be moved to the dead, by their requests. */
  const walks = new WeakMap<DiscardRequest, Iterator<Found>>();
  /** The step at hand: what it has put into a queue, and not told the readers of yet, must not be found by them. */
  let fanningOut: Promise<void> = Promise.resolve();
  /** Whether a step has failed, or an entry in it: it may have put deliveries into queues without telling the readers. */
  let hasMissed = false;
  const inbox = createInboxDeliveries();
  const intake = createIntake(disk, root, {
    writer,
    inbox,
    now,
    random,
    token,
    stillMs,
    listed,
    isOwing: readers.isOwing,
    onStray() {
      hasMissed = true;
    },
    onQueued(queued, file) {
      readers.queued(queued);
      if (!('event' in file) || queued.kind === 'there') return;
      const { endpoint, segment, name } = queued;
      recent.add({ directory: `queue/${endpoint}/${segment}`, name }, { event: file.event, stat: file.stat });
    },
  });

  /** Claims the next delivery of an endpoint; false if there is none to be had behind it. */
  function claimNext(
    endpoint: string,
    { inOrder = false, ...options }: Omit<ClaimOptions, 'limit'>,
    claim: Mutable<Claim>,
  ): boolean {
    let slot: Slot | undefined;
    try {
      if (claimFromInbox(endpoint, claim)) return true;
      slot = readers.take(endpoint, options);
      if (slot !== undefined) claimSlot(endpoint, slot, claim);
      return slot !== undefined;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      claim.postponed.push({ name: slot?.name ?? endpoint, reason: `it cannot be read now (${errno})` });
      if (slot === undefined) return false;
      if (inOrder || ofMachine.has(errno) || unreadable.length >= mostUnreadable) {
        readers.giveBack(endpoint, slot);
        return false;
      }
      unreadable.push({ endpoint, slot, since: now() });
      return true;
    }
  }

  function claimFromInbox(endpoint: string, claim: Mutable<Claim>): boolean {
    const file = inbox.take(endpoint);
    if (file === undefined) return false;
    const { event, stat, path } = file;
    const delivery = {
      event,
      endpoint,
      attempts: 0,
      acceptedAt: acceptedAt({ id: event.id, stat, now: now() }),
    };
    const name = path.slice(path.lastIndexOf('/') + 1);
    slots.set(delivery, { room: 'incoming', directory: 'incoming', name, attempts: 0, id: event.id });
    claim.deliveries.push(delivery);
    return true;
  }

  /** Whether the file of a delivery is the one that was read; another one in `incoming/` is taken in later. */
  function isAsRead({ room, name }: Slot): boolean {
    if (room !== 'incoming') return true;
    const file = inbox.find(name)?.file;
    return file !== undefined && isUnchanged(disk, file);
  }

  function forget(endpoint: string, slot: Slot): void {
    if (slot.room !== 'incoming') {
      readers.forget(endpoint, slot);
      return;
    }
    inbox.forget(slot.name);
    intake.freed(slot.name);
    if (inbox.count(endpoint) === 0 && !readers.isOwing(endpoint)) health.forget(endpoint);
  }

  function giveBack(endpoint: string, slot: Slot): void {
    if (slot.room === 'incoming') inbox.giveBack(slot.name);
    else readers.giveBack(endpoint, slot);
  }

  function giveBackPassedOver(): void {
    for (const { endpoint, slot } of passedOver.splice(0)) readers.giveBack(endpoint, slot);
    // The clock may have been set back since.
    const isOver = ({ since }: { since: number }) => Math.abs(now() - since) >= unreadableMs;
    const readAgain = unreadable.filter(isOver);
    if (readAgain.length === 0) return;
    unreadable.splice(0, Infinity, ...unreadable.filter((each) => !isOver(each)));
    for (const { endpoint, slot } of readAgain) readers.giveBack(endpoint, slot);
  }

  function claimSlot(endpoint: string, slot: Slot, claim: Mutable<Claim>): void {
    const path = files.pathOf(slot);
    if (!recent.has(slot) && intake.isHalfDone(path.slice(path.lastIndexOf('/') + 1), path)) {
      readers.putOff(endpoint, slot);
      passedOver.push({ endpoint, slot });
      return;
    }
    const found = reader.read(slot);
    if (found.kind === 'unreadable') {
      const moved = files.putAside(slot, found);
      if (moved !== undefined) claim.quarantined.push(moved);
    }
    if (found.kind !== 'read') {
      readers.forget(endpoint, slot);
      return;
    }
    const { event, acceptedAt } = found;
    const delivery = { event, endpoint, attempts: slot.attempts, acceptedAt };
    slots.set(delivery, slot);
    claim.deliveries.push(delivery);
  }

  function queueMark(endpoint: string): string | undefined {
    try {
      return readQueueMark(disk, root, { endpoint, now: now() });
    } catch (error) {
      ignoreErrno(error); // whoever claims is told of it
      return undefined;
    }
  }

  /** Whatever fails here, the next lease does again; it must not hide the error that a drain has ended with. */
  async function putInOrder(): Promise<void> {
    for (const work of [
      removeAll, // before what is left in `incoming/` is queued
      intake.placeRest,
      health.flush,
      answers.flush,
      sync.flush,
      readers.tidy,
      ballast.restore,
    ]) {
      try {
        await work();
      } catch (error) {
        ignoreErrno(error);
      }
    }
  }

  async function removeAll(): Promise<void> {
    for (const slot of unremoved.values()) {
      try {
        if (isAsRead(slot)) await files.remove(slot);
      } catch (error) {
        ignoreErrno(error);
      }
    }
  }

  function heldBy(delivery: Delivery): Slot {
    const slot = slots.get(delivery);
    if (slot === undefined) throw new Error('a delivery is settled once, by the lease that claimed it');
    return slot;
  }

  function slotOf(delivery: Delivery): Slot {
    const slot = heldBy(delivery);
    slots.delete(delivery);
    return slot;
  }

  return {
    async fanOut(route, nobody = () => 'nobody is registered for it', canSendNow) {
      const taking = intake.step({ route, nobody, canSendNow });
      fanningOut = taking.then(
        () => {},
        () => {
          hasMissed = true; // told to whoever asked for it
        },
      );
      const step = await taking;
      if (hasMissed) readers.reload();
      hasMissed = false;
      giveBackPassedOver();
      readers.lookAtGrowing();
      // What was delivered leaves directories, which others need now.
      if (step.lacksRoom) await readers.tidy();
      else ballast.refill();
      return { ...step, quarantined: [...untold.splice(0), ...step.quarantined] };
    },
    expireUnclaimed: ({ keepMs }) => expireUnclaimed(disk, root, { keepMs, now: now() }),
    unclaimedReports: async () => readUnclaimedReports(disk, root),
    async saveUnclaimedReports(reports) {
      saveUnclaimedReports(disk, root, { reports, token });
    },
    ready: (due) => [...new Set([...readers.ready(due), ...inbox.ready()])],
    unqueued: inbox.waiting,
    async claim(endpoint, { limit, ...options }) {
      for (let step: unknown; step !== fanningOut; ) {
        step = fanningOut;
        await step; // and the next one may have begun meanwhile
      }
      const claim: Mutable<Claim> = { deliveries: [], quarantined: [], postponed: [], goesOn: true };
      const found = () => claim.deliveries.length + claim.quarantined.length + claim.postponed.length;
      while (claim.goesOn && found() < limit) claim.goesOn = claimNext(endpoint, options, claim);
      return claim;
    },
    async done(delivery) {
      const slot = heldBy(delivery);
      const place = `${slot.directory}/${slot.name}`;
      unremoved.set(place, slot);
      sync.check();
      slots.delete(delivery);
      if (delivery.attempts > 0) answers.drop(delivery.endpoint, delivery.event.id);
      if (isAsRead(slot)) await files.remove(slot);
      unremoved.delete(place);
      forget(delivery.endpoint, slot);
    },
    async defer(delivery, { dueMs, attempts, answer }) {
      sync.check();
      const slot = slotOf(delivery);
      const { endpoint, event, acceptedAt } = delivery;
      const name = retryName({ dueMs, attempts, id: event.id });
      const moved = isAsRead(slot) && files.moveToRetry(slot, { event, endpoint, name, acceptedAt });
      if (moved) readers.deferred(endpoint, name); // before anything makes the reader look, and find it
      forget(endpoint, slot);
      if (answer !== undefined) answers.keep(endpoint, answer);
    },
    async bury(delivery, why) {
      sync.check();
      const slot = slotOf(delivery);
      const { endpoint, event } = delivery;
      const answer = why.answer ?? (delivery.attempts > 0 ? answers.of(endpoint, event.id) : undefined);
      if (!isAsRead(slot)) {
        forget(endpoint, slot);
        return;
      }
      const bytes = files.moveToDead(slot, {
        event,
        endpoint,
        why: answer === undefined ? why : { ...why, answer },
      });
      forget(endpoint, slot);
      if (delivery.attempts > 0) answers.drop(endpoint, event.id);
      if (answer !== undefined) answers.buried(`dead/${endpoint}/${event.id}.why.json`, bytes);
    },
    release(delivery) {
      giveBack(delivery.endpoint, slotOf(delivery));
    },
    hold(delivery) {
      const slot = slotOf(delivery);
      if (slot.room === 'incoming') inbox.giveBack(slot.name);
      else readers.hold(delivery.endpoint, slot);
    },
    holdAll: (endpoint, mark) => queueMark(endpoint) === mark && readers.holdAll(endpoint),
    queueMark,
    resume: readers.resume,
    onHold: readers.onHold,
    noteAnswer: answers.note,
    health: (endpoint) => health.get(endpoint),
    async saveHealth(endpoint: string, next: Health, options) {
      health.set(endpoint, next, options);
    },
    nextDue: readers.nextDue,
    owing: () => [...new Set([...readers.owing(), ...inbox.owing()])],
    waiting: async () => Math.max(countIncoming(disk, root) - intake.immovable() - inbox.size(), 0),
    owed: async (endpoint) => readers.owed(endpoint) + inbox.count(endpoint),
    async discard(request) {
      if (!walks.has(request)) await intake.placeRest();
      const isSent = (name: string) => inbox.find(name) !== undefined;
      const moving = { files, late };
      const tools = { reader, texts, moving, isClaimed: readers.isOut, isSent, sent: inbox.handedOut };
      const walk = walks.get(request) ?? discardAll(disk, root, { request, tools });
      walks.set(request, walk);
      try {
        const step = await takeStep(walk, late);
        if (step.isDone) readers.reload(request.endpoints);
        return { ...step, quarantined: untold.splice(0) };
      } catch (error) {
        readers.reload(request.endpoints);
        throw error;
      }
    },
    requests: () => readRequests(disk, root, { now: now(), onCorrupt: (entry) => untold.push(entry) }),
    noteProgress: (id) => noteProgress(disk, root, { id, nowMs: now() }),
    finishRequest: (id) => removeRequest(disk, root, id),
    onHint: (hint) => watchIncoming(root, hint),
    valid: () => lock.valid(),
    async close() {
      try {
        if (lock.valid()) await putInOrder();
      } finally {
        health.cancel();
        answers.cancel();
        sync.cancel();
        intake.close();
        texts.close();
        marks.close();
        await lock.release();
      }
    },
  };
}

/** How long a step of moving to the dead may take, in ms: others are waiting to be sent to. */
const stepMs = 30;

/** Walks on for a bounded time; what it has moved is durable when this resolves, or rejects for another reason. */
async function takeStep(walk: Iterator<Found>, late: LateSyncs): Promise<Omit<Discarded, 'quarantined'>> {
  try {
    return walkOn(walk, stepMs);
  } finally {
    await late.flush();
  }
}

function walkOn(walk: Iterator<Found>, ms: number): Omit<Discarded, 'quarantined'> {
  const entries: DiscardedEntry[] = [];
  const claimed: string[] = [];
  const until = monotonicMs() + ms;
  for (;;) {
    const { value, done } = walk.next();
    if (done) return { entries, claimed, isDone: true };
    if (value.entry !== undefined) entries.push(value.entry);
    if (value.claimed !== undefined) claimed.push(value.claimed);
    if (monotonicMs() > until) return { entries, claimed, isDone: false };
  }
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
