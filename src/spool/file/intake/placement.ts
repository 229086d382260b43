/**
 * Places what a step has read: into the queue of each endpoint, or into
 * `unclaimed/`; or it stays in `incoming/`, to be sent from there. Only when
 * all of that is durable is it removed from `incoming/`.
 */
import { setImmediate } from 'node:timers/promises';
import { monotonicMs } from '../../../shared/monotonic.js';
import type { Entry, Placement as IntakePlacement, RoutedEntry } from '../../intake.js';
import type { Disk } from '../disk/disk.js';
import type { InboxDeliveries } from '../incoming/inbox-deliveries.js';
import type { Listing } from '../incoming/listing.js';
import type { Queued } from '../placing/queued.js';
import type { BatchCheck } from './batch-check.js';
import { createMayStay } from './may-stay.js';
import { createPlaceEntry, type PlacedEntry, type PlaceEntryOptions } from './place-entry.js';
import { createRemoval } from './removal.js';
import {
  type AcceptedFile,
  closed,
  fileIn,
  maxStepMs,
  nameOf,
  postpone,
  type StayingEntries,
  type Step,
} from './step.js';

export interface PlacementOptions extends PlaceEntryOptions {
  inbox: InboxDeliveries;
  listing: Listing;
  staying: StayingEntries;
  check: BatchCheck;
  /** Whether anything is queued for an endpoint, which goes before what is in `incoming/`. */
  isOwing(endpoint: string): boolean;
  /** Called with each delivery once it may be sent; `there`: it was in the queue already, from an intake cut short. */
  onQueued(queued: Queued, file: AcceptedFile): void;
}

/** What placing entries has done. */
export type Placed = Pick<IntakePlacement, 'events' | 'deliveries' | 'unclaimed'>;

export interface Placement {
  /** Places entries of a step. @throws the errno of what failed for all, such as an fsync */
  place(step: Step, routed: readonly RoutedEntry[]): Promise<Placed>;
  /** Removes entries of a step that are not needed here any more. @throws as `place` */
  remove(step: Step, entries: readonly Entry[]): Promise<void>;
  /** Gives the name of an entry that has left `incoming/` to the next one that waits for it. */
  free(name: string): void;
}

/** What was placed so far. */
interface Placing {
  /** Events that stay in `incoming/` until they are sent. */
  staying: number;
  placed: PlacedEntry[];
}

/** Makes what places and removes the entries of an intake. */
export function createPlacement(disk: Disk, root: string, options: PlacementOptions): Placement {
  const { inbox, listing, staying, check } = options;
  const placeEntry = createPlaceEntry(disk, root, options);
  const removal = createRemoval(disk, root, options);

  /** Places each entry; an error of one of them does not stop the others. */
  async function placeAll(step: Step, routed: readonly RoutedEntry[]): Promise<Placing> {
    const placing: Placing = { staying: 0, placed: [] };
    const mayStay = createMayStay(disk, root, {
      isWished: routed.some(({ canSendNow }) => canSendNow),
      isOwing: options.isOwing,
      isAwaited: staying.postponed.isAwaited,
    });
    let since = monotonicMs();
    for (const each of routed) {
      if (monotonicMs() - since >= maxStepMs) {
        await setImmediate(); // copies, or links for many endpoints, take long: answers and signals come in between
        since = monotonicMs();
      }
      const file = closed(each.entry);
      try {
        if (mayStay(file, each)) {
          inbox.add({ endpoint: each.endpoints[0] as string, file });
          placing.staying += 1;
          continue;
        }
        const placed = await placeEntry(step, each, file);
        if (placed !== undefined) placing.placed.push(placed);
      } catch (error) {
        postpone(staying, { step, name: nameOf(file), error });
      }
    }
    return placing;
  }

  /** Removes what was placed from `incoming/`. @returns what may be sent */
  async function removePlaced(step: Step, placed: readonly PlacedEntry[]): Promise<PlacedEntry[]> {
    const removed = await removal.remove(step, placed);
    for (const { file } of removed) free(nameOf(file));
    return removed;
  }

  function free(name: string): void {
    const next = staying.postponed.free(name);
    if (next !== undefined) listing.prepend(next);
  }

  return {
    async place(step, routed) {
      let removed: PlacedEntry[];
      let stayed: number;
      try {
        const placing = await placeAll(step, routed);
        stayed = placing.staying;
        removed = await removePlaced(step, placing.placed);
      } finally {
        for (const { entry } of routed) check.release(fileIn(entry));
      }
      return countsOf(removed, { stayed, onQueued: options.onQueued });
    },
    async remove(step, entries) {
      const placed = entries.map((entry) => ({ entry, file: closed(entry), queued: [], isMoved: false }));
      try {
        await removePlaced(step, placed);
      } finally {
        for (const { file } of placed) check.release(file);
      }
    },
    free,
  };
}

/** Counts what was placed, and tells of each delivery that it may be sent. @param options.stayed events in `incoming/` */
function countsOf(
  removed: readonly PlacedEntry[],
  { stayed, onQueued }: Pick<PlacementOptions, 'onQueued'> & { stayed: number },
): Placed {
  const counts = { events: stayed, deliveries: stayed };
  for (const { entry, file, queued } of removed) {
    counts.events += entry.events;
    for (const each of queued) {
      onQueued(each, file);
      if (each.kind !== 'there') counts.deliveries += entry.events;
    }
  }
  return { ...counts, unclaimed: removed.flatMap(({ unclaimed }) => unclaimed ?? []) };
}
