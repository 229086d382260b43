/**
 * Removes from `incoming/` what is in the queues, unless it is another file than the one that was read: what was moved
 * over that one is another event, and one that has grown since is not whole.
 */
import type { BatchFile } from '../batch/accepted-file.js';
import type { Disk } from '../disk/disk.js';
import type { EntryStat } from '../disk/read-entry.js';
import { removeIfThere, syncDirectory } from '../disk/write-file.js';
import { removeCopied } from '../incoming/taken-batch.js';
import { takeBack } from '../placing/queue-event.js';
import type { QueueWriter } from '../placing/queue-writer.js';
import type { Queued } from '../placing/queued.js';
import type { PlacedEntry } from './place-entry.js';
import type { AcceptedFile, Step } from './step.js';

/** `left`: a file is still there, and is read by the next step. `taken-back`: so are its deliveries, out of the queues. */
type Removed = 'removed' | 'left' | 'taken-back';

export interface RemovalOptions {
  writer: QueueWriter;
  /** A name for a temporary file, unique. */
  token(): string;
  /** Called when something could not be taken back out of a queue. */
  onStray(): void;
}

export interface Removal {
  /**
   * Makes durable what was placed, then removes it from `incoming/`, which is durable when this resolves.
   * @returns the entries that may be sent
   * @throws the errno of what failed
   */
  remove(step: Step, placed: readonly PlacedEntry[]): Promise<PlacedEntry[]>;
}

/** Makes what removes the placed entries of an intake. */
export function createRemoval(disk: Disk, root: string, { writer, token, onStray }: RemovalOptions): Removal {
  /** Whether a name was removed from `incoming/`, and may come back after a power cut. */
  let isRemoved = false;
  /** Whether a copied batch was removed by way of `tmp/`, and may come back from there. */
  let isTaken = false;

  /** False if the file is not the one that was read, or has another size. */
  function removeFile(file: AcceptedFile, queued: readonly Queued[]): boolean {
    const { path } = file;
    const read = readStat(file);
    const there = disk.lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined) return true;
    if (there.ino !== read.ino || there.size !== read.size) return false;
    if ('source' in file && isCopied(file, queued)) {
      isTaken = true;
      return removeCopied(disk, root, { path, read, token: token() });
    }
    removeIfThere(disk, path);
    return true;
  }

  /** Whether a queue has another file than the one in `incoming/`: lines added to that one are not in the queue. */
  function isCopied({ source, path, ino }: BatchFile, queued: readonly Queued[]): boolean {
    if (source !== path || queued.length === 0) return true;
    const isOther = ({ endpoint, segment, name }: Queued) =>
      disk.lstatSync(`${root}/queue/${endpoint}/${segment}/${name}`, { throwIfNoEntry: false })?.ino !== ino;
    return queued.some(isOther);
  }

  /** Removes a file whose deliveries are durable. */
  function removeOne({ file, queued, isMoved }: PlacedEntry): Removed {
    isRemoved = true;
    if (isMoved || removeFile(file, queued)) return 'removed';
    const there = disk.lstatSync(file.path, { throwIfNoEntry: false });
    if (there?.ino !== readStat(file).ino) return 'left';
    takeBack(disk, root, { writer, onStray, queued });
    return 'taken-back';
  }

  /** Makes durable what was removed. */
  function sync(): void {
    if (isRemoved) syncDirectory(disk, `${root}/incoming`);
    isRemoved = false;
    if (isTaken) syncDirectory(disk, `${root}/tmp`);
    isTaken = false;
  }

  return {
    async remove(step, placed) {
      await writer.sync();
      if (placed.some(({ unclaimed }) => unclaimed?.isKept)) syncDirectory(disk, `${root}/unclaimed`);
      const removed = placed.filter((each) => {
        const result = removeOne(each);
        if (result !== 'removed') step.isIncomplete = true;
        return result !== 'taken-back';
      });
      sync();
      return removed;
    },
  };
}

/** The file in `incoming/`, as it was read. */
function readStat(file: AcceptedFile): Pick<EntryStat, 'ino' | 'size'> {
  return 'ino' in file ? file : file.stat;
}
