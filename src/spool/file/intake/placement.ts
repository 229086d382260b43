/**
 * Places what a step has read: into the queue of each endpoint, or into
 * `unclaimed/`; or it stays in `incoming/`, to be sent from there. Only when
 * all of that is durable is it removed from `incoming/`.
 */
import { setImmediate } from 'node:timers/promises';
import { ignoreErrno } from '../../../shared/errors.js';
import { monotonicMs } from '../../../shared/monotonic.js';
import type { FanOut, Nobody, Route, Unclaimed, UnclaimedReason } from '../../spool.js';
import type { EventFile } from '../batch/accepted-file.js';
import { type Disk, W_OK } from '../disk/disk.js';
import { syncDirectory } from '../disk/write-file.js';
import type { InboxDeliveries } from '../incoming/inbox-deliveries.js';
import type { Listing } from '../incoming/listing.js';
import { isOurs } from '../placing/place-file.js';
import { queueEvent } from '../placing/queue-event.js';
import type { QueueWriter } from '../placing/queue-writer.js';
import type { Queued } from '../placing/queued.js';
import { type KeptUnclaimed, keepUnclaimed } from '../unclaimed/unclaimed.js';
import type { BatchCheck } from './batch-check.js';
import { createRemoval } from './removal.js';
import {
  type AcceptedFile,
  eventsIn,
  headerIn,
  maxStepMs,
  nameOf,
  postpone,
  type StayingEntries,
  type Step,
} from './step.js';

/** Who gets an event, and what is said where nobody does. */
export interface IntakeRouting {
  route: Route;
  nobody: Nobody;
  /** Whether an endpoint can be sent to immediately; default: none. */
  canSendNow?: ((endpoint: string) => boolean) | undefined;
}

export interface PlacementOptions {
  writer: QueueWriter;
  inbox: InboxDeliveries;
  listing: Listing;
  staying: StayingEntries;
  check: BatchCheck;
  /** ms since the epoch. */
  now(): number;
  /** A name for a temporary file, unique. */
  token(): string;
  /** Whether anything is queued for an endpoint, which goes before what is in `incoming/`. */
  isOwing(endpoint: string): boolean;
  /** Called with each delivery once it may be sent; `there`: it was in the queue already, from an intake cut short. */
  onQueued(queued: Queued, file: AcceptedFile): void;
  /** Called when a delivery of an entry that was not taken in may be in a queue all the same. */
  onStray(): void;
}

/** What placing a step's files has done. */
export type Placed = Pick<FanOut, 'events' | 'deliveries' | 'unclaimed' | 'unknown'>;

export interface Placement {
  /** Places the files of a step. @throws the errno of what failed for all, such as an fsync */
  place(step: Step, routing: IntakeRouting): Promise<Placed>;
  /** Gives the name of an entry that has left `incoming/` to the next one that waits for it. */
  free(name: string): void;
}

/** A file that was placed, and is to be removed from `incoming/`. */
interface PlacedFile {
  file: AcceptedFile;
  queued: Queued[];
  /** Whether it has left `incoming/` already. */
  isMoved: boolean;
  unclaimed?: Unclaimed;
}

/** What a step has placed so far. */
interface Placing extends Placed {
  unknown: string[];
  placed: PlacedFile[];
}

export function createPlacement(disk: Disk, root: string, options: PlacementOptions): Placement {
  const { writer, inbox, listing, staying, check } = options;
  const removal = createRemoval(disk, root, options);

  async function placeOne(
    file: AcceptedFile,
    endpoints: readonly string[],
    { step, placing, routing }: { step: Step; placing: Placing; routing: IntakeRouting },
  ): Promise<void> {
    if (endpoints.length === 0) {
      placeUnclaimed(file, { step, placing, message: routing.nobody(headerIn(file)) });
      return;
    }
    const queued = await queueEvent(disk, root, { ...options, file, endpoints });
    if (queued === 'conflict') staying.postponed.keepConflict(nameOf(file), headerIn(file).id);
    else if (queued === 'replaced') step.isIncomplete = true;
    else placing.placed.push({ file, queued, isMoved: queued[0]?.kind === 'moved' });
  }

  function placeUnclaimed(
    file: AcceptedFile,
    { step, placing, message }: { step: Step; placing: Placing; message: string | undefined },
  ): void {
    const { id, hook } = headerIn(file);
    const kept = message === undefined ? 'dropped' : keep(file, message);
    if (kept === 'replaced') {
      step.isIncomplete = true;
      return;
    }
    const unclaimed = { id, hook, events: eventsIn(file), isKept: kept !== 'dropped' };
    placing.placed.push({ file, queued: [], isMoved: kept === 'moved', unclaimed });
  }

  function keep(file: AcceptedFile, message: string): KeptUnclaimed {
    const { hook } = headerIn(file);
    const why: Omit<UnclaimedReason, 'time'> = { reason: 'unclaimed', message, events: eventsIn(file) };
    if (hook !== undefined) why.hook = hook;
    return keepUnclaimed(disk, root, { file, why, since: options.now(), token: options.token });
  }

  /** Routes and places each file; an error of one file does not stop the others. */
  async function placeAll(step: Step, placing: Placing, routing: IntakeRouting): Promise<void> {
    const mayStay = createMayStay(routing, {
      canRemove: routing.canSendNow !== undefined && mayRemoveFrom(disk, `${root}/incoming`),
      isOwing: options.isOwing,
      isAwaited: staying.postponed.isAwaited,
    });
    let since = monotonicMs();
    for (const file of step.files) {
      if (monotonicMs() - since >= maxStepMs) {
        await setImmediate(); // copies, or links for many endpoints, take long: answers and signals come in between
        since = monotonicMs();
      }
      const name = nameOf(file);
      try {
        const endpoints = routing.route(headerIn(file));
        if (endpoints === 'unknown') {
          staying.postponed.keepUnknown(name);
          placing.unknown.push(name);
        } else if (mayStay(file, endpoints)) {
          inbox.add({ endpoint: endpoints[0] as string, file });
          placing.events += 1;
          placing.deliveries += 1;
        } else await placeOne(file, endpoints, { step, placing, routing });
      } catch (error) {
        postpone(staying, { step, name, error });
      }
    }
  }

  /** Makes durable what was placed, then removes it from `incoming/`. @returns what may be sent */
  async function removePlaced(step: Step, placed: readonly PlacedFile[]): Promise<PlacedFile[]> {
    await writer.sync();
    if (placed.some(({ unclaimed }) => unclaimed?.isKept)) syncDirectory(disk, `${root}/unclaimed`);
    const removed = placed.filter(({ file, ...each }) => {
      const result = removal.remove(file, each);
      if (result !== 'removed') step.isIncomplete = true;
      return result !== 'taken-back';
    });
    removal.sync();
    for (const { file } of removed) free(nameOf(file));
    return removed;
  }

  function free(name: string): void {
    const next = staying.postponed.free(name);
    if (next !== undefined) listing.prepend(next);
  }

  return {
    async place(step, routing) {
      const placing: Placing = { events: 0, deliveries: 0, unclaimed: [], unknown: [], placed: [] };
      let removed: PlacedFile[];
      try {
        await placeAll(step, placing, routing);
        removed = await removePlaced(step, placing.placed);
      } finally {
        for (const file of step.files) if ('source' in file) check.release(file);
      }
      let { events, deliveries } = placing;
      for (const { file, queued } of removed) {
        events += eventsIn(file);
        for (const each of queued) {
          options.onQueued(each, file);
          if (each.kind !== 'there') deliveries += eventsIn(file);
        }
      }
      const unclaimed = removed.flatMap((each) => each.unclaimed ?? []);
      return { events, deliveries, unclaimed, unknown: placing.unknown };
    },
    free,
  };
}

interface MayStayOptions {
  /** Whether files can be removed from `incoming/`. */
  canRemove: boolean;
  isOwing(endpoint: string): boolean;
  /** Whether another entry waits for a name. */
  isAwaited(name: string): boolean;
}

/** Makes a function that tells whether an event can stay in `incoming/` until it is sent. */
function createMayStay(
  { canSendNow }: IntakeRouting,
  { canRemove, isOwing, isAwaited }: MayStayOptions,
): (file: AcceptedFile, endpoints: readonly string[]) => file is EventFile {
  const known = new Map<string, boolean>();
  return (file, endpoints): file is EventFile => {
    const [endpoint] = endpoints;
    if (!canRemove || endpoint === undefined) return false;
    const canSend = known.get(endpoint) ?? (canSendNow?.(endpoint) === true && !isOwing(endpoint));
    const couldStay = canSend && endpoints.length === 1 && 'event' in file && isOurs(file.stat);
    const stays = couldStay && !isAwaited(nameOf(file));
    // What is queued now goes before what stays: the next events of these endpoints are queued behind it.
    for (const each of endpoints) known.set(each, stays);
    return stays;
  };
}

/** Whether names can be removed from a directory: what stays there after its delivery is sent again by the next drain. */
function mayRemoveFrom(disk: Disk, directory: string): boolean {
  try {
    disk.accessSync(directory, W_OK);
    return true;
  } catch (error) {
    ignoreErrno(error); // to queue it fails as well, and is reported
    return false;
  }
}
