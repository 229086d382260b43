/** Placing one entry of a step: into the queue of each endpoint, or into `unclaimed/`. */
import type { Entry, RoutedEntry, Unclaimed } from '../../intake.js';
import type { Disk } from '../disk/disk.js';
import { queueEvent } from '../placing/queue-event.js';
import type { QueueWriter } from '../placing/queue-writer.js';
import type { Queued } from '../placing/queued.js';
import { placeUnclaimed } from './place-unclaimed.js';
import { type AcceptedFile, nameOf, type StayingEntries, type Step } from './step.js';

/** An entry that was placed, and whose file is to be removed from `incoming/`. */
export interface PlacedEntry {
  entry: Entry;
  file: AcceptedFile;
  queued: readonly Queued[];
  /** Whether the file has left `incoming/` already. */
  isMoved: boolean;
  unclaimed?: Unclaimed;
}

export interface PlaceEntryOptions {
  writer: QueueWriter;
  staying: Pick<StayingEntries, 'postponed'>;
  /** ms since the epoch. */
  now(): number;
  /** A name for a temporary file, unique. */
  token(): string;
  /** Called when a delivery of an entry that was not taken in may be in a queue all the same. */
  onStray(): void;
}

/**
 * Makes a function that places an entry; durable when its queues, or `unclaimed/`, are fsynced.
 * @returns from it: undefined if the entry stays in `incoming/`
 * @throws from it: the errno of what failed
 */
export function createPlaceEntry(
  disk: Disk,
  root: string,
  options: PlaceEntryOptions,
): (step: Step, routed: RoutedEntry, file: AcceptedFile) => Promise<PlacedEntry | undefined> {
  const { staying } = options;
  return async (step, routed, file) => {
    const { entry, endpoints } = routed;
    if (endpoints.length === 0) {
      const placed = placeUnclaimed(disk, root, { ...options, routed, file });
      if (placed !== 'replaced') return { entry, file, queued: [], ...placed };
      step.isIncomplete = true;
      return undefined;
    }
    const queued = await queueEvent(disk, root, { ...options, file, endpoints });
    if (queued === 'conflict') staying.postponed.keepConflict(nameOf(file), entry.header.id);
    else if (queued === 'replaced') step.isIncomplete = true;
    else return { entry, file, queued, isMoved: queued[0]?.kind === 'moved' };
    return undefined;
  };
}
