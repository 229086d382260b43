/** Deliveries of a batch: each is noted in the batch's progress when it is finished. */
import type { Event } from '../../../event/event.js';
import { eventToBytes } from '../../../event/record.js';
import type { EntryProblem } from '../../spool.js';
import type { ProgressMarks } from '../batch/batch-progress.js';
import type { DirectorySync } from '../disk/directory-sync.js';
import type { Disk } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import { putAside } from '../disk/put-aside.js';
import { closeQuietly, discard, syncDirectory, writeDurably, writeWhole } from '../disk/write-file.js';
import type { Member, Slot } from '../queue/slot.js';
import { evict } from './move-file.js';
import { progressOf } from './slot-paths.js';

/** Throws, from each: the errno of what failed. */
export interface BatchDeliveries {
  /** Notes that a delivery is finished; that holds after `kill -9` once this resolves. */
  finish(slot: Slot, member: Member): Promise<void>;
  /** Writes an event that was delivered into a file of its own, and notes that it is finished; both as {@link BatchDeliveries.finish}. */
  keep(slot: Slot, member: Member, extraction: Omit<Extraction, 'acceptedAt'>): Promise<void>;
  /** Writes an event into a file of its own, which is durable before the batch notes that it has left. */
  extract(slot: Slot, member: Member, extraction: Extraction): void;
  /** Writes the bytes of a line that cannot be used to `corrupt/`. */
  putLineAside(
    slot: Slot,
    member: Member,
    why: { reason: string; line: Uint8Array },
  ): EntryProblem | undefined;
}

/** An event of a batch, and the path of the file that it is written to. */
export interface Extraction {
  event: Event;
  to: string;
  /** The modification time of the new file, in ms since the epoch; default: the present. */
  acceptedAt?: number | undefined;
}

export interface BatchDeliveriesOptions {
  /** Makes progress durable, in groups. */
  sync: Pick<DirectorySync, 'touch'>;
  marks: Pick<ProgressMarks, 'mark' | 'settle'>;
  /** A name for a temporary file, unique. */
  token(): string;
}

/** Makes what finishes the deliveries of batches in a spool. */
export function createBatchDeliveries(
  disk: Disk,
  root: string,
  { sync, marks, token }: BatchDeliveriesOptions,
): BatchDeliveries {
  /** Notes in its batch what becomes of an event. */
  function mark(slot: Slot, { index }: Member, what: 'settled' | 'moving'): void {
    const progress = progressOf(root, slot);
    marks.mark(progress, index, what);
    if (what === 'settled') sync.touch(progress);
  }

  function writeTemporary(bytes: Uint8Array): string {
    const path = `${root}/tmp/${token()}`;
    closeQuietly(disk, writeDurably(disk, path, { bytes, mode: privateFile }));
    return path;
  }

  async function finish(slot: Slot, { index }: Member): Promise<void> {
    const progress = progressOf(root, slot);
    await marks.settle(progress, index);
    sync.touch(progress);
  }

  return {
    finish,
    async keep(slot, member, { event, to }) {
      const temporary = `${root}/tmp/${token()}`;
      writeWhole(disk, temporary, { bytes: eventToBytes(event), mode: privateFile });
      try {
        disk.renameSync(temporary, to);
      } catch (error) {
        discard(disk, temporary);
        throw error;
      }
      sync.touch(to);
      await finish(slot, member);
    },
    extract(slot, member, { event, to, acceptedAt }) {
      mark(slot, member, 'moving');
      const temporary = writeTemporary(eventToBytes(event));
      try {
        if (acceptedAt !== undefined) disk.utimesSync(temporary, acceptedAt / 1000, acceptedAt / 1000);
        evict(disk, root, { from: temporary, to });
        disk.renameSync(temporary, to);
      } catch (error) {
        discard(disk, temporary);
        throw error;
      }
      syncDirectory(disk, to.slice(0, to.lastIndexOf('/')));
      mark(slot, member, 'settled');
    },
    putLineAside(slot, member, { reason, line }) {
      const moved = putAside(disk, root, { path: writeTemporary(line), name: `${slot.name}.json`, reason });
      mark(slot, member, 'settled');
      return moved;
    },
  };
}
