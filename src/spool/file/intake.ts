/**
 * Intake: each accepted event is linked into the queue of every endpoint it
 * goes to. Only when all those links are durable is it removed from
 * `incoming/`, and only when that is durable too may it be sent: so a crash at
 * any point repeats the intake, and never a delivery.
 */

import type { EventHeader } from '../../event/event.js';
import { createEventId, isGeneratedId } from '../../event/event-id.js';
import { maxEventFileBytes, parseEvent } from '../../event/record.js';
import { errnoOf } from '../../shared/errors.js';
import type { Corrupt, FanOut, Route } from '../spool.js';
import { type BatchSplitter, createBatchSplitter, type Slice } from './batch-splitter.js';
import { headerOf } from './delivery-file.js';
import type { Disk } from './disk.js';
import { scanIncoming } from './incoming.js';
import { putAside } from './put-aside.js';
import { type Queued, queueEvent } from './queue-event.js';
import type { EventFile, QueueWriter } from './queue-writer.js';
import { readEntry } from './read-entry.js';
import { sameEvent } from './same-event.js';
import { settleName } from './settle-name.js';
import { removeIfThere, syncDirectory } from './write-file.js';

/** One step takes in so many events, or so long (ms), at most; and splits as much of a batch. */
const stepEvents = 256;
const stepMs = 50;

/** One step holds payloads of so many bytes at most, and one event. */
const stepBytes = 16 << 20;

/** An event of a batch, if there is a batch of the name before the number. */
const memberName = /^(.*)_\d+\.json$/;

export interface Intake {
  /** Takes in the next events. */
  step(route: Route): Promise<FanOut>;
  /** Whether a delivery, at `path`, comes from an event that may have to be taken in again: it must wait for that. */
  isHalfDone(name: string, path: string): boolean;
}

export interface IntakeOptions {
  writer: QueueWriter;
  /** ms since the epoch. */
  now(): number;
  /** Ten random bytes. */
  random(): Uint8Array;
  /** A name for a temporary file, unique. */
  token(): string;
  /** Told of each delivery, once it may be sent; `there`: it was in the queue already, from an intake cut short. */
  onQueued(queued: Queued): void;
}

interface Step {
  sources: Array<{ file: EventFile; header: EventHeader }>;
  corrupt: Corrupt[];
  bytes: number;
  split: number;
  renamed: boolean;
  /** Whether an event was left for the next step, because its file was replaced meanwhile. */
  left: boolean;
}

/** @throws from `step`: the errno of what failed for all, such as an fsync; what fails for one entry is put into `unread` */
export function createIntake(disk: Disk, root: string, options: IntakeOptions): Intake {
  const incoming = `${root}/incoming`;
  const splitter: BatchSplitter = createBatchSplitter(disk, root, options);
  /** Names that are waiting, as of the last listing. */
  let names: string[] = [];
  /** Batches that are waiting, as of the last listing. */
  let batches: string[] = [];
  /** Whether there were more than that listing could hold. */
  let beyond = false;
  /** Entries that could not be taken in just now; they stay, and are tried again in the next pass. */
  const unread = new Map<string, Corrupt>();
  /** Those among them whose id another event has, which is still queued; in lower case, as some file systems see them. */
  const conflicting = new Set<string>();

  /** Whether something was removed from `incoming/` that may not be gone for good. */
  let removed = false;

  let caughtUp = false;

  async function step(route: Route): Promise<FanOut> {
    const done: Step = { sources: [], corrupt: [], bytes: 0, split: 0, renamed: false, left: false };
    caughtUp = false; // whatever fails from here on leaves an intake half done
    if (names.length + batches.length === 0) {
      unread.clear();
      conflicting.clear();
      list(done);
    }
    if (await splitSome(done)) list(done);
    readSome(done);
    if (done.renamed) syncDirectory(disk, incoming);
    const result = await fanOut(done, route);
    const more = beyond || done.left || names.length + batches.length > 0;
    caughtUp = !more && unread.size === 0;
    return { ...result, more, unread: [...unread.values()] };
  }

  /** Lists what can be taken in now: neither what has failed in this pass, nor events of a batch that is not wholly split. */
  function list(done: Step): void {
    const scan = scanIncoming(disk, root);
    for (const name of scan.odd) setOddAside(name, done);
    const found = scan.names.filter((name) => name.endsWith('.jsonl'));
    const whole = new Set(found.map((name) => name.slice(0, -'.jsonl'.length)));
    batches = found.filter((name) => !unread.has(name));
    names = scan.names.filter(
      (name) => !name.endsWith('.jsonl') && !unread.has(name) && !whole.has(memberName.exec(name)?.[1] ?? ''),
    );
    beyond = scan.more;
  }

  /** Splits batches for a slice of time; returns whether there may be new single events. */
  async function splitSome(done: Step): Promise<boolean> {
    if (batches.length === 0) return false;
    const deadline = options.now() + stepMs;
    let spent = 0;
    const isOver = () => spent > 0 && (spent >= stepEvents || options.now() >= deadline);
    const slice: Slice = {
      take(cost) {
        if (isOver()) return false;
        spent += cost;
        done.split += 1;
        return true;
      },
    };
    let finished = false;
    while (batches.length > 0 && !isOver()) {
      if (await splitFirst(done, slice)) finished = true;
      spent += 1; // reading a batch takes its time, whatever comes of it
    }
    return finished;
  }

  /** Goes on with the first of the batches; returns whether it is out of the way, so that its events can be taken in. */
  async function splitFirst(done: Step, slice: Slice): Promise<boolean> {
    const name = batches[0] as string;
    try {
      const result = await splitter.step(name, slice);
      if (result.kind === 'more') return false;
      batches.shift();
      if (result.kind === 'renamed')
        batches = [result.name, ...batches.filter((each) => each !== result.name)];
      if (result.kind === 'unfit') setAside(done, `${incoming}/${name}`, result.reason);
      if (result.kind === 'later') unread.set(name, { name, reason: result.reason });
      return result.kind === 'done' || result.kind === 'unfit';
    } catch (error) {
      keepForLater(name, error);
      batches = batches.filter((each) => each !== name);
      return false;
    }
  }

  function readSome(done: Step): void {
    const deadline = options.now() + stepMs;
    let taken = 0;
    for (const name of names.slice(0, stepEvents)) {
      if (taken > 0 && (done.bytes >= stepBytes || options.now() >= deadline)) break;
      keepOnError(name, () => readOne(name, done));
      taken += 1;
    }
    names.splice(0, taken);
  }

  function readOne(name: string, done: Step): undefined {
    const path = `${incoming}/${name}`;
    const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
    if (found.kind === 'gone') return;
    if (found.kind === 'unreadable') return setAside(done, path, found.reason);
    if (!name.endsWith('.json')) return setAside(done, path, "its name does not end in '.json' or '.jsonl'");
    const parsed = parseEvent(found.bytes);
    if (!parsed.ok) return setAside(done, path, parsed.reason);
    const stem = name.slice(0, -'.json'.length);
    const chosen = parsed.id ?? (isGeneratedId(stem) ? stem : undefined);
    const id = chosen ?? createEventId(options.now(), options.random());
    if (id !== stem) {
      const to = `${incoming}/${id}.json`;
      if (settleName(disk, path, { to, isNew: chosen === undefined }) === 'taken')
        return keepConflict(name, id);
      done.renamed = true;
    }
    const file = { id, path: `${incoming}/${id}.json`, bytes: found.bytes, stat: found.stat };
    done.sources.push({ file, header: headerOf(parsed, { id, stat: found.stat }) });
    done.bytes += found.bytes.length;
  }

  /** An error of one entry must not stop the others: it stays where it is. */
  function keepOnError(name: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      keepForLater(name, error);
    }
  }

  function keepForLater(name: string, error: unknown): void {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    unread.set(name, { name, reason: `it cannot be taken in now (${errno})` });
  }

  /** It was accepted, so it is taken in as well, once the other one is out of the way. */
  function keepConflict(name: string, id: string): undefined {
    unread.set(name, { name, reason: `another event with the id ${id} is still queued` });
    conflicting.add(name.toLowerCase());
  }

  function setAside(done: Step, path: string, reason: string): undefined {
    const moved = putAside(disk, root, { path, name: path.slice(path.lastIndexOf('/') + 1), reason });
    if (moved !== undefined) done.corrupt.push(moved);
  }

  function setOddAside(raw: Buffer, done: Step): void {
    const name = `not-utf8-${raw.subarray(-32).toString('hex')}`;
    if (unread.has(name)) return;
    keepOnError(name, () => {
      const path = Buffer.concat([Buffer.from(`${incoming}/`), raw]);
      const moved = putAside(disk, root, { path, name, reason: 'its name is not UTF-8' });
      if (moved !== undefined) done.corrupt.push(moved);
    });
  }

  async function fanOut(done: Step, route: Route): Promise<Omit<FanOut, 'more' | 'unread'>> {
    const queued: Queued[] = [];
    const finished: EventFile[] = [];
    const noReceivers: EventHeader[] = [];
    for (const { file, header } of done.sources) {
      const name = `${file.id}.json`;
      try {
        const endpoints = route(header);
        const puts = await queueEvent(disk, root, { writer: options.writer, file, endpoints });
        if (puts === 'conflict') keepConflict(name, file.id);
        else if (puts === 'replaced') done.left = true;
        else {
          for (const put of puts) queued.push(put);
          finished.push(file);
          if (endpoints.length === 0) noReceivers.push(header);
        }
      } catch (error) {
        keepForLater(name, error);
      }
    }
    await options.writer.sync();
    removed ||= finished.length > 0;
    for (const file of finished) removeTakenIn(file, done);
    if (removed) syncDirectory(disk, incoming);
    removed = false;
    for (const each of queued) options.onQueued(each);
    const deliveries = queued.filter(({ kind }) => kind === 'put').length;
    const { corrupt, split } = done;
    return { events: finished.length, deliveries, noReceivers, corrupt, split };
  }

  /** What somebody has moved over the file since it was read is another event, which nobody has read yet. */
  function removeTakenIn({ path, stat }: EventFile, done: Step): void {
    const there = disk.lstatSync(path, { throwIfNoEntry: false });
    if (there?.ino === stat.ino) removeIfThere(disk, path);
    else if (there !== undefined) done.left = true;
  }

  function isHalfDone(name: string, path: string): boolean {
    const waiting = `${incoming}/${name}`;
    if (caughtUp || !disk.lstatSync(waiting, { throwIfNoEntry: false })) return false;
    // One that waits until another of its id is gone must not keep that one from going.
    return !conflicting.has(name.toLowerCase()) || holdsSameEvent(waiting, path);
  }

  function holdsSameEvent(a: string, b: string): boolean {
    const [one, other] = [a, b].map((path) => readEntry(disk, path, { maxBytes: maxEventFileBytes }));
    if (one?.kind !== 'read' || other?.kind !== 'read') return false;
    return sameEvent(parseEvent(one.bytes), parseEvent(other.bytes));
  }

  return { step, isHalfDone };
}
