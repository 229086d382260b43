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
import { headerOf } from './delivery-file.js';
import type { Disk } from './disk.js';
import { type IncomingScan, scanIncoming } from './incoming.js';
import { putAside } from './put-aside.js';
import type { QueueWriter, Source } from './queue-writer.js';
import { readEntry } from './read-entry.js';
import { splitBatch } from './split-batch.js';
import { removeIfThere, syncDirectory } from './write-file.js';

/** One step takes in so many events, or so long (ms), at most. */
const stepEvents = 256;
const stepMs = 50;

/** One step holds payloads of so many bytes at most, and one event. */
const stepBytes = 16 << 20;

export interface Intake {
  /** Takes in the next events. */
  step(route: Route): Promise<FanOut>;
  /** Whether everything in `incoming/` has been taken in, so that no intake is half done. */
  caughtUp(): boolean;
}

export interface IntakeOptions {
  writer: QueueWriter;
  /** ms since the epoch. */
  now(): number;
  /** Ten random bytes. */
  random(): Uint8Array;
  /** Told of each delivery, once it may be sent; `there`: it was in the queue already, from an intake cut short. */
  onQueued(queued: Queued): void;
}

/** A delivery that has just become one. */
export interface Queued {
  endpoint: string;
  segment: string;
  name: string;
  kind: 'put' | 'there';
}

interface Step {
  sources: Array<{ source: Source; header: EventHeader }>;
  corrupt: Corrupt[];
  bytes: number;
  renamed: boolean;
}

/** @throws from `step`: the errno of what failed for all, such as an fsync; what fails for one entry is put into `unread` */
export function createIntake(disk: Disk, root: string, options: IntakeOptions): Intake {
  /** Names that are waiting, as of the last listing. */
  let names: string[] = [];
  /** Whether there were more than that listing could hold. */
  let beyond = false;
  /** Entries that could not be read just now; they stay, and are tried again in the next pass. */
  const unread = new Map<string, Corrupt>();

  let caughtUp = false;

  async function step(route: Route): Promise<FanOut> {
    const done: Step = { sources: [], corrupt: [], bytes: 0, renamed: false };
    caughtUp = false; // whatever fails from here on leaves an intake half done
    if (names.length === 0) {
      unread.clear();
      const scan = scanIncoming(disk, root);
      for (const name of scan.odd) setOddAside(name, done);
      ({ names, more: beyond } = await takeBatches(scan, done));
    }
    readSome(done);
    const more = beyond || names.length > 0;
    if (done.renamed) syncDirectory(disk, `${root}/incoming`);
    const result = fanOut(done, route);
    caughtUp = !more && unread.size === 0;
    return { ...result, more, unread: [...unread.values()] };
  }

  function readSome(done: Step): void {
    const deadline = options.now() + stepMs;
    let taken = 0;
    for (const name of names.slice(0, stepEvents)) {
      if (taken > 0 && (done.bytes >= stepBytes || options.now() >= deadline)) break;
      readOne(name, done);
      taken += 1;
    }
    names.splice(0, taken);
  }

  /** Splits the batches among the names; returns the names of single events, those just made included. */
  async function takeBatches(found: IncomingScan, done: Step): Promise<Pick<IncomingScan, 'names' | 'more'>> {
    const batches = found.names.filter((name) => name.endsWith('.jsonl'));
    if (batches.length === 0) return found;
    for (const name of batches) {
      try {
        const split = await splitBatch(disk, root, { name, now: options.now(), random: options.random });
        if (!split.ok) setAside(done, `${root}/incoming/${split.name}`, split.reason);
      } catch (error) {
        keepForLater(name, error);
      }
    }
    const { names, more } = scanIncoming(disk, root);
    const whole = new Set(
      names.filter((name) => name.endsWith('.jsonl')).map((name) => name.slice(0, -'.jsonl'.length)),
    );
    // Events of a batch that is still there are not all there yet.
    const single = names.filter(
      (name) => !name.endsWith('.jsonl') && !whole.has(name.slice(0, name.lastIndexOf('_'))),
    );
    return { names: single, more };
  }

  function readOne(name: string, done: Step): void {
    attempt(name, () => {
      const path = `${root}/incoming/${name}`;
      const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
      if (found.kind === 'gone') return;
      if (found.kind === 'unreadable') return setAside(done, path, found.reason);
      if (!name.endsWith('.json'))
        return setAside(done, path, "its name does not end in '.json' or '.jsonl'");
      const parsed = parseEvent(found.bytes);
      if (!parsed.ok) return setAside(done, path, parsed.reason);
      const stem = name.slice(0, -'.json'.length);
      const id = parsed.id ?? (isGeneratedId(stem) ? stem : createEventId(options.now(), options.random()));
      const named = id === stem ? path : rename(path, id, done);
      if (named === undefined) return setAside(done, path, `another event with the id ${id} is waiting`);
      const header = headerOf(parsed, { id, stat: found.stat });
      done.sources.push({ source: { id, path: named, bytes: found.bytes, stat: found.stat }, header });
      done.bytes += found.bytes.length;
    });
  }

  /** An error of one entry must not stop the others: it stays where it is. */
  function attempt(name: string, work: () => void): void {
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

  /** The event's file gets its id for a name before anything else, so that a crash cannot give it a second id. */
  function rename(path: string, id: string, done: Step): string | undefined {
    const named = `${root}/incoming/${id}.json`;
    if (disk.lstatSync(named, { throwIfNoEntry: false })) return undefined;
    disk.renameSync(path, named);
    done.renamed = true;
    return named;
  }

  function setAside(done: Step, path: string, reason: string): void {
    const moved = putAside(disk, root, { path, name: path.slice(path.lastIndexOf('/') + 1), reason });
    if (moved !== undefined) done.corrupt.push(moved);
  }

  function setOddAside(raw: Buffer, done: Step): void {
    const name = `not-utf8-${raw.subarray(-32).toString('hex')}`;
    attempt(name, () => {
      const path = Buffer.concat([Buffer.from(`${root}/incoming/`), raw]);
      const moved = putAside(disk, root, { path, name, reason: 'its name is not UTF-8' });
      if (moved !== undefined) done.corrupt.push(moved);
    });
  }

  function fanOut(done: Step, route: Route): Omit<FanOut, 'more' | 'unread'> {
    const queued: Queued[] = [];
    const finished: Source[] = [];
    const noReceivers: EventHeader[] = [];
    for (const { source, header } of done.sources) {
      attempt(`${source.id}.json`, () => {
        const endpoints = route(header);
        const puts = putAll(source, endpoints);
        if (puts === 'conflict') {
          return setAside(done, source.path, `another event with the id ${source.id} is queued`);
        }
        queued.push(...puts);
        finished.push(source);
        if (endpoints.length === 0) noReceivers.push(header);
      });
    }
    options.writer.sync();
    for (const { path } of finished) removeIfThere(disk, path);
    if (finished.length > 0) syncDirectory(disk, `${root}/incoming`);
    for (const each of queued) options.onQueued(each);
    const deliveries = queued.filter(({ kind }) => kind === 'put').length;
    return { events: finished.length, deliveries, noReceivers, corrupt: done.corrupt };
  }

  /** Puts the event into every queue, or into none. */
  function putAll(source: Source, endpoints: readonly string[]): Queued[] | 'conflict' {
    const queued: Queued[] = [];
    try {
      for (const endpoint of endpoints) {
        const put = options.writer.put(endpoint, source);
        if (put.kind === 'conflict') {
          undo(queued);
          return 'conflict';
        }
        queued.push({ endpoint, segment: put.segment, name: `${source.id}.json`, kind: put.kind });
      }
      return queued;
    } catch (error) {
      undo(queued);
      throw error;
    }
  }

  function undo(queued: readonly Queued[]): void {
    for (const { endpoint, segment, name, kind } of queued) {
      if (kind === 'put') removeIfThere(disk, `${root}/queue/${endpoint}/${segment}/${name}`);
    }
  }

  return { step, caughtUp: () => caughtUp };
}
