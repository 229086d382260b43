import type { Disk } from './disk/disk.js';
import { drainRooms } from './disk/layout.js';
import { listNames } from './disk/list-names.js';
import { readRecord } from './lock/lock-record.js';
import { isExpiryDue } from './unclaimed/unclaimed-expiry.js';

/** Rooms in which there is nothing while nothing is to be done, not even a directory. */
const empty = ['incoming', 'queue', 'retry', 'tmp'] as const;

/**
 * Whether a drain would find nothing to do, not even a missing directory to make, and no other drain is running. It takes no lock: its holder says so in the
 * lock file, unless the disk is full, and an entry that is accepted meanwhile is for the next drain either way.
 * @throws CapnhookError `SPOOL_WRITE` for a lock that is no regular file; the errno of what cannot be read
 */
export function isIdle(
  disk: Disk,
  root: string,
  { now, unclaimedKeepMs }: { now: number; unclaimedKeepMs?: (() => number) | undefined },
): boolean {
  const isWhole = drainRooms.every((room) => disk.lstatSync(`${root}/${room}`, { throwIfNoEntry: false }));
  return (
    isWhole &&
    readRecord(`${root}/lock`) === undefined &&
    empty.every((room) => disk.readdirSync(`${root}/${room}`).length === 0) &&
    listNames(disk, `${root}/control`).length === 0 &&
    // Anything else than a directory there is quarantined by a drain.
    disk.readdirSync(`${root}/dead`, { withFileTypes: true }).every((entry) => entry.isDirectory()) &&
    (unclaimedKeepMs === undefined ||
      disk.readdirSync(`${root}/unclaimed`).length === 0 ||
      !isExpiryDue(disk, root, { keepMs: unclaimedKeepMs(), now }))
  );
}
