/** An archive as a file: written beside its name, and given that when it is durable. */
import { type FileHandle, link, open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CapnhookError, errnoOf, ignoreErrno } from '../shared/errors.js';
import { randomBytes } from '../shared/machine/random.js';
import { visible } from '../shared/visible.js';
import type { ArchiveFile } from '../usecases/exchange/export.js';

/** Size of the pieces that are written and read, in bytes. */
const pieceBytes = 262_144;

/** A file that is being written. */
export interface OpenArchive extends ArchiveFile {
  /** Closes it; what has not got its name is removed. */
  close(): Promise<void>;
}

/** Opens an archive, whose name must be free. @throws CapnhookError `SPOOL_WRITE`, `PERMISSION`, `USAGE` for a name that is taken */
export async function openArchive(path: string): Promise<OpenArchive> {
  const token = Buffer.from(randomBytes(6)).toString('hex');
  const temporary = join(dirname(path), `.${basename(path)}.${token}`);
  if (await isThere(path)) throw taken(path);
  const handle = await inWords(path, () => open(temporary, 'wx+', 0o600));
  let pieces: Uint8Array[] = [];
  let waiting = 0;

  async function flush(): Promise<void> {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    waiting = 0;
    await writeAll(handle, bytes);
  }

  return {
    async write(bytes) {
      pieces.push(bytes);
      waiting += bytes.byteLength;
      if (waiting >= pieceBytes) await inWords(path, flush);
    },
    finish: () =>
      inWords(path, async () => {
        await flush();
        await handle.sync();
        await link(temporary, path);
        await unlink(temporary);
        await syncDirectory(dirname(path));
      }),
    async *read() {
      for (let position = 0; ; ) {
        const bytes = Buffer.alloc(pieceBytes);
        const { bytesRead } = await inWords(path, () => handle.read(bytes, 0, bytes.length, position));
        if (bytesRead === 0) return;
        position += bytesRead;
        yield bytes.subarray(0, bytesRead);
      }
    },
    async close() {
      await handle.close();
      await unlink(temporary).catch(ignoreErrno);
    },
  };
}

/** Reads a file in pieces. @throws CapnhookError `NO_INPUT`, `PERMISSION` */
export async function* readPieces(path: string): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    for (;;) {
      const bytes = Buffer.alloc(pieceBytes);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, null).catch((error: unknown) => {
        throw unreadable(path, error);
      });
      if (bytesRead === 0) return;
      yield bytes.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; )
    at += (await handle.write(bytes, at, bytes.byteLength - at)).bytesWritten;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r')).close();
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ENOENT';
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Not every file system has this.
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? ''))
      throw error;
  } finally {
    await handle.close();
  }
}

async function inWords<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno === 'EEXIST') throw taken(path);
    const code = errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS' ? 'PERMISSION' : 'SPOOL_WRITE';
    throw new CapnhookError(code, `Cannot export: ${nameOf(path)} cannot be written (${errno})`, {
      cause: error,
      hint: 'Name another file. What was moved out of the queues, if any, is in dead/: capnhook retry --reason exported puts it back.',
    });
  }
}

/** A path in a message; what is a URL by mistake may be a secret. */
function nameOf(path: string): string {
  return path.includes('://') ? 'a URL' : visible(path);
}

function taken(path: string): CapnhookError {
  return new CapnhookError('USAGE', `Cannot export: ${nameOf(path)} is there already`, {
    hint: 'Name a new file: an archive is not replaced.',
  });
}

function unreadable(path: string, error: unknown): CapnhookError {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  const code = errno === 'EACCES' || errno === 'EPERM' ? 'PERMISSION' : 'NO_INPUT';
  return new CapnhookError(code, `Cannot import: ${nameOf(path)} cannot be read (${errno})`, {
    cause: error,
  });
}
