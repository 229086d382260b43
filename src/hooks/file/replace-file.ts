/** Replaces a file atomically and durably: a reader sees the old text or the new one, also after a power cut. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf } from '../../shared/errors.js';
import { makePath } from '../../shared/machine/make-path.js';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR, O_WRONLY } = constants;
const NEW_FILE = 0o600;
const NEW_DIRECTORY = 0o700;

/** The attributes that a replaced file keeps. */
export interface FileAttributes {
  mode: number;
  uid: number;
  gid: number;
}

/**
 * Resolves the symbolic links of a path, even if the last one is dangling.
 * Creates the directory of the file if it is missing, with mode 0700.
 *
 * @throws the errno of a directory that cannot be created or entered
 */
export async function resolveLinks(path: string, links = 0): Promise<string> {
  makePath(dirname(path), NEW_DIRECTORY);
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || links > 40) throw error;
  }
  const here = join(await realpath(dirname(path)), basename(path));
  return (await isLink(here)) ? resolveLinks(resolve(dirname(here), await readlink(here)), links + 1) : here;
}

/**
 * Writes a file through a temporary one in the same directory: write, fsync,
 * rename, fsync the directory. Mode and owner of the old file are kept if that is
 * permitted; a new file has mode 0600. A file that is a mount point, as in a
 * container, cannot be replaced (EBUSY). It is overwritten, and the complete new
 * text stays beside it until that is durable.
 *
 * @param options.keep attributes of the old file, if there is one
 * @param options.unless called just before the rename; if it resolves to true, nothing is replaced
 * @returns whether the file was replaced
 * @throws the errno of the failed call; no temporary file is left then
 */
export async function replaceFile(
  path: string,
  text: string,
  options: { keep: FileAttributes | undefined; unless: () => Promise<boolean> },
): Promise<boolean> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, NEW_FILE);
  try {
    try {
      await handle.writeFile(text);
      await copyAttributes(handle, options.keep);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (await options.unless()) {
      await rm(temporary, { force: true });
      return false;
    }
    await putInPlace(temporary, path, text);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
  return true;
}

async function putInPlace(temporary: string, path: string, text: string): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (error) {
    if (errnoOf(error) !== 'EBUSY') throw error;
    await overwrite(path, text);
    await rm(temporary, { force: true });
  }
}

/** Overwrites a file; restores the old text if that fails. @throws the errno of the failed call */
async function overwrite(path: string, text: string): Promise<void> {
  const handle = await open(path, O_RDWR | O_NOFOLLOW);
  try {
    const old = await handle.readFile();
    try {
      await writeFrom(handle, Buffer.from(text));
    } catch (error) {
      await writeFrom(handle, old); // a full disk has room for the old text
      throw error;
    }
  } finally {
    await handle.close();
  }
}

async function writeFrom(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; )
    at += (await handle.write(bytes, at, bytes.length - at, at)).bytesWritten;
  await handle.truncate(bytes.length);
  await handle.sync();
}

async function copyAttributes(handle: FileHandle, keep: FileAttributes | undefined): Promise<void> {
  // The mode does not depend on the umask.
  if (keep === undefined) return handle.chmod(NEW_FILE);
  const { uid } = await handle.stat();
  // Only root may change the owner. Otherwise the file becomes ours, as after an editor's save, but keeps its group.
  if (!(await changeOwner(handle, keep))) await changeOwner(handle, { uid, gid: keep.gid });
  // Permissions of the old group must not go to another group.
  const isSameGroup = (await handle.stat()).gid === keep.gid;
  await handle.chmod(keep.mode & (isSameGroup ? 0o7777 : 0o7707));
}

/** @returns false if that is not permitted */
async function changeOwner(
  handle: FileHandle,
  { uid, gid }: Pick<FileAttributes, 'uid' | 'gid'>,
): Promise<boolean> {
  const now = await handle.stat();
  if (now.uid === uid && now.gid === gid) return true;
  try {
    await handle.chown(uid, gid);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
    return false;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
