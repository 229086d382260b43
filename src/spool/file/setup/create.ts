/**
 * Making a spool, and recognising one. `VERSION` is written last, and in one call
 * (by rename), when all else is durable: so a half-made spool is simply made
 * again, and a process that finds a whole one can rely on it.
 */
import { dirname } from 'node:path';
import { CapnhookError, errnoOf } from '../../../shared/errors.js';
import { type Disk, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../disk/disk.js';
import {
  drainRooms,
  knownNames,
  passableDir,
  privateDir,
  privateFile,
  type Room,
  roomPath,
  rooms,
  sharedDir,
  versionText,
} from '../disk/layout.js';
import { spoolError } from '../disk/spool-error.js';
import { closeQuietly, ensureDirectory, syncDirectory, writeDurably } from '../disk/write-file.js';
import { makeBallast } from './ballast.js';

/** What says that a directory is not ours to fsync, or that its file system has no such thing. */
const unsynced: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EINVAL',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EROFS',
]);

/** How a spool is made. */
export interface CreateOptions {
  /** Members of this group (its number) may fire into it, and nothing else. */
  sharedWith?: number;
  /** A name for the temporary file, unique. */
  token: string;
}

/**
 * Checks that `root` is a spool of this format, and makes it if there is none.
 * @throws CapnhookError `SPOOL_CREATE` if it cannot be made, is a newer format or is no spool; `PERMISSION`; `TEMPORARY`
 */
export function ensureSpool(disk: Disk, root: string, options: CreateOptions): void {
  try {
    const version = readVersion(disk, root);
    if (version !== undefined) checkVersion(version, root);
    if (version !== undefined && options.sharedWith === undefined) return;
    createSpool(disk, root, { ...options, isNew: version === undefined });
  } catch (error) {
    throw spoolError(error, { doing: 'create or open the spool', root, otherwise: 'SPOOL_CREATE' });
  }
}

/** The text of `VERSION` without its line break, or undefined where the file is missing. */
function readVersion(disk: Disk, root: string): string | undefined {
  let fd: number;
  try {
    fd = disk.openSync(`${root}/VERSION`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(64);
    return bytes.toString('utf8', 0, disk.readSync(fd, bytes)).trimEnd();
  } finally {
    closeQuietly(disk, fd);
  }
}

function checkVersion(version: string, root: string): void {
  if (version === versionText) return;
  const found = JSON.stringify(version.slice(0, 40));
  throw new CapnhookError(
    'SPOOL_CREATE',
    `Cannot use the spool ${root}: its VERSION is ${found}, not "${versionText}"`,
    {
      hint:
        version === ''
          ? `Something has emptied that file. Write "${versionText}" into it, and look whether all else is whole.`
          : 'A newer capnhook made it. Update this one, or choose another spool with --spool or CAPNHOOK_SPOOL.',
    },
  );
}

function createSpool(
  disk: Disk,
  root: string,
  { sharedWith, token, isNew }: CreateOptions & { isNew: boolean },
): void {
  makePath(disk, root, sharedWith === undefined ? privateDir : passableDir);
  syncAbove(disk, root);
  if (isNew) refuseForeign(disk, root);
  if (sharedWith !== undefined) disk.chmodSync(root, passableDir);
  for (const room of rooms) makeRoom(disk, root, { room, sharedWith });
  syncDirectory(disk, root);
  const temporary = `${root}/tmp/VERSION.${token}`;
  const mode = sharedWith === undefined ? privateFile : passableDir & 0o666;
  closeQuietly(disk, writeDurably(disk, temporary, { bytes: Buffer.from(`${versionText}\n`), mode }));
  disk.renameSync(temporary, `${root}/VERSION`);
  syncDirectory(disk, root);
  makeBallast(disk, root);
}

/**
 * Makes directories again that a person has removed, or a backup has left out. Those of a shared spool that others write
 * to are made by {@link ensureSpool} alone, which is told the group.
 * @throws the errno of what failed
 */
export function restoreRooms(disk: Disk, root: string): void {
  const isShared = (disk.statSync(`${root}/VERSION`).mode & 0o044) !== 0;
  const missing = (isShared ? drainRooms : rooms).filter((room) =>
    ensureDirectory(disk, roomPath(root, room), privateDir),
  );
  if (missing.length > 0) syncDirectory(disk, root);
}

/** Makes a directory and what is missing above it. */
function makePath(disk: Disk, path: string, mode: number): void {
  if (disk.statSync(path, { throwIfNoEntry: false })) return;
  makePath(disk, dirname(path), mode);
  ensureDirectory(disk, path, mode);
  syncDirectory(disk, dirname(path));
}

/**
 * Makes the names of a directory and of those above it durable: the process that made them may have ended before that. What
 * is another user's, or of a file system without such an fsync, is surely older.
 */
function syncAbove(disk: Disk, path: string): void {
  const above = dirname(path);
  if (above === path) return;
  try {
    syncDirectory(disk, above);
  } catch (error) {
    if (!unsynced.has(errnoOf(error) ?? '')) throw error;
  }
  syncAbove(disk, above);
}

/**
 * A directory with anything in it was surely named by mistake, and what a drain sweeps there would be a stranger's. What
 * a maker of a spool leaves when it is killed may be there: rooms that are empty, and a `VERSION` in `tmp/`.
 */
function refuseForeign(disk: Disk, root: string): void {
  const foreign = disk.readdirSync(root).find((name) => !mayBeThere(disk, root, name));
  if (foreign === undefined) return;
  // Two may make it at the same time: it is whole now, and in use.
  const version = readVersion(disk, root);
  if (version === undefined) throw isNoSpool(root, foreign);
  checkVersion(version, root);
}

function isNoSpool(root: string, foreign: string): CapnhookError {
  const shown = JSON.stringify(foreign);
  const isRoom = knownNames.has(foreign);
  const why = isRoom ? `it has no VERSION, and ${shown} is not empty` : `it holds other things (${shown})`;
  const hint = isRoom
    ? `Name a new or an empty directory. If it is a spool that has lost its VERSION, write "${versionText}" into that file.`
    : 'Name a new or an empty directory with --spool or CAPNHOOK_SPOOL.';
  return new CapnhookError('SPOOL_CREATE', `Cannot use ${root} as a spool: ${why}`, { hint });
}

/** A `VERSION` that was not put into its place. */
const unfinishedVersion = /^VERSION\.\w+$/;

function mayBeThere(disk: Disk, root: string, name: string): boolean {
  if (name === 'lost+found') return true; // of a file system that is mounted there
  const room = rooms.find((each) => each === name);
  if (room === undefined) return false;
  const path = roomPath(root, room);
  if (disk.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  return disk.readdirSync(path).every((each) => room === 'tmp' && unfinishedVersion.test(each));
}

function makeRoom(
  disk: Disk,
  root: string,
  { room, sharedWith }: { room: Room; sharedWith: number | undefined },
): void {
  const path = roomPath(root, room);
  const open = sharedWith !== undefined && (room === 'tmp' || room === 'incoming');
  ensureDirectory(disk, path, privateDir);
  if (!open) return;
  disk.chownSync(path, -1, sharedWith);
  disk.chmodSync(path, sharedDir);
}
