/** One step of the intake: what it has read, and what became of it. */

import type { EventHeader } from '../../../event/event.js';
import { errnoOf } from '../../../shared/errors.js';
import type { Entry } from '../../intake.js';
import type { EntryProblem } from '../../spool.js';
import type { BatchFile, EventFile } from '../batch/accepted-file.js';
import { lastName } from '../disk/layout.js';
import type { ChangingEntries } from '../incoming/changing-entries.js';
import type { PostponedEntries } from '../incoming/postponed-entries.js';
import { isFull } from '../setup/ballast.js';

/** Maximum number of entries that one step reads. */
export const maxStepEntries = 256;

/** Time that one step reads for, and then places for before others have their turn, in ms. */
export const maxStepMs = 50;

/** An event or a batch of `incoming/`. */
export type AcceptedFile = EventFile | BatchFile;

/** An entry that was taken, with its file. */
export interface TakenEntry extends Entry {
  readonly file: AcceptedFile;
  /** Whether it is neither placed nor removed. */
  isOpen: boolean;
}

export interface Step {
  /** Entries that were read, and are to be placed. */
  entries: TakenEntry[];
  quarantined: EntryProblem[];
  /** Total size of the files of single events, in bytes. */
  bytes: number;
  /** Steps made towards taking in a batch. */
  checked: number;
  /** Whether an entry got another name, which is not durable yet. */
  isRenamed: boolean;
  /** Whether an event is left for the next step, because its file was replaced. */
  isIncomplete: boolean;
  /** Whether the disk had no room for an entry. */
  lacksRoom: boolean;
}

/** A step that has read nothing. */
export function emptyStep(): Step {
  return {
    entries: [],
    quarantined: [],
    bytes: 0,
    checked: 0,
    isRenamed: false,
    isIncomplete: false,
    lacksRoom: false,
  };
}

/** Entries that stay in `incoming/`. */
export interface StayingEntries {
  postponed: PostponedEntries;
  changing: ChangingEntries;
}

/**
 * Leaves an entry for later after an error that is its own. One that the disk has no room for is tried again soon:
 * each delivery makes room.
 * @throws an error that is none of the system
 */
export function postpone(
  { postponed, changing }: StayingEntries,
  { step, name, error }: { step: Step; name: string; error: unknown },
): void {
  if (!isFull(error)) {
    postponed.keep(name, error);
    return;
  }
  changing.keepLackingRoom(name, errnoOf(error) ?? '');
  step.lacksRoom = true;
}

/** The file's name in `incoming/`. */
export function nameOf({ path }: AcceptedFile): string {
  return lastName(path);
}

function headerIn(file: AcceptedFile): EventHeader {
  return 'header' in file ? file.header : file.event;
}

/** Makes the entry of a file that was read. */
export function entryOf(file: AcceptedFile): TakenEntry {
  return { header: headerIn(file), events: 'count' in file ? file.count : 1, file, isOpen: true };
}

/** The file of an entry that was taken. */
export function fileIn(entry: Entry): AcceptedFile {
  return (entry as TakenEntry).file;
}

/** The file of an entry that is to be placed or removed, once. @throws for one that this drain has not taken last */
export function closed(entry: Entry): AcceptedFile {
  const taken = entry as TakenEntry;
  if (taken.isOpen !== true) throw new Error('an entry is placed or removed once, before others are taken');
  taken.isOpen = false;
  return taken.file;
}
