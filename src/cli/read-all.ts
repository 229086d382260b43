import { fstatSync, readSync } from 'node:fs';
import { errnoOf } from '../shared/errors.js';

/** Where the size is not known there is room for so many bytes at first. */
const firstBytes = 65_536;

/**
 * Reads a descriptor of any kind (file, pipe, terminal) to its end.
 * @returns undefined if there are more than `maxBytes`
 * @throws the errno of a failed read
 */
export function readAll(fd: number, maxBytes: number): Uint8Array | undefined {
  const { size } = fstatSync(fd);
  // A byte more than it takes: the end is seen without making room.
  let bytes = Buffer.allocUnsafe(size === 0 ? firstBytes : Math.min(size, maxBytes) + 1);
  let length = 0;
  for (;;) {
    const read = readSome(fd, bytes.subarray(length));
    if (read === 0) return bytes.subarray(0, length);
    length += read;
    if (length > maxBytes) return undefined;
    if (length === bytes.length) bytes = withRoom(bytes, maxBytes + 1);
  }
}

/** The same bytes, and as much room again, of `most` bytes in all. */
function withRoom(bytes: Uint8Array, most: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafe(Math.min(2 * bytes.length, most));
  larger.set(bytes);
  return larger;
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
