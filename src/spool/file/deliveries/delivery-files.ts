/**
 * What becomes of the files of a delivery that is finished, tried again later,
 * or given up. A delivery with a file of its own is removed or renamed. One of
 * a batch is written to its new file, and then noted in the batch's progress.
 * ENOENT means that another process has removed the file; that is not an error.
 */

import type { Event } from '../../../event/event.js';
import type { EntryProblem, Why } from '../../spool.js';
import type { ProgressMarks } from '../batch/batch-progress.js';
import type { DirectorySync } from '../disk/directory-sync.js';
import type { Disk } from '../disk/disk.js';
import type { LateSyncs } from '../disk/late-syncs.js';
import { lastName } from '../disk/layout.js';
import { putAside } from '../disk/put-aside.js';
import { removeIfThere, syncDirectory } from '../disk/write-file.js';
import type { Slot } from '../queue/slot.js';
import { createBatchDeliveries } from './batch-deliveries.js';
import { createDestinations } from './destinations.js';
import { moveFile, replaceFile } from './move-file.js';
import { pathOf } from './slot-paths.js';
import { writeWhy } from './why-file.js';

/** Throws, from each: the errno of what failed. */
export interface DeliveryFiles {
  /** The path of the delivery's file, or of its batch. */
  pathOf(slot: Slot): string;
  /** Removes a delivery; it stays removed after `kill -9` once this resolves. */
  remove(slot: Slot): Promise<void>;
  /**
   * Moves a delivery that was made to a directory that is there; an event of a batch gets a file of its own.
   * @returns false if it, or the directory, was removed before
   */
  keep(slot: Slot, to: { event: Event; directory: string; name: string }): Promise<boolean>;
  /**
   * Moves a delivery to `retry/<endpoint>/<name>`.
   * @param to.acceptedAt when its event was accepted, in ms since the epoch; the new file of an event of a batch has this
   * as its modification time
   * @returns false if its file was removed before
   */
  moveToRetry(slot: Slot, to: { event: Event; endpoint: string; name: string; acceptedAt: number }): boolean;
  /**
   * Moves a delivery that has a file of its own to `retry/<endpoint>/<name>`; durable when `late` was flushed.
   * @returns false if its file was removed before
   */
  moveFileToRetry(slot: Slot, to: { endpoint: string; name: string; late: LateSyncs }): boolean;
  /** Moves it to `dead/<endpoint>/<id>.json`, with the reason beside it. @returns the length of the reason, in bytes */
  moveToDead(slot: Slot, burial: Burial): number;
  /** Moves it to `corrupt/`; of a batch only `line`, or all of it without one. Undefined if it was removed before. */
  putAside(slot: Slot, why: { reason: string; line?: Uint8Array }): EntryProblem | undefined;
  /** The directories of an endpoint may have been removed. */
  forget(endpoint: string): void;
}

/** A delivery that is given up. */
export interface Burial {
  event: Event;
  endpoint: string;
  why: Why;
  /** When its event was accepted, in ms since the epoch; the new file of an event of a batch has this as its modification time. */
  acceptedAt?: number;
  /** Where the fsyncs of several moves are put off to; without it the move is durable when the call returns. */
  late?: LateSyncs;
}

export interface DeliveryFilesOptions {
  /** Makes removals durable, in groups. */
  sync: DirectorySync;
  marks: ProgressMarks;
  /** A name for a temporary file, unique. */
  token(): string;
}

/** Makes what moves and removes the deliveries of a spool. */
export function createDeliveryFiles(disk: Disk, root: string, options: DeliveryFilesOptions): DeliveryFiles {
  const { sync } = options;
  const destinations = createDestinations(disk, root);
  const batches = createBatchDeliveries(disk, root, options);

  function move(slot: Slot, to: string, late?: LateSyncs): boolean {
    if (!moveFile(disk, root, { from: pathOf(root, slot), to })) return false;
    if (late === undefined) sync.touch(`${root}/${slot.directory}`);
    else late.lost(`${root}/${slot.directory}`);
    return true;
  }

  async function removeFile(slot: Slot): Promise<void> {
    removeIfThere(disk, pathOf(root, slot));
    sync.touch(`${root}/${slot.directory}`);
  }

  return {
    pathOf: (slot) => pathOf(root, slot),
    forget: destinations.forget,
    remove: (slot) => (slot.member === undefined ? removeFile(slot) : batches.finish(slot, slot.member)),
    async keep(slot, { event, directory, name }) {
      const to = `${directory}/${name}`;
      if (slot.member !== undefined) await batches.keep(slot, slot.member, { event, to });
      else if (!replaceFile(disk, { from: pathOf(root, slot), to })) return false;
      else sync.touch(`${root}/${slot.directory}`);
      sync.touch(directory);
      return true;
    },
    moveToRetry(slot, { event, endpoint, name, acceptedAt }) {
      const directory = destinations.ensure('retry', endpoint);
      const to = `${directory}/${name}`;
      if (slot.member !== undefined) batches.extract(slot, slot.member, { to, event, acceptedAt });
      else if (!move(slot, to)) return false;
      sync.touch(directory);
      return true;
    },
    moveFileToRetry(slot, { endpoint, name, late }) {
      const directory = destinations.ensure('retry', endpoint, late);
      late.gained(directory);
      return move(slot, `${directory}/${name}`, late);
    },
    moveToDead(slot, { event, endpoint, why, acceptedAt, late }) {
      const { member } = slot;
      const directory = destinations.ensure('dead', endpoint, member === undefined ? late : undefined);
      const isSynced = late === undefined;
      const whyBytes = writeWhy(disk, `${directory}/${event.id}.why.json`, { why, isSynced });
      const to = `${directory}/${event.id}.json`;
      if (member !== undefined) batches.extract(slot, member, { to, event, acceptedAt });
      else move(slot, to, late);
      if (late === undefined) syncDirectory(disk, directory);
      else late.gained(directory);
      return whyBytes;
    },
    putAside(slot, { reason, line }) {
      const path = pathOf(root, slot);
      if (slot.member === undefined || line === undefined)
        return putAside(disk, root, { path, name: lastName(path), reason });
      return batches.putLineAside(slot, slot.member, { reason, line });
    },
  };
}
