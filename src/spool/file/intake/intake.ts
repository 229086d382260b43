/**
 * Intake: each accepted event is put into the queue of every endpoint it goes
 * to. Only when all of that is durable is it removed from `incoming/`, and only
 * when that is durable too may it be sent: so a crash at any point repeats the
 * intake, and never a delivery.
 */
import type { Entry, Placement, Remaining, RoutedEntry, Taken } from '../../intake.js';
import type { Disk } from '../disk/disk.js';
import { createStillness } from '../disk/stillness.js';
import { syncDirectory } from '../disk/write-file.js';
import { createChangingEntries } from '../incoming/changing-entries.js';
import { createHalfDoneCheck } from '../incoming/half-done.js';
import { createIdMaker } from '../incoming/id-maker.js';
import { createListing } from '../incoming/listing.js';
import { createPostponedEntries } from '../incoming/postponed-entries.js';
import { createBatchCheck } from './batch-check.js';
import { createBatchReader } from './batch-reader.js';
import { createEventReader } from './event-reader.js';
import { createPlacement, type PlacementOptions } from './placement.js';
import { emptyStep, entryOf, nameOf } from './step.js';
import { createUnusableEntries } from './unusable-entries.js';

/** Whether the disk had no room for an entry. */
export interface Room {
  lacksRoom: boolean;
}

export interface Intake {
  /** Reads the next entries. */
  take(): Promise<Taken & Room>;
  /** Puts entries that were taken last into queues. */
  place(routed: readonly RoutedEntry[]): Promise<Placement & Room>;
  /** Removes entries that were taken last. */
  remove(entries: readonly Entry[]): Promise<void>;
  /** Whether a delivery comes from an entry, of that name, that may have to be taken in again: it must wait for that. */
  isHalfDone(name: string, path: string): boolean;
  /** Number of entries that are no events and cannot be moved, as of the last pass through all of them. */
  immovable(): number;
  /** Puts what was to be sent from `incoming/`, and is not claimed, into queues. @throws as `take` */
  placeRest(): Promise<void>;
  /** A file has left `incoming/`: the next entry that waits for its name is read. */
  freed(name: string): void;
  /** Lets go of a batch that is checked in part. */
  close(): void;
}

export interface IntakeOptions extends Omit<PlacementOptions, 'listing' | 'staying' | 'check'> {
  /** Ten random bytes. */
  random(): Uint8Array;
  /** How long an entry must be still before it is quarantined, in ms. */
  stillMs: number;
  /** Maximum number of names in one listing of `incoming/`; default 65,536. */
  listed?: number | undefined;
}

/** @throws from `take`, `place` and `remove`: the errno of what failed for all, such as an fsync; an entry's own error is among `postponed` */
export function createIntake(disk: Disk, root: string, options: IntakeOptions): Intake {
  const { inbox, token, now } = options;
  const nextId = createIdMaker(options);
  const stillness = createStillness(disk, options);
  const check = createBatchCheck(disk, root, { token, nextId, stillness });
  const postponed = createPostponedEntries();
  const halfDone = createHalfDoneCheck(disk, root);
  const changing = createChangingEntries();
  const staying = { postponed, changing };
  const isLeftOut = (name: string) =>
    postponed.has(name) || changing.has(name) || inbox.find(name) !== undefined;
  const listing = createListing(disk, root, { stillness, isLeftOut, limit: options.listed });
  const unusable = createUnusableEntries(disk, root, { stillness, staying });
  const readEvents = createEventReader(disk, root, {
    listing,
    stillness,
    staying,
    unusable,
    inbox,
    now,
    nextId,
  });
  const readBatches = createBatchReader(disk, root, { listing, stillness, staying, unusable, check, now });
  const placement = createPlacement(disk, root, { ...options, listing, staying, check });
  /** The last step, whose entries may be placed or removed. */
  let step = emptyStep();
  /** Whether this pass has left an entry that is to be looked at again. */
  let isIncomplete = false;
  /** As of the last pass through all entries. */
  let immovable = 0;
  /** Whether everything in `incoming/` is taken in: then no delivery waits for an entry. */
  let isCaughtUp = false;

  async function read(): Promise<void> {
    if (listing.isEmpty()) beginListing();
    else if (listing.isHalfChecked() && !listing.hasEvents()) list();
    if (listing.isBatchNext()) await readBatches(step);
    else readEvents(step);
    if (step.isRenamed) syncDirectory(disk, `${root}/incoming`);
  }

  function beginListing(): void {
    const isBeginning = listing.isAtEnd();
    postponed.clear({ isBeginning });
    halfDone.clear();
    if (isBeginning) {
      changing.clear();
      isIncomplete = false;
    }
    list();
  }

  function list(): void {
    for (const raw of listing.list()) unusable.quarantineOdd(step, raw);
  }

  /** Lets go of entries that were neither placed nor removed. @returns their names */
  function letGo(): string[] {
    const open = step.entries.filter(({ isOpen }) => isOpen);
    for (const entry of open) {
      entry.isOpen = false;
      check.release(entry.file);
    }
    step = emptyStep();
    return open.map(({ file }) => nameOf(file));
  }

  /** Does a part of a step; after an error its entries are read again. */
  async function orAgain<T>(work: () => Promise<T>): Promise<T> {
    isCaughtUp = false; // an error leaves an intake half done
    try {
      return await work();
    } catch (error) {
      listing.clear();
      letGo();
      throw error;
    }
  }

  /** What stays in `incoming/`. @param options.isEnd whether no entry of the step is to be placed */
  function remaining({ isEnd }: { isEnd: boolean }): Remaining & Room {
    const { lacksRoom, entries } = step;
    isIncomplete ||= step.isIncomplete;
    const goesOn = !listing.isAtEnd() || !listing.isEmpty();
    if (!goesOn) immovable = postponed.immovable();
    const more = goesOn || isIncomplete;
    const soon = [...stillness.all(), ...changing.all()];
    const isAnyOpen = entries.some(({ isOpen }) => isOpen);
    isCaughtUp = !more && !isAnyOpen && postponed.isEmpty() && soon.length === 0;
    return {
      postponed: postponed.news({ isEnd: isEnd && listing.isEmpty() }),
      immovable: postponed.immovableNews(),
      changing: soon,
      more,
      lacksRoom,
    };
  }

  async function placeRest(): Promise<void> {
    const rest = inbox.takeRest();
    if (rest.length === 0) return;
    const restStep = emptyStep();
    const routed = rest.map(({ endpoint, file }) => ({ entry: entryOf(file), endpoints: [endpoint] }));
    await placement.place(restStep, routed);
    isIncomplete ||= restStep.isIncomplete;
  }

  return {
    take: () =>
      orAgain(async () => {
        letGo().forEach(postponed.keepUnplaced);
        await placeRest();
        await read();
        const { entries, quarantined, checked, lacksRoom } = step;
        const isEnd = entries.length === 0;
        if (isEnd && !lacksRoom) changing.noteRoom();
        return { entries, quarantined, checked, ...remaining({ isEnd }) };
      }),
    place: (routed) =>
      orAgain(async () => {
        const placed = await placement.place(step, routed);
        step.entries = step.entries.filter(({ isOpen }) => isOpen); // the others' bytes are not needed any more
        if (!step.lacksRoom || placed.events > 0) changing.noteRoom();
        return { ...placed, isStale: false, ...remaining({ isEnd: true }) };
      }),
    remove: (entries) =>
      orAgain(async () => {
        await placement.remove(step, entries);
        isIncomplete ||= step.isIncomplete;
      }),
    isHalfDone: (name, path) => !isCaughtUp && halfDone.isHalfDone(name, path),
    immovable: () => immovable,
    placeRest,
    freed: placement.free,
    close() {
      letGo();
      check.close();
    },
  };
}
