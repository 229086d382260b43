/** What cannot be read is moved to `corrupt/`, with the reason beside it; never deleted. */
import { errnoOf, ignoreErrno } from '../../../shared/errors.js';
import type { EntryProblem } from '../../spool.js';
import { type Disk, W_OK } from './disk.js';
import { privateFile } from './layout.js';
import { closeQuietly, discard, ensureRoom, syncDirectory, writeDurably } from './write-file.js';

/** A path as the kernel knows it: a Buffer where the name is not UTF-8. */
export type RawPath = string | Buffer;

/**
 * Moves an entry of any kind (file, directory, link, FIFO, socket) to `corrupt/`.
 * @param name what the entry is called there, if that name is free
 * @returns undefined if the entry was gone already
 * @throws the errno of a failed move; the entry is then where it was
 */
export function putAside(
  disk: Disk,
  root: string,
  { path, name, reason }: { path: RawPath; name: string; reason: string },
): EntryProblem | undefined {
  const there = disk.lstatSync(path, { throwIfNoEntry: false });
  // Another user's directory cannot be moved, and its reason need not be written first.
  if (there?.isDirectory()) disk.accessSync(path, W_OK);
  const corrupt = ensureRoom(disk, root, 'corrupt');
  const free = freeName(disk, corrupt, shorten(name));
  writeReason(disk, `${corrupt}/${free}.why`, reason);
  try {
    disk.renameSync(path, `${corrupt}/${free}`);
  } catch (error) {
    discard(disk, `${corrupt}/${free}.why`);
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  syncDirectory(disk, corrupt);
  return { name: free, reason };
}

/** Leaves room for a number and for `.why` within the 255 bytes of a name. */
function shorten(name: string): string {
  let short = name;
  while (Buffer.byteLength(short) > 230) short = short.slice(0, -1);
  return short;
}

function freeName(disk: Disk, directory: string, name: string): string {
  for (let n = 0; ; n += 1) {
    const candidate = n === 0 ? name : `${name}.${n}`;
    const taken = [candidate, `${candidate}.why`].some((each) =>
      disk.lstatSync(`${directory}/${each}`, { throwIfNoEntry: false }),
    );
    if (!taken) return candidate;
  }
}

/** Best effort: a full disk must not keep an unreadable file where it is in the way. */
function writeReason(disk: Disk, path: string, reason: string): void {
  try {
    closeQuietly(disk, writeDurably(disk, path, { bytes: Buffer.from(`${reason}\n`), mode: privateFile }));
  } catch (error) {
    ignoreErrno(error);
  }
}
