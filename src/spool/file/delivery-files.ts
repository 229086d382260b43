/**
 * What becomes of a delivery's file when the delivery is settled. ENOENT means
 * that somebody else took it, and is as good.
 */
import { errnoOf, ignoreErrno } from '../../shared/errors.js';
import type { Why } from '../spool.js';
import type { DirectorySync } from './directory-sync.js';
import type { Disk } from './disk.js';
import { privateDir, privateFile } from './layout.js';
import { putAside } from './put-aside.js';
import type { Slot } from './slot.js';
import {
  closeQuietly,
  discard,
  ensureDirectory,
  removeIfThere,
  syncDirectory,
  writeDurably,
} from './write-file.js';

/** Throws, from each: the errno of whatever failed. */
export interface DeliveryFiles {
  pathOf(slot: Slot): string;
  /** Removes it. */
  remove(slot: Slot): void;
  /** Moves it to `retry/<endpoint>/<name>`; false if it was gone. */
  moveToRetry(slot: Slot, to: { endpoint: string; name: string }): boolean;
  /** Moves it to `dead/<endpoint>/<id>.json`, with the reason beside it. */
  moveToDead(slot: Slot, to: { endpoint: string; id: string; why: Why }): void;
}

/** @param sync makes removals durable, in groups */
export function createDeliveryFiles(disk: Disk, root: string, sync: DirectorySync): DeliveryFiles {
  /** Directories that are there, durably. */
  const made = new Set<string>();

  function pathOf(slot: Slot): string {
    return `${root}/${slot.directory}/${slot.name}`;
  }

  /** Moves a file so that its old name is surely gone; false if it was gone already. */
  function move(slot: Slot, to: string): boolean {
    const from = pathOf(slot);
    try {
      makeWay(from, to);
      disk.renameSync(from, to);
      removeIfThere(disk, from); // rename(2) does nothing where both names are the same file already
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    sync.touch(`${root}/${slot.directory}`);
    return true;
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

  function makeRoomFor(room: 'retry' | 'dead', endpoint: string): string {
    const directory = `${root}/${room}/${endpoint}`;
    if (made.has(directory)) return directory;
    ensureDirectory(disk, directory, privateDir);
    syncDirectory(disk, `${root}/${room}`);
    made.add(directory);
    return directory;
  }

  return {
    pathOf,
    remove(slot) {
      removeIfThere(disk, pathOf(slot));
      sync.touch(`${root}/${slot.directory}`);
    },
    moveToRetry(slot, { endpoint, name }) {
      const directory = makeRoomFor('retry', endpoint);
      const moved = move(slot, `${directory}/${name}`);
      sync.touch(directory);
      return moved;
    },
    moveToDead(slot, { endpoint, id, why }) {
      const directory = makeRoomFor('dead', endpoint);
      writeWhy(disk, `${directory}/${id}.why.json`, why);
      move(slot, `${directory}/${id}.json`);
      syncDirectory(disk, directory);
    },
  };
}

/** Best effort: the delivery itself matters. */
function writeWhy(disk: Disk, path: string, why: Why): void {
  discard(disk, path);
  try {
    const bytes = Buffer.from(`${JSON.stringify(why)}\n`);
    closeQuietly(disk, writeDurably(disk, path, { bytes, mode: privateFile }));
  } catch (error) {
    ignoreErrno(error);
  }
}
