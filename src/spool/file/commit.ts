/**
 * Accepting: from the moment `commit` returns, the entry survives `kill -9`
 * and a power cut; if it throws, nothing was accepted. Needs no lock, no
 * drain and no right to list `incoming/`.
 *
 * write tmp, fsync · rename to incoming/ · fsync incoming/
 */
import { CapnhookError, errnoOf } from '../../shared/errors.js';
import { type Disk, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from './disk.js';
import { privateFile, sharedFile } from './layout.js';
import { closeQuietly, discard, syncDirectory, writeDurably } from './write-file.js';

/** What is to be accepted. */
export interface Submission {
  /** Its name in `incoming/`. */
  name: string;
  bytes: Uint8Array;
  /** Whether the name was chosen by the user, so that it may be taken already. */
  chosen: boolean;
  /** A name for the temporary file, unique. */
  token: string;
}

/** What `commit` came to: `taken` means another entry has that name, and nothing was accepted. */
export type Committed = 'accepted' | 'taken';

/** Hard links that a file system has no word for; then a rename must do. */
export const linkRefusals: ReadonlySet<string> = new Set([
  'EMLINK',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EXDEV',
]);

/** @throws the errno of what failed, or CapnhookError `TEMPORARY` below the reserve of free space */
export function commit(disk: Disk, root: string, submission: Submission): Committed {
  const temporary = `${root}/tmp/${submission.token}`;
  const shared = (disk.statSync(`${root}/tmp`).mode & 0o1000) !== 0;
  keepReserve(disk, root, submission.bytes.length);
  const fd = writeDurably(disk, temporary, {
    bytes: submission.bytes,
    mode: shared ? sharedFile : privateFile,
  });
  try {
    return publish(disk, root, { ...submission, temporary, fd });
  } finally {
    closeQuietly(disk, fd);
  }
}

interface Written extends Submission {
  temporary: string;
  fd: number;
}

function publish(disk: Disk, root: string, { name, chosen, temporary, fd }: Written): Committed {
  const accepted = `${root}/incoming/${name}`;
  try {
    if (chosen) linkNew(disk, temporary, accepted);
    else disk.renameSync(temporary, accepted);
  } catch (error) {
    discard(disk, temporary);
    if (errnoOf(error) === 'EEXIST') return 'taken';
    throw error;
  }
  try {
    syncIncoming(disk, root, fd);
  } catch (error) {
    if (!withdrawn(disk, accepted)) return 'accepted';
    throw error;
  }
  return 'accepted';
}

/** Gives the file its name unless that is taken (EEXIST). */
function linkNew(disk: Disk, from: string, to: string): void {
  try {
    disk.linkSync(from, to);
  } catch (error) {
    if (!linkRefusals.has(errnoOf(error) ?? '')) throw error;
    if (disk.lstatSync(to, { throwIfNoEntry: false }))
      throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
    disk.renameSync(from, to);
    return;
  }
  discard(disk, from);
}

/** In a shared spool a submitter may not open `incoming/`: fsync of the renamed file covers its name too. */
function syncIncoming(disk: Disk, root: string, fd: number): void {
  try {
    syncDirectory(disk, `${root}/incoming`);
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    disk.fsyncSync(fd);
  }
}

/**
 * Makes an entry durable that is waiting under its name already: whoever put it there may have ended before its fsync.
 * @throws the errno of what failed; `ENOENT` if a drain has taken it in meanwhile
 */
export function syncAccepted(disk: Disk, root: string, name: string): void {
  const fd = disk.openSync(`${root}/incoming/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    disk.fsyncSync(fd);
    syncIncoming(disk, root, fd);
  } finally {
    closeQuietly(disk, fd);
  }
}

/** Takes a name back; false if a drain has taken the event in meanwhile, durably. */
function withdrawn(disk: Disk, accepted: string): boolean {
  try {
    disk.unlinkSync(accepted);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Space and inodes are kept for the drain, which needs a little to empty the spool. */
function keepReserve(disk: Disk, root: string, bytes: number): void {
  const fs = disk.statfsSync(`${root}/tmp`);
  const free = fs.bavail * fs.bsize;
  const reserve = Math.min(1 << 20, (fs.blocks * fs.bsize) / 100);
  const lowInodes = fs.files > 0 && fs.ffree < Math.min(64, fs.files / 100);
  if (fs.blocks === 0 || (free >= reserve + bytes && !lowInodes)) return;
  const what = lowInodes ? 'hardly any inodes are' : 'hardly any space is';
  throw new CapnhookError(
    'TEMPORARY',
    `Cannot queue the event: ${what} left on the file system (spool ${root})`,
    {
      hint: 'Free some space, then fire again.',
    },
  );
}
