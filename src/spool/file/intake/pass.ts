/** A pass through all entries of `incoming/`: what is listed next, and what stays behind. */
import type { Remaining } from '../../intake.js';
import type { Disk } from '../disk/disk.js';
import type { Stillness } from '../disk/stillness.js';
import { createHalfDoneCheck } from '../incoming/half-done.js';
import type { Listing } from '../incoming/listing.js';
import type { StayingEntries, Step } from './step.js';
import type { UnusableEntries } from './unusable-entries.js';

export interface Pass {
  /** Lists the next entries where none is left to read. @throws the errno of a directory that cannot be listed */
  list(step: Step): void;
  /** A part of a step begins: an error would leave an intake half done. */
  begin(): void;
  /** A part of a step has ended. */
  note(step: Step): void;
  /** Does the same, and tells what stays. @param options.isEnd whether no entry of the step is still to be placed */
  remaining(step: Step, options: { isEnd: boolean }): Remaining & Room;
  /** Whether a delivery comes from an entry, of that name, that may have to be taken in again: it must wait for that. */
  isHalfDone(name: string, path: string): boolean;
  /** Number of entries that are no events and cannot be moved, as of the last pass through all of them. */
  immovable(): number;
}

/** Whether the disk had no room for an entry. */
export interface Room {
  lacksRoom: boolean;
}

export interface PassOptions {
  listing: Listing;
  staying: StayingEntries;
  stillness: Stillness;
  unusable: UnusableEntries;
}

/** Makes passes, one after the other. */
export function createPass(disk: Disk, root: string, options: PassOptions): Pass {
  const { listing, staying, stillness, unusable } = options;
  const { postponed, changing } = staying;
  const halfDone = createHalfDoneCheck(disk, root);
  /** Whether this pass has left an entry that is to be looked at again. */
  let isIncomplete = false;
  let immovable = 0;
  /** Whether everything in `incoming/` is taken in: then no delivery waits for an entry. */
  let isCaughtUp = false;

  function begin(): void {
    const isBeginning = listing.isAtEnd();
    postponed.clear({ isBeginning });
    halfDone.clear();
    if (!isBeginning) return;
    changing.clear();
    isIncomplete = false;
  }

  function note(step: Step): void {
    isIncomplete ||= step.isIncomplete;
  }

  return {
    list(step) {
      const isEmpty = listing.isEmpty();
      if (isEmpty) begin();
      if (!isEmpty && !(listing.isHalfChecked() && !listing.hasEvents())) return;
      for (const raw of listing.list()) unusable.quarantineOdd(step, raw);
    },
    begin() {
      isCaughtUp = false;
    },
    note,
    remaining(step, { isEnd }) {
      note(step);
      const goesOn = !listing.isAtEnd() || !listing.isEmpty();
      if (!goesOn) immovable = postponed.immovable();
      const more = goesOn || isIncomplete;
      const soon = [...stillness.all(), ...changing.all()];
      const isAnyOpen = step.entries.some(({ isOpen }) => isOpen);
      isCaughtUp = !more && !isAnyOpen && postponed.isEmpty() && soon.length === 0;
      return {
        postponed: postponed.news({ isEnd: isEnd && listing.isEmpty() }),
        immovable: postponed.immovableNews(),
        changing: soon,
        more,
        lacksRoom: step.lacksRoom,
      };
    },
    isHalfDone: (name, path) => !isCaughtUp && halfDone.isHalfDone(name, path),
    immovable: () => immovable,
  };
}
