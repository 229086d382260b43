/**
 * Accepting: when the steps of `commit` have come to their end, the entry
 * survives `kill -9` and a power cut; if they throw, nothing was accepted.
 * Needs no lock, no drain and no right to list `incoming/`.
 *
 * write tmp, fsync · rename to incoming/ · fsync incoming/; fsync the file again
 */
import { CapnhookError } from '../../../shared/errors.js';
import { type Disk, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../disk/disk.js';
import { privateFile, sharedFile } from '../disk/layout.js';
import { linkNew } from '../disk/link-new.js';
import { abandon, closeQuietly, createFile, discard, removeIfThere } from '../disk/write-file.js';
import { lackOf } from './space.js';
import type { Steps } from './steps.js';

/** What is to be accepted. */
export interface Submission {
  /** Its name in `incoming/`. */
  name: string;
  /** What it holds, in pieces; asked for again at each attempt. */
  pieces(): Iterable<Uint8Array>;
  /** How many bytes that is. */
  size: number;
  /** Whether the name was chosen by the user, so that it may be taken already. */
  chosen: boolean;
  /** A name for the temporary file, unique. */
  token: string;
  /** Of a batch: how many events there are in it. */
  events?: number;
}

/** What `commit` came to: `taken` means another entry has that name, and nothing was accepted. */
export type Committed = 'accepted' | 'taken';

/** @throws the errno of what failed, or CapnhookError `TEMPORARY` below the reserve of free space */
export function* commit(disk: Disk, root: string, submission: Submission): Steps<Committed> {
  const temporary = `${root}/tmp/${submission.token}`;
  const shared = (disk.statSync(`${root}/tmp`).mode & 0o1000) !== 0;
  keepReserve(disk, root, submission);
  const mode = shared ? sharedFile : privateFile;
  const fd = createFile(disk, temporary, { pieces: submission.pieces(), mode });
  yield* makeBytesDurable(disk, temporary, fd);
  try {
    return yield* publish(disk, root, { ...submission, temporary, fd });
  } finally {
    closeQuietly(disk, fd);
  }
}

/** A failed fsync is never tried again. */
function* makeBytesDurable(disk: Disk, path: string, fd: number): Steps<void> {
  try {
    yield { of: 'bytes', fd };
  } catch (error) {
    abandon(disk, path, fd);
    throw error;
  }
}

interface Written extends Submission {
  temporary: string;
  fd: number;
}

function* publish(disk: Disk, root: string, { name, chosen, temporary, fd }: Written): Steps<Committed> {
  const accepted = `${root}/incoming/${name}`;
  if (chosen) {
    try {
      if (!linkNew(disk, temporary, accepted)) return 'taken';
    } finally {
      discard(disk, temporary);
    }
  } else rename(disk, temporary, accepted);
  try {
    yield { of: 'name', fd };
  } catch (error) {
    // A drain that has taken the event in meanwhile did so durably.
    if (!removeIfThere(disk, accepted)) return 'accepted';
    throw error;
  }
  return 'accepted';
}

/** A name that was made just now is nobody else's. */
function rename(disk: Disk, temporary: string, accepted: string): void {
  try {
    disk.renameSync(temporary, accepted);
  } catch (error) {
    discard(disk, temporary);
    throw error;
  }
}

/**
 * Makes an entry durable that is waiting under its name already: the process that put it there may have ended before its fsync.
 * @throws the errno of what failed; `ENOENT` if a drain has taken it in meanwhile
 */
export function* syncAccepted(disk: Disk, root: string, name: string): Steps<void> {
  const fd = disk.openSync(`${root}/incoming/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    yield { of: 'bytes', fd };
    yield { of: 'name', fd };
  } finally {
    closeQuietly(disk, fd);
  }
}

/** Space and inodes are kept for the drain, which needs a little to empty the spool: a batch gets a byte an event, too. */
function keepReserve(disk: Disk, root: string, { size, events = 0 }: Submission): void {
  const lack = lackOf(disk, root, { bytes: size + events, files: events > 0 ? 1 : 0 });
  if (lack === undefined) return;
  const what = lack === 'inodes' ? 'hardly any inodes are' : 'hardly any space is';
  const message = `Cannot queue the event: ${what} left on the file system (spool ${root})`;
  throw new CapnhookError('TEMPORARY', message, {
    hint: `Free some space, then try again. What holds the space: capnhook status --spool ${root}`,
  });
}
