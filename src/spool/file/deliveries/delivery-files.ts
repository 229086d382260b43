/**
 * What becomes of a delivery when it is settled. One that is a file of its own
 * is removed or renamed; one of a batch is written to where it goes, and then
 * noted in the batch's progress. ENOENT means that somebody else took it, and
 * is as good.
 */
import type { Event } from '../../../event/event.js';
import { eventToBytes } from '../../../event/record.js';
import { errnoOf } from '../../../shared/errors.js';
import type { EntryProblem, Why } from '../../spool.js';
import type { ProgressMarks } from '../batch/batch-progress.js';
import { batchFilesOf } from '../batch/segment.js';
import type { DirectorySync } from '../disk/directory-sync.js';
import type { Disk } from '../disk/disk.js';
import type { LateSyncs } from '../disk/late-syncs.js';
import { privateDir, privateFile } from '../disk/layout.js';
import { putAside } from '../disk/put-aside.js';
import {
  closeQuietly,
  discard,
  ensureDirectory,
  ensureRoom,
  removeIfThere,
  syncDirectory,
  writeDurably,
} from '../disk/write-file.js';
import type { Member, Slot } from '../queue/slot.js';
import { writeWhy } from './why-file.js';

/** Throws, from each: the errno of whatever failed. */
export interface DeliveryFiles {
  /** The delivery's file, or its batch's. */
  pathOf(slot: Slot): string;
  /** It is done with: from when this resolves also after `kill -9`. */
  remove(slot: Slot): Promise<void>;
  /** Moves it to `retry/<endpoint>/<name>`, accepted when it was (ms since the epoch); false if it was gone. */
  moveToRetry(slot: Slot, to: { event: Event; endpoint: string; name: string; acceptedAt: number }): boolean;
  /** The same for one that has a file of its own, durable when `late` was flushed; false if it was gone. */
  moveFileToRetry(slot: Slot, to: { endpoint: string; name: string; late: LateSyncs }): boolean;
  /** Moves it to `dead/<endpoint>/<id>.json`, with the reason beside it. @returns the length of that, in bytes */
  moveToDead(slot: Slot, to: Grave): number;
  /** Moves it to `corrupt/`; of a batch the one `line`, or else all of it. Undefined if it was gone. */
  putAside(slot: Slot, why: { reason: string; line?: Uint8Array }): EntryProblem | undefined;
  /** The directories of an endpoint may be gone. */
  forget(endpoint: string): void;
}

/** Where a delivery goes that is dead. */
export interface Grave {
  event: Event;
  endpoint: string;
  why: Why;
  /** Where the fsyncs of several moves are put off to; without it the move is durable when the call returns. */
  late?: LateSyncs;
}

/** An event of a batch, and where it goes. */
interface Extraction {
  event: Event;
  to: string;
  /** The file's age tells it, ms since the epoch. */
  acceptedAt?: number;
}

export interface DeliveryFilesOptions {
  /** Makes removals durable, in groups. */
  sync: DirectorySync;
  marks: ProgressMarks;
  /** Names a temporary file, uniquely. */
  token(): string;
}

/** The files of a spool. */
export function createDeliveryFiles(
  disk: Disk,
  root: string,
  { sync, marks, token }: DeliveryFilesOptions,
): DeliveryFiles {
  /** Directories whose names are durable. */
  const durable = new Set<string>();

  function pathOf({ directory, name, member }: Slot): string {
    const path = `${root}/${directory}`;
    return member === undefined ? `${path}/${name}` : (batchFilesOf(path)?.text ?? path);
  }

  function progressOf({ directory }: Slot): string {
    const progress = batchFilesOf(`${root}/${directory}`)?.progress;
    if (progress === undefined) throw new Error(`${directory} is no batch`);
    return progress;
  }

  /** Notes in its batch what an event comes to. */
  function mark(slot: Slot, { index }: Member, what: 'settled' | 'moving'): void {
    const progress = progressOf(slot);
    marks.mark(progress, index, what);
    if (what === 'settled') sync.touch(progress);
  }

  /** Moves a file so that its old name is surely gone; false if it was gone already. */
  function move(slot: Slot, to: string, late?: LateSyncs): boolean {
    const from = pathOf(slot);
    try {
      makeWay(from, to);
      disk.renameSync(from, to);
      removeIfThere(disk, from); // rename(2) does nothing where both names are the same file already
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    if (late === undefined) sync.touch(`${root}/${slot.directory}`);
    else late.lost(`${root}/${slot.directory}`);
    return true;
  }

  /** Writes an event of a batch to a place of its own; durable before it is noted that the batch has it no more. */
  function extract(slot: Slot, member: Member, { to, event, acceptedAt }: Extraction): void {
    mark(slot, member, 'moving');
    const temporary = `${root}/tmp/${token()}`;
    closeQuietly(disk, writeDurably(disk, temporary, { bytes: eventToBytes(event), mode: privateFile }));
    try {
      if (acceptedAt !== undefined) disk.utimesSync(temporary, acceptedAt / 1000, acceptedAt / 1000);
      makeWay(temporary, to);
      disk.renameSync(temporary, to);
    } catch (error) {
      discard(disk, temporary);
      throw error;
    }
    syncDirectory(disk, to.slice(0, to.lastIndexOf('/')));
    mark(slot, member, 'settled');
  }

  /** Another event may have had the same id: it must not be overwritten. */
  function makeWay(from: string, to: string): void {
    const there = disk.lstatSync(to, { throwIfNoEntry: false });
    if (there === undefined || there.ino === disk.lstatSync(from).ino) return;
    putAside(disk, root, {
      path: to,
      name: to.slice(to.lastIndexOf('/') + 1),
      reason: `another delivery came to ${to}`,
    });
  }

  function makeRoomFor(room: 'retry' | 'dead', endpoint: string, late?: LateSyncs): string {
    const path = ensureRoom(disk, root, room);
    const directory = `${path}/${endpoint}`;
    const isNew = ensureDirectory(disk, directory, privateDir); // a person may have removed it
    if (isNew || !durable.has(directory)) {
      if (late === undefined) syncDirectory(disk, path);
      else late.gained(path);
    }
    if (late === undefined) durable.add(directory);
    return directory;
  }

  return {
    pathOf,
    forget(endpoint) {
      for (const room of ['retry', 'dead']) durable.delete(`${root}/${room}/${endpoint}`);
    },
    async remove(slot) {
      if (slot.member !== undefined) {
        const progress = progressOf(slot);
        await marks.settle(progress, slot.member.index);
        sync.touch(progress);
        return;
      }
      removeIfThere(disk, pathOf(slot));
      sync.touch(`${root}/${slot.directory}`);
    },
    moveToRetry(slot, { event, endpoint, name, acceptedAt }) {
      const directory = makeRoomFor('retry', endpoint);
      const to = `${directory}/${name}`;
      if (slot.member !== undefined) extract(slot, slot.member, { to, event, acceptedAt });
      else if (!move(slot, to)) return false;
      sync.touch(directory);
      return true;
    },
    moveFileToRetry(slot, { endpoint, name, late }) {
      const directory = makeRoomFor('retry', endpoint, late);
      late.gained(directory);
      return move(slot, `${directory}/${name}`, late);
    },
    moveToDead(slot, { event, endpoint, why, late }) {
      const { member } = slot;
      const directory = makeRoomFor('dead', endpoint, member === undefined ? late : undefined);
      const isSynced = late === undefined;
      const whyBytes = writeWhy(disk, `${directory}/${event.id}.why.json`, { why, isSynced });
      const to = `${directory}/${event.id}.json`;
      if (member !== undefined) extract(slot, member, { to, event });
      else move(slot, to, late);
      if (late === undefined) syncDirectory(disk, directory);
      else late.gained(directory);
      return whyBytes;
    },
    putAside(slot, { reason, line }) {
      const path = pathOf(slot);
      if (slot.member === undefined || line === undefined)
        return putAside(disk, root, { path, name: path.slice(path.lastIndexOf('/') + 1), reason });
      const temporary = `${root}/tmp/${token()}`;
      closeQuietly(disk, writeDurably(disk, temporary, { bytes: line, mode: privateFile }));
      const moved = putAside(disk, root, { path: temporary, name: `${slot.name}.json`, reason });
      mark(slot, slot.member, 'settled');
      return moved;
    },
  };
}
