import { errnoOf } from '../../../shared/errors.js';
import { type Disk, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../disk/disk.js';
import { closeQuietly } from '../disk/write-file.js';

/** What says that root may not give files away here: a container, a network file system. */
const refusals: ReadonlySet<string | undefined> = new Set(['EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'ENOSYS']);

/**
 * A disk that gives what root makes in another user's spool to that user, whose drain could not use it otherwise. For
 * everybody else, in a spool of root's own, and where there is none yet, it is the same disk.
 */
export function forOwner(disk: Disk, root: string): Disk {
  const owner = ownerOf(disk, root);
  if (owner === undefined) return disk;
  const { uid, gid } = owner;

  /** By its descriptor: the owner could put a link under its name. */
  function give(fd: number): void {
    try {
      disk.fchownSync(fd, uid, gid);
    } catch (error) {
      if (!refusals.has(errnoOf(error))) throw error;
    }
  }

  const openSync: Disk['openSync'] = (path, flags, mode) => {
    const fd = disk.openSync(path, flags, mode);
    if (typeof flags === 'number' && (flags & O_CREAT) !== 0) give(fd);
    return fd;
  };
  const mkdirSync = (path: string, options: { mode: number }): undefined => {
    disk.mkdirSync(path, options);
    const fd = disk.openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    give(fd);
    closeQuietly(disk, fd);
  };
  return { ...disk, openSync, mkdirSync: mkdirSync as Disk['mkdirSync'] };
}

/** The user whose spool it is, where this process is root's and the spool is not. */
function ownerOf(disk: Disk, root: string): { uid: number; gid: number } | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  try {
    const { uid, gid } = disk.statSync(root);
    return uid === 0 ? undefined : { uid, gid };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined; // whatever is done next says what is wrong with it
  }
}
