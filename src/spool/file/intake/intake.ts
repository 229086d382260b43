/**
 * Intake: each accepted event is put into the queue of every endpoint it goes
 * to. Only when all of that is durable is it gone from `incoming/`, and only
 * when that is durable too may it be sent: so a crash at any point repeats the
 * intake, and never a delivery.
 */
import { setImmediate } from 'node:timers/promises';
import type { EventHeader } from '../../../event/event.js';
import { isGeneratedId } from '../../../event/event-id.js';
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { errnoOf, ignoreErrno } from '../../../shared/errors.js';
import { monotonicMs } from '../../../shared/monotonic.js';
import type {
  Changing,
  EntryProblem,
  FanOut,
  Nobody,
  Route,
  Unclaimed,
  UnclaimedReason,
} from '../../spool.js';
import type { BatchFile, EventFile } from '../batch/accepted-file.js';
import { acceptedAt, headerOf } from '../batch/delivery-file.js';
import { type Disk, W_OK } from '../disk/disk.js';
import { putAside, type RawPath } from '../disk/put-aside.js';
import { type EntryStat, readEntry } from '../disk/read-entry.js';
import { createStillness } from '../disk/stillness.js';
import { removeIfThere, syncDirectory } from '../disk/write-file.js';
import { isOurs } from '../placing/place-file.js';
import { queueEvent, takeBack } from '../placing/queue-event.js';
import type { QueueWriter } from '../placing/queue-writer.js';
import type { Queued } from '../placing/queued.js';
import { isFull } from '../setup/ballast.js';
import { type KeptUnclaimed, keepUnclaimed } from '../unclaimed/unclaimed.js';
import { createBatchCheck } from './batch-check.js';
import { settleName } from './claim-name.js';
import { createIdMaker } from './id-maker.js';
import type { InboxDeliveries } from './inbox-deliveries.js';
import { scanIncoming } from './incoming.js';
import { createLaterEntries } from './postponed-entries.js';
import { removeCopied } from './taken-batch.js';

/** One step reads so many entries, or for so long (ms), at most; and it puts them into queues for so long at a time. */
const stepEntries = 256;
const stepMs = 50;

/** What was accepted so long ago, in ms, was not just fired. */
const lateMs = 3_600_000;

/** One step holds payloads of so many bytes at most, and one event. */
const stepBytes = 16 << 20;

/** An entry that there was no room for is tried again after this long, in ms; of this many it is told. */
const roomAgainMs = 250;
const mostLacking = 16;

/** So many of them are remembered. */
const maxLacking = 65_536;

/** What says that an entry cannot be moved by this user: it is a mount, or a directory of somebody else's. */
const immovableErrnos: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EBUSY', 'EXDEV']);

export interface Intake {
  /** Takes in the next events. */
  step(routing: IntakeRouting): Promise<FanOut>;
  /** Whether a delivery comes from an entry, of that name, that may have to be taken in again: it must wait for that. */
  isHalfDone(name: string, path: string): boolean;
  /** How many entries are no events and cannot be put aside, as of the last pass through all of them. */
  immovable(): number;
  /** Puts what was to be sent from `incoming/`, and is not taken, into queues. @throws as `step` */
  placeRest(): Promise<void>;
  /** A file has left `incoming/`: another entry may have waited for its name. */
  freed(name: string): void;
  /** Lets go of what is half checked. */
  close(): void;
}

/** Who gets an event, and what is said where nobody does. */
export interface IntakeRouting {
  route: Route;
  nobody: Nobody;
  /** Whether an endpoint can be sent to immediately; default: none. */
  canSendNow?: ((endpoint: string) => boolean) | undefined;
}

export interface IntakeOptions {
  writer: QueueWriter;
  inbox: InboxDeliveries;
  /** Whether anything is queued for an endpoint, which comes before what is in `incoming/`. */
  isOwing(endpoint: string): boolean;
  /** ms since the epoch. */
  now(): number;
  /** Ten random bytes. */
  random(): Uint8Array;
  /** A name for a temporary file, unique. */
  token(): string;
  /** How long an entry must be still before it is put aside, in ms. */
  stillMs: number;
  /** So many names are listed at a time; default 65,536. */
  listed?: number | undefined;
  /** Told of each delivery, once it may be sent; `there`: it was in the queue already, from an intake cut short. */
  onQueued(queued: Queued, file: EventFile | BatchFile): void;
  /** Told that a delivery of an entry that was not taken in may be in a queue all the same. */
  onStray(): void;
}

interface Step {
  files: Array<EventFile | BatchFile>;
  quarantined: EntryProblem[];
  bytes: number;
  checked: number;
  renamed: boolean;
  /** Whether an event was left for the next step, because its file was replaced meanwhile. */
  left: boolean;
  /** Entries that there was no room for. */
  lacking: string[];
}

/** What was put into its queues, or set apart. */
interface Finished {
  file: EventFile | BatchFile;
  queued: Queued[];
  /** Whether it has left `incoming/` by that. */
  isMoved: boolean;
  unclaimed?: Unclaimed;
}

/** @throws from `step`: the errno of what failed for all, such as an fsync; what fails for one entry is put into `postponed` */
export function createIntake(disk: Disk, root: string, options: IntakeOptions): Intake {
  const incoming = `${root}/incoming`;
  const { inbox } = options;
  const nextId = createIdMaker(options);
  const stillness = createStillness(disk, options);
  const check = createBatchCheck(disk, root, { token: options.token, nextId, stillness });
  /** Names that are waiting, as of the last listing: of single events, and of batches. */
  let names: string[] = [];
  let batches: string[] = [];
  /** The last name of that listing, if there were more than it could hold: the next one goes on behind it. */
  let beyond: string | undefined;
  /** Whether an entry was left since the first listing, to be looked at again. */
  let isLeft = false;
  /** As of the last pass through all entries. */
  let immovable = 0;
  const later = createLaterEntries(disk, root);
  /** Entries that there was no room for in this pass, with the errno; and since when none was taken in, monotonic ms. */
  const lacking = new Map<string, string>();
  let roomSince = monotonicMs();
  /** Entries whose id an event has that is being sent from `incoming/`, with that id. */
  const behindSent = new Map<string, string>();
  /** Whether something was removed from `incoming/` that may not be gone for good. */
  let removed = false;
  /** Whether a copied batch was taken out of `incoming/` that may come back from `tmp/`. */
  let hasTaken = false;
  let caughtUp = false;
  /** Whether the last step has left a batch half checked: then single events have their turn. */
  let isHalfChecked = false;

  async function step(routing: IntakeRouting): Promise<FanOut> {
    const done = emptyStep();
    caughtUp = false; // whatever fails from here on leaves an intake half done
    try {
      await placeRest();
      if (names.length + batches.length === 0) {
        later.clear({ isBeginning: beyond === undefined });
        if (beyond === undefined) {
          lacking.clear();
          behindSent.clear();
          isLeft = false;
        }
        list(done);
      } else if (isHalfChecked && names.length === 0) list(done);
      if (isBatchNext()) await checkSome(done);
      else readSome(done);
      if (done.renamed) syncDirectory(disk, incoming);
      const result = await fanOut(done, routing);
      isLeft ||= done.left;
      const goesOn = beyond !== undefined || names.length + batches.length > 0;
      if (!goesOn) immovable = later.immovable();
      const more = goesOn || isLeft;
      const postponed = later.news({ isEnd: names.length + batches.length === 0 });
      if (done.lacking.length === 0 || result.events > 0) roomSince = monotonicMs();
      const changing = [...stillness.all(), ...lackingRoom(), ...waitingForSent()];
      caughtUp = !more && later.isEmpty() && changing.length === 0;
      const lacksRoom = done.lacking.length > 0;
      return { ...result, more, postponed, immovable: later.immovableNews(), changing, lacksRoom };
    } catch (error) {
      [names, batches] = [[], []]; // what it has put must be taken in again
      throw error;
    }
  }

  /** Lists what can be taken in now, without what has failed in this pass. */
  function list(done: Step): void {
    const after = beyond ?? '';
    const scan = scanIncoming(disk, root, { after, limit: options.listed });
    if (after === '') for (const name of scan.odd) setOddAside(name, done);
    const found = scan.names.filter(mayBeTakenIn);
    beyond = scan.more ? scan.names.at(-1) : undefined;
    stillness.keepOnly(() => [...scan.names, ...scan.odd.map(nameOfOdd)], { after, upTo: beyond });
    const halfChecked = isHalfChecked ? batches.slice(0, 1) : [];
    batches = found.filter((name) => name.endsWith('.jsonl') && !halfChecked.includes(name));
    batches.unshift(...halfChecked);
    names = batches.length === 0 ? found : found.filter((name) => !name.endsWith('.jsonl'));
  }

  function mayBeTakenIn(name: string): boolean {
    return !later.has(name) && !lacking.has(name) && !behindSent.has(name) && inbox.find(name) === undefined;
  }

  /** In the order of their names; while a large batch is checked, by turns. */
  function isBatchNext(): boolean {
    const [batch] = batches;
    const [name] = names;
    if (batch === undefined || name === undefined) return batch !== undefined;
    return !isHalfChecked && batch < name;
  }

  /** Checks batches for a slice of time. */
  async function checkSome(done: Step): Promise<void> {
    const deadline = options.now() + stepMs;
    const mayGoOn = () => options.now() < deadline;
    do {
      const name = batches[0] as string;
      try {
        if (!(await checkOne(name, { done, mayGoOn }))) return;
      } catch (error) {
        keepForLater(done, name, error);
        batches = batches.filter((each) => each !== name);
      }
      isHalfChecked = false;
      done.checked += 1;
    } while (isBatchNext() && mayGoOn() && done.files.length < stepEntries);
  }

  /** Goes on with a batch; false if there is more of it to check. */
  async function checkOne(
    name: string,
    { done, mayGoOn }: { done: Step; mayGoOn: () => boolean },
  ): Promise<boolean> {
    if (!isHalfChecked && !stillness.isDue(name, `${incoming}/${name}`)) {
      batches = batches.filter((each) => each !== name);
      return true;
    }
    const result = await check.step(name, mayGoOn);
    isHalfChecked = result.kind === 'more';
    done.checked += 1;
    if (isHalfChecked) return false;
    batches = batches.filter((each) => each !== name);
    if (result.kind === 'changing') done.left = true; // it may be whole now
    if (result.kind === 'taken') later.keepTaken(name, { id: result.id, by: `${result.id}.jsonl` });
    if (result.kind === 'unfit') setAside(done, `${incoming}/${name}`, result.reason);
    if (result.kind === 'good') {
      const { batch } = result;
      batches = batches.filter((each) => `${incoming}/${each}` !== batch.path);
      noteLate(batch.source, { id: batch.header.id, stat: batch.stat });
      done.files.push(batch);
    }
    return true;
  }

  function readSome(done: Step): void {
    isHalfChecked = false;
    const deadline = options.now() + stepMs;
    const [batch] = batches;
    let taken = 0;
    for (const name of names.slice(0, stepEntries)) {
      const isOver =
        done.bytes >= stepBytes || (batch !== undefined && batch < name) || options.now() >= deadline;
      if (taken > 0 && isOver) break;
      keepOnError(done, name, () => readOne(name, done));
      taken += 1;
    }
    names.splice(0, taken);
  }

  function readOne(name: string, done: Step): undefined {
    const path = `${incoming}/${name}`;
    if (!stillness.isDue(name, path)) return;
    const startedAt = monotonicMs();
    const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
    if (found.kind === 'gone') return;
    if (found.kind === 'unreadable') return setAside(done, path, found.reason);
    if (!name.endsWith('.json')) return setAside(done, path, "its name does not end in '.json' or '.jsonl'");
    const parsed = parseEvent(found.bytes);
    if (!parsed.ok) return setAside(done, path, parsed.reason, monotonicMs() - startedAt);
    stillness.forget(name);
    const stem = name.slice(0, -'.json'.length);
    const chosen = parsed.id ?? (isGeneratedId(stem) ? stem : undefined);
    const id = chosen ?? nextId();
    if (id !== stem) {
      const to = `${incoming}/${id}.json`;
      if (settleName(disk, path, { to, isNew: chosen === undefined }) === 'taken') {
        if (inbox.find(`${id}.json`) === undefined) return later.keepTaken(name, { id, by: `${id}.json` });
        behindSent.set(name, id);
        return;
      }
      done.renamed = true;
    }
    const { bytes } = found;
    const stat = noteLate(`${incoming}/${id}.json`, { id, stat: found.stat });
    const event = { ...headerOf(parsed, { id, stat }), payload: parsed.payload };
    done.files.push({ path: `${incoming}/${id}.json`, bytes, stat, event });
    done.bytes += bytes.length;
  }

  /** Until it is given up an event has its time from now on, however long ago it was fired, or by a clock that was ahead. */
  function noteLate(path: string, { id, stat }: { id: string; stat: EntryStat }): EntryStat {
    const now = options.now();
    const at = acceptedAt({ id, stat, now });
    const isAhead = at === now && stat.mtimeMs >= now + lateMs;
    if ((now - at < lateMs && !isAhead) || !isOurs(stat)) return stat;
    try {
      disk.utimesSync(path, now / 1000, now / 1000);
      return { ...stat, mtimeMs: now };
    } catch (error) {
      ignoreErrno(error); // then it may be given up earlier
      return stat;
    }
  }

  /** An error of one entry must not stop the others: it stays where it is. */
  function keepOnError(done: Step, name: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      keepForLater(done, name, error);
    }
  }

  /** One that there is no room for is tried again soon: what is delivered meanwhile makes room. */
  function keepForLater(done: Step, name: string, error: unknown): void {
    if (!isFull(error)) {
      later.keep(name, error);
      return;
    }
    if (lacking.size < maxLacking) lacking.set(name, errnoOf(error) ?? '');
    done.lacking.push(name);
  }

  /** Those that there was no room for since the last one that was taken in. */
  function lackingRoom(): Changing[] {
    const watchedMs = monotonicMs() - roomSince;
    return [...lacking].slice(0, mostLacking).map(([name, errno]) => {
      return { name, reason: `there is no room to take it in (${errno})`, watchedMs, againMs: roomAgainMs };
    });
  }

  /** Those whose id another event has that is being sent from `incoming/`. */
  function waitingForSent(): Changing[] {
    return [...behindSent].map(([name, id]) => {
      const reason = `another event with the id ${id} is being sent`;
      return { name, reason, watchedMs: 0, againMs: roomAgainMs };
    });
  }

  /** Another program may still be writing it: then it is left for now. */
  function setAside(done: Step, path: string, reason: string, readMs = 0): undefined {
    const name = path.slice(incoming.length + 1);
    if (stillness.isStill(name, { path, reason, readMs })) moveAside(done, { path, name, reason });
  }

  function moveAside(done: Step, entry: { path: RawPath; name: string; reason: string }): void {
    try {
      const moved = putAside(disk, root, entry);
      if (moved !== undefined) done.quarantined.push(moved);
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      if (!immovableErrnos.has(errno)) throw error;
      const { name, reason } = entry;
      later.keepImmovable({ name, reason: `${reason}, and it cannot be moved to corrupt/ (${errno})` });
    }
  }

  function setOddAside(raw: Buffer, done: Step): void {
    const name = nameOfOdd(raw);
    if (later.has(name)) return;
    keepOnError(done, name, () => {
      const path = Buffer.concat([Buffer.from(`${incoming}/`), raw]);
      const reason = 'its name is not UTF-8';
      if (stillness.isStill(name, { path, reason })) moveAside(done, { path, name, reason });
    });
  }

  async function placeRest(): Promise<void> {
    const rest = inbox.takeRest();
    if (rest.length === 0) return;
    const endpoints = new Map(rest.map(({ endpoint, file }) => [file.event.id, [endpoint]]));
    const done: Step = { ...emptyStep(), files: rest.map(({ file }) => file) };
    await fanOut(done, { route: ({ id }) => endpoints.get(id) ?? [], nobody: () => undefined });
    isLeft ||= done.left;
  }

  /** Whether an event can stay in `incoming/` until it is sent. */
  function createStaying({
    canSendNow,
  }: IntakeRouting): (file: EventFile | BatchFile, endpoints: readonly string[]) => file is EventFile {
    const known = new Map<string, boolean>();
    const canLeave = canSendNow !== undefined && mayRemoveFrom(incoming);
    return (file, endpoints): file is EventFile => {
      const [endpoint] = endpoints;
      if (!canLeave || endpoint === undefined) return false;
      const canSend = known.get(endpoint) ?? (canSendNow?.(endpoint) === true && !options.isOwing(endpoint));
      const stays = canSend && endpoints.length === 1 && 'event' in file && isOurs(file.stat);
      const isAwaited = stays && later.isAwaited(nameOf(file));
      // What is queued now comes before what stays: the next ones are queued behind it.
      for (const each of endpoints) known.set(each, stays && !isAwaited);
      return stays && !isAwaited;
    };
  }

  /** Whether names can be taken out of a directory: what stays there after its delivery is sent again by the next drain. */
  function mayRemoveFrom(directory: string): boolean {
    try {
      disk.accessSync(directory, W_OK);
      return true;
    } catch (error) {
      ignoreErrno(error); // to queue it fails as well, and is reported
      return false;
    }
  }

  async function fanOut(
    done: Step,
    routing: IntakeRouting,
  ): Promise<Omit<FanOut, 'more' | 'postponed' | 'immovable' | 'changing' | 'lacksRoom'>> {
    const { route, nobody } = routing;
    const mayStay = createStaying(routing);
    let finished: Finished[] = [];
    let [events, deliveries] = [0, 0];
    const unknown: string[] = [];
    let putSince = monotonicMs();
    try {
      for (const file of done.files) {
        if (monotonicMs() - putSince >= stepMs) {
          await setImmediate(); // copies, or links for many endpoints, take long: answers and signals are heard in between
          putSince = monotonicMs();
        }
        const header = headerIn(file);
        const name = nameOf(file);
        try {
          const endpoints = route(header);
          if (endpoints === 'unknown') {
            later.keepUnknown(name);
            unknown.push(name);
          } else if (endpoints.length === 0) {
            const setApart = setUnclaimed(file, nobody(header));
            if (setApart === 'replaced') done.left = true;
            else {
              const unclaimed = { ...named(header), events: eventsIn(file), isKept: setApart !== 'dropped' };
              finished.push({ file, queued: [], isMoved: setApart === 'moved', unclaimed });
            }
          } else if (mayStay(file, endpoints)) {
            inbox.add({ endpoint: endpoints[0] as string, file });
            events += 1;
            deliveries += 1;
          } else {
            const queued = await queueEvent(disk, root, { ...options, file, endpoints });
            if (queued === 'conflict') later.keepConflict(name, header.id);
            else if (queued === 'replaced') done.left = true;
            else finished.push({ file, queued, isMoved: queued[0]?.kind === 'moved' });
          }
        } catch (error) {
          keepForLater(done, name, error);
        }
      }
      await options.writer.sync();
      if (finished.some(({ unclaimed }) => unclaimed?.isKept)) syncDirectory(disk, `${root}/unclaimed`);
      removed ||= finished.length > 0;
      finished = finished.filter((each) => removeTakenIn(each, done));
      if (removed) syncDirectory(disk, incoming);
      removed = false;
      if (hasTaken) syncDirectory(disk, `${root}/tmp`);
      hasTaken = false;
      for (const { file } of finished) free(nameOf(file));
    } finally {
      for (const file of done.files) if ('source' in file) check.release(file);
    }
    for (const { file, queued } of finished) {
      events += eventsIn(file);
      for (const each of queued) {
        options.onQueued(each, file);
        if (each.kind !== 'there') deliveries += eventsIn(file);
      }
    }
    const unclaimed = finished.flatMap((each) => each.unclaimed ?? []);
    const { quarantined, checked } = done;
    return { events, deliveries, unclaimed, unknown, quarantined, checked };
  }

  /** Another entry has waited for the name of one that was taken in: it is the next one. */
  function free(name: string): void {
    const next = later.free(name);
    if (next === undefined) return;
    if (next.endsWith('.jsonl')) batches.splice(isHalfChecked ? 1 : 0, 0, next);
    else names.unshift(next);
  }

  /** Nobody gets it: it is moved to `unclaimed/`, with the words that say why, or dropped where there are none. */
  function setUnclaimed(file: EventFile | BatchFile, message: string | undefined): KeptUnclaimed | 'dropped' {
    if (message === undefined) return 'dropped';
    const { hook } = headerIn(file);
    const why: Omit<UnclaimedReason, 'time'> = { reason: 'unclaimed', message, events: eventsIn(file) };
    if (hook !== undefined) why.hook = hook;
    return keepUnclaimed(disk, root, { file, why, since: options.now(), token: options.token });
  }

  /**
   * Takes out of `incoming/` what is in the queues. What somebody has moved over the file since it was read is another
   * event, which nobody has read yet. One that has grown since is not whole: what was put of it is taken back.
   * @returns whether its deliveries may be sent
   */
  function removeTakenIn({ file, queued, isMoved }: Finished, done: Step): boolean {
    if (isMoved || remove(file, queued)) return true;
    done.left = true;
    const { ino } = 'ino' in file ? file : file.stat;
    const isGrown = disk.lstatSync(file.path, { throwIfNoEntry: false })?.ino === ino;
    if (isGrown) takeBack(disk, root, { ...options, queued });
    return !isGrown;
  }

  /** False if it is not the file that was read any more, or not as large as then. */
  function remove(file: EventFile | BatchFile, queued: readonly Queued[]): boolean {
    const { path } = file;
    const read = 'ino' in file ? file : file.stat;
    const there = disk.lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined) return true;
    if (there.ino !== read.ino || there.size !== read.size) return false;
    if ('source' in file && isCopied(file, queued)) {
      hasTaken = true;
      return removeCopied(disk, root, { path, read, token: options.token() });
    }
    removeIfThere(disk, path);
    return true;
  }

  /** Whether a queue has another file than the one in `incoming/`: what is added to that one is not in the queue. */
  function isCopied({ source, path, ino }: BatchFile, queued: readonly Queued[]): boolean {
    if (source !== path || queued.length === 0) return true;
    const isOther = ({ endpoint, segment, name }: Queued) =>
      disk.lstatSync(`${root}/queue/${endpoint}/${segment}/${name}`, { throwIfNoEntry: false })?.ino !== ino;
    return queued.some(isOther);
  }

  return {
    step,
    isHalfDone: (name, path) => !caughtUp && later.isHalfDone(name, path),
    immovable: () => immovable,
    placeRest,
    freed: free,
    close: check.close,
  };
}

/** What a name that is not UTF-8 is called. */
function nameOfOdd(raw: Buffer): string {
  return `not-utf8-${raw.subarray(-32).toString('hex')}`;
}

function nameOf({ path }: EventFile | BatchFile): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function emptyStep(): Step {
  return { files: [], quarantined: [], bytes: 0, checked: 0, renamed: false, left: false, lacking: [] };
}

function headerIn(file: EventFile | BatchFile): EventHeader {
  if ('header' in file) return file.header;
  return file.event;
}

function eventsIn(file: EventFile | BatchFile): number {
  return 'count' in file ? file.count : 1;
}

function named({ id, hook }: EventHeader): { id: string; hook?: string } {
  return { id, hook };
}
