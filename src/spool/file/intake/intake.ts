/**
 * Intake: each accepted event is put into the queue of every endpoint it goes
 * to. Only when all of that is durable is it removed from `incoming/`, and only
 * when that is durable too may it be sent: so a crash at any point repeats the
 * intake, and never a delivery.
 */
import type { FanOut } from '../../spool.js';
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
import { createPlacement, type IntakeRouting, type PlacementOptions } from './placement.js';
import { emptyStep, type Step } from './step.js';
import { createUnusableEntries } from './unusable-entries.js';

export interface Intake {
  /** Takes in the next events. */
  step(routing: IntakeRouting): Promise<FanOut>;
  /** Whether a delivery comes from an entry, of that name, that may have to be taken in again: it must wait for that. */
  isHalfDone(name: string, path: string): boolean;
  /** Number of entries that are no events and cannot be moved, as of the last pass through all of them. */
  immovable(): number;
  /** Puts what was to be sent from `incoming/`, and is not claimed, into queues. @throws as `step` */
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

/** @throws from `step`: the errno of what failed for all, such as an fsync; an entry's own error is among `postponed` */
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
  /** Whether this pass has left an entry that is to be looked at again. */
  let isIncomplete = false;
  /** As of the last pass through all entries. */
  let immovable = 0;
  /** Whether everything in `incoming/` is taken in: then no delivery waits for an entry. */
  let isCaughtUp = false;

  async function read(step: Step): Promise<void> {
    if (listing.isEmpty()) beginListing(step);
    else if (listing.isHalfChecked() && !listing.hasEvents()) list(step);
    if (listing.isBatchNext()) await readBatches(step);
    else readEvents(step);
    if (step.isRenamed) syncDirectory(disk, `${root}/incoming`);
  }

  function beginListing(step: Step): void {
    const isBeginning = listing.isAtEnd();
    postponed.clear({ isBeginning });
    halfDone.clear();
    if (isBeginning) {
      changing.clear();
      isIncomplete = false;
    }
    list(step);
  }

  function list(step: Step): void {
    for (const raw of listing.list()) unusable.quarantineOdd(step, raw);
  }

  async function takeIn(routing: IntakeRouting): Promise<FanOut> {
    const step = emptyStep();
    await placeRest();
    await read(step);
    const placed = await placement.place(step, routing);
    const { quarantined, checked, lacksRoom } = step;
    isIncomplete ||= step.isIncomplete;
    const goesOn = !listing.isAtEnd() || !listing.isEmpty();
    if (!goesOn) immovable = postponed.immovable();
    const more = goesOn || isIncomplete;
    const news = postponed.news({ isEnd: listing.isEmpty() });
    if (!lacksRoom || placed.events > 0) changing.noteRoom();
    const soon = [...stillness.all(), ...changing.all()];
    isCaughtUp = !more && postponed.isEmpty() && soon.length === 0;
    return {
      ...placed,
      quarantined,
      checked,
      lacksRoom,
      more,
      postponed: news,
      immovable: postponed.immovableNews(),
      changing: soon,
    };
  }

  async function placeRest(): Promise<void> {
    const rest = inbox.takeRest();
    if (rest.length === 0) return;
    const endpoints = new Map(rest.map(({ endpoint, file }) => [file.event.id, [endpoint]]));
    const step: Step = { ...emptyStep(), files: rest.map(({ file }) => file) };
    await placement.place(step, { route: ({ id }) => endpoints.get(id) ?? [], nobody: () => undefined });
    isIncomplete ||= step.isIncomplete;
  }

  return {
    async step(routing) {
      isCaughtUp = false; // an error leaves an intake half done
      try {
        return await takeIn(routing);
      } catch (error) {
        listing.clear(); // the entries of this step are read again
        throw error;
      }
    },
    isHalfDone: (name, path) => !isCaughtUp && halfDone.isHalfDone(name, path),
    immovable: () => immovable,
    placeRest,
    freed: placement.free,
    close: check.close,
  };
}
