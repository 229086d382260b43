import { writeSync } from 'node:fs';
import { errnoOf } from '../shared/errors.js';

/** Errors of a stream that nobody reads any more: what we do matters, not who listens. */
const unheard: ReadonlySet<string> = new Set(['EPIPE', 'EBADF', 'EIO', 'ENOSPC', 'ECONNRESET']);

/**
 * Writes a text whole to a descriptor of any kind (file, pipe, terminal). A reader that has gone away is no error.
 * @throws the errno of a write that failed otherwise
 */
export function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      if (unheard.has(errno)) return;
      if (errno !== 'EAGAIN') throw error;
      // Somebody made it non-blocking, and its reader is slow.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
