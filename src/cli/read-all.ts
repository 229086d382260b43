import { readSync } from 'node:fs';
import { errnoOf } from '../shared/errors.js';

const chunkBytes = 65_536;

/**
 * Reads a descriptor of any kind (file, pipe, terminal) to its end.
 * @returns undefined if there are more than `maxBytes`
 * @throws the errno of a failed read
 */
export function readAll(fd: number, maxBytes: number): Uint8Array | undefined {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const read = readSome(fd, chunk);
    if (read === 0) return Buffer.concat(chunks, length);
    length += read;
    if (length > maxBytes) return undefined;
    chunks.push(chunk.subarray(0, read));
  }
}

function readSome(fd: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, chunk, 0, chunk.length, null);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      // Somebody made our standard input non-blocking, and nothing has come yet.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
