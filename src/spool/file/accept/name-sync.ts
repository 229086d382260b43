/** Making names in `incoming/` durable, many with one fsync. */
import { errnoOf } from '../../../shared/errors.js';
import { type Disk, O_DIRECTORY, O_RDONLY } from '../disk/disk.js';
import { closeQuietly, fsyncAside } from '../disk/write-file.js';

/** Whether the names are durable, or `incoming/` may not be opened. */
type NamesSynced = 'durable' | 'denied';

/**
 * Returns what makes the name of an open file in `incoming/` durable. All who ask before an fsync of the directory
 * begins share it: it covers what was renamed until then. Who asks later waits for the next one.
 * It rejects for all of them with the errno of what failed.
 */
export function createNameSync(disk: Disk, root: string): (fd: number) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<NamesSynced> | undefined;

  function joinNext(fd: number): Promise<NamesSynced> {
    if (next !== undefined) return next;
    const begin = (): Promise<NamesSynced> => {
      next = undefined;
      return syncNames(disk, root, fd);
    };
    next = last.then(begin, begin);
    last = next;
    return next;
  }

  return async (fd) => {
    if ((await joinNext(fd)) === 'denied') await fsyncAside(disk, fd);
  };
}

/**
 * Makes all names durable that `incoming/` has now.
 * @param witness any file whose name is among them. XFS, once it has shut down for an I/O error, still says 0 to the
 *   fsync of a directory, but EIO to that of a file, whichever it is.
 */
async function syncNames(disk: Disk, root: string, witness: number): Promise<NamesSynced> {
  try {
    await syncIncoming(disk, root);
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return 'denied';
    throw error;
  }
  await fsyncAside(disk, witness);
  return 'durable';
}

async function syncIncoming(disk: Disk, root: string): Promise<void> {
  const fd = disk.openSync(`${root}/incoming`, O_RDONLY | O_DIRECTORY);
  try {
    await fsyncAside(disk, fd);
  } finally {
    closeQuietly(disk, fd);
  }
}
