/**
 * Intake: each accepted event is put into the queue of every endpoint it goes
 * to. Only when all of that is durable is it removed from `incoming/`, and only
 * when that is durable too may it be sent: so a crash at any point repeats the
 * intake, and never a delivery.
 */
import type { Entry, Placement, RoutedEntry, Taken } from '../../intake.js';
import type { Disk } from '../disk/disk.js';
import { createStillness } from '../disk/stillness.js';
import { syncDirectory } from '../disk/write-file.js';
import { createChangingEntries } from '../incoming/changing-entries.js';
import { createIdMaker } from '../incoming/id-maker.js';
import { createListing, type Listing } from '../incoming/listing.js';
import { createPostponedEntries } from '../incoming/postponed-entries.js';
import { type BatchCheck, createBatchCheck } from './batch-check.js';
import { createBatchReader } from './batch-reader.js';
import { createEventReader } from './event-reader.js';
import { createPass, type Pass, type Room } from './pass.js';
import { createPlacement, type PlacementOptions, type Placement as StepPlacement } from './placement.js';
import { emptyStep, entryOf, nameOf, type StayingEntries, type Step } from './step.js';
import { createUnusableEntries } from './unusable-entries.js';

export interface Intake extends Pick<Pass, 'isHalfDone' | 'immovable'> {
  /** Reads the next entries. */
  take(): Promise<Taken & Room>;
  /** Puts entries that were taken last into queues. */
  place(routed: readonly RoutedEntry[]): Promise<Placement & Room>;
  /** Removes entries that were taken last. */
  remove(entries: readonly Entry[]): Promise<void>;
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

/**
 * Makes the intake of a spool.
 * @throws from `take`, `place` and `remove`: the errno of what failed for all, such as an fsync; an entry's own error is
 * among `postponed`
 */
export function createIntake(disk: Disk, root: string, options: IntakeOptions): Intake {
  const { inbox } = options;
  const parts = partsOf(disk, root, options);
  const { postponed, changing, listing, check, pass, readEvents, readBatches, placement } = parts;
  const last = createLastStep(parts);

  async function read(): Promise<void> {
    const step = last.step();
    pass.list(step);
    if (listing.isBatchNext()) await readBatches(step);
    else readEvents(step);
    if (step.isRenamed) syncDirectory(disk, `${root}/incoming`);
  }

  async function placeRest(): Promise<void> {
    const rest = inbox.takeRest();
    if (rest.length === 0) return;
    const restStep = emptyStep();
    const routed = rest.map(({ endpoint, file }) => ({ entry: entryOf(file), endpoints: [endpoint] }));
    await placement.place(restStep, routed);
    pass.note(restStep);
  }

  return {
    take: () =>
      last.orAgain(async () => {
        last.letGo().forEach(postponed.keepUnplaced);
        await placeRest();
        await read();
        const step = last.step();
        const { entries, quarantined, checked, lacksRoom } = step;
        const isEnd = entries.length === 0;
        if (isEnd && !lacksRoom) changing.noteRoom();
        return { entries, quarantined, checked, ...pass.remaining(step, { isEnd }) };
      }),
    place: (routed) =>
      last.orAgain(async () => {
        const placed = await placement.place(last.step(), routed);
        const step = last.step();
        step.entries = step.entries.filter(({ isOpen }) => isOpen); // the others' bytes are not needed any more
        if (!step.lacksRoom || placed.events > 0) changing.noteRoom();
        return { ...placed, isStale: false, ...pass.remaining(step, { isEnd: true }) };
      }),
    remove: (entries) =>
      last.orAgain(async () => {
        await placement.remove(last.step(), entries);
        pass.note(last.step());
      }),
    isHalfDone: pass.isHalfDone,
    immovable: pass.immovable,
    placeRest,
    freed: placement.free,
    close() {
      last.letGo();
      check.close();
    },
  };
}

interface LastStep {
  /** The last step, whose entries may be placed or removed. */
  step(): Step;
  /** Lets go of entries that were neither placed nor removed, and begins a step. @returns their names */
  letGo(): string[];
  /** Does a part of a step; after an error its entries are read again. */
  orAgain<T>(work: () => Promise<T>): Promise<T>;
}

/** Makes the record of the last step. */
function createLastStep({ pass, listing, check }: Pick<Parts, 'pass' | 'listing' | 'check'>): LastStep {
  let step = emptyStep();

  function letGo(): string[] {
    const open = step.entries.filter(({ isOpen }) => isOpen);
    for (const entry of open) {
      entry.isOpen = false;
      check.release(entry.file);
    }
    step = emptyStep();
    return open.map(({ file }) => nameOf(file));
  }

  return {
    step: () => step,
    letGo,
    async orAgain(work) {
      pass.begin();
      try {
        return await work();
      } catch (error) {
        listing.clear();
        letGo();
        throw error;
      }
    },
  };
}

/** What an intake is made of. */
interface Parts extends StayingEntries {
  listing: Listing;
  check: BatchCheck;
  pass: Pass;
  readEvents(step: Step): void;
  readBatches(step: Step): Promise<void>;
  placement: StepPlacement;
}

/** Makes the parts of an intake. */
function partsOf(disk: Disk, root: string, options: IntakeOptions): Parts {
  const { inbox, token, now } = options;
  const nextId = createIdMaker(options);
  const stillness = createStillness(disk, options);
  const check = createBatchCheck(disk, root, { token, nextId, stillness });
  const postponed = createPostponedEntries();
  const changing = createChangingEntries();
  const staying = { postponed, changing };
  const isLeftOut = (name: string) =>
    postponed.has(name) || changing.has(name) || inbox.find(name) !== undefined;
  const listing = createListing(disk, root, { stillness, isLeftOut, limit: options.listed });
  const unusable = createUnusableEntries(disk, root, { stillness, staying });
  const reading = { listing, stillness, staying, unusable, now };
  const readEvents = createEventReader(disk, root, { ...reading, inbox, nextId });
  const readBatches = createBatchReader(disk, root, { ...reading, check });
  const pass = createPass(disk, root, reading);
  const placement = createPlacement(disk, root, { ...options, listing, staying, check });
  return { ...staying, listing, check, pass, readEvents, readBatches, placement };
}
