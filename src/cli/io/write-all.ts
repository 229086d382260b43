import { writeSync } from 'node:fs';
import { errnoOf } from '../../shared/errors.js';

/**
 * Writes a text or bytes to a descriptor of any kind (file, pipe, terminal).
 * @returns the errno if it could not be written completely, for example because of a closed pipe or a full disk
 */
export function writeAll(fd: number, data: string | Uint8Array): string | undefined {
  const bytes = Buffer.from(data as Uint8Array);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined || errno.startsWith('ERR_')) throw error;
      if (errno !== 'EAGAIN') return errno;
      // Another process made it non-blocking, and its reader is slow.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  return undefined;
}
