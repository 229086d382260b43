/**
 * The way into the file spool: one file an event or batch, durable in `incoming/` when it
 * returns. Loads nothing but the file system, so that `fire` starts fast.
 */
import type { Inbox } from '../../spool.js';
import { type Disk, systemDisk } from '../disk/disk.js';
import { ensureSpool } from '../setup/create.js';
import { accept } from './accept.js';
import { performNow } from './steps.js';

export interface FileInboxOptions {
  /** Random bytes, this many. */
  random(bytes: number): Uint8Array;
  disk?: Disk;
}

/**
 * Where events are accepted: the spool `root`, which is made when it is missing.
 * `enqueue` rejects with CapnhookError `SPOOL_CREATE`, `SPOOL_WRITE`, `TEMPORARY` or `PERMISSION`, and with
 * `BAD_PAYLOAD` if another event is waiting under the chosen id.
 */
export function createFileInbox(root: string, { random, disk = systemDisk }: FileInboxOptions): Inbox {
  return {
    async enqueue(entry, { chosenId = false } = {}) {
      const token = Buffer.from(random(8)).toString('hex');
      ensureSpool(disk, root, { token });
      performNow(disk, root, accept(disk, root, { entry, chosenId, token }));
    },
  };
}
