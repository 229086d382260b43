/** Replaces a file at once and for good: a reader sees the old text or the new one, and after a power cut too. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf } from '../../shared/errors.js';
import { makePath } from '../../shared/make-path.js';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR, O_WRONLY } = constants;
const NEW_FILE = 0o600;
const NEW_DIRECTORY = 0o700;

/** What is kept of the file that is replaced. */
export interface Kept {
  mode: number;
  uid: number;
  gid: number;
}

/**
 * The file that a path stands for, symbolic links followed even if the last one
 * leads to nothing yet. Its directory is there afterwards (made with 0700).
 *
 * @throws the errno of a directory that cannot be made or entered
 */
export async function settlePath(path: string, links = 0): Promise<string> {
  makePath(dirname(path), NEW_DIRECTORY);
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || links > 40) throw error;
  }
  const here = join(await realpath(dirname(path)), basename(path));
  return (await isLink(here)) ? settlePath(resolve(dirname(here), await readlink(here)), links + 1) : here;
}

/**
 * Writes a file by way of a new one in the same directory: written, fsynced,
 * renamed, directory fsynced. Mode and owner of the old file are kept where
 * that is allowed; a new file has 0600. One that is a mount of its own, as a
 * single file in a container, cannot be replaced (EBUSY), and is written in its
 * place; the new text lies whole beside it until that is durable.
 *
 * @param options.unless asked at the last moment; if it says yes nothing is replaced
 * @returns whether the file was replaced
 * @throws the errno of the call that failed; nothing is left behind then
 */
export async function replaceFile(
  path: string,
  text: string,
  options: { keep: Kept | undefined; unless: () => Promise<boolean> },
): Promise<boolean> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, NEW_FILE);
  try {
    try {
      await handle.writeFile(text);
      await takeOver(handle, options.keep);
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

/** Writes a file in its place, whole or not at all as far as errors go. @throws the errno of the call that failed */
async function overwrite(path: string, text: string): Promise<void> {
  const handle = await open(path, O_RDWR | O_NOFOLLOW);
  try {
    const old = await handle.readFile();
    try {
      await writeFrom(handle, Buffer.from(text));
    } catch (error) {
      await writeFrom(handle, old); // a full disk has room for what was there
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

async function takeOver(handle: FileHandle, keep: Kept | undefined): Promise<void> {
  // The umask does not decide how private the file is.
  if (keep === undefined) return handle.chmod(NEW_FILE);
  const { uid } = await handle.stat();
  // Only root may give files away; the file is ours then, as after any editor's save, but still its group's.
  if (!(await giveTo(handle, keep))) await giveTo(handle, { uid, gid: keep.gid });
  // What one group may read is not for another one.
  const isSameGroup = (await handle.stat()).gid === keep.gid;
  await handle.chmod(keep.mode & (isSameGroup ? 0o7777 : 0o7707));
}

/** @returns false where that is not allowed */
async function giveTo(handle: FileHandle, { uid, gid }: Pick<Kept, 'uid' | 'gid'>): Promise<boolean> {
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
