import { fstatSync, readSync } from 'node:fs';
import { errnoOf } from '../../shared/errors.js';

/** Initial buffer size in bytes if the file's size is unknown. */
const firstBytes = 65_536;

/**
 * Reads a descriptor of any kind (file, pipe, terminal) to its end.
 * @returns undefined if there are more than `maxBytes`
 * @throws the errno of a failed read
 */
export function readAll(fd: number, maxBytes: number): Uint8Array | undefined {
  const { size } = fstatSync(fd);
  // One byte more than the file's size, so that its end is seen without growing the buffer.
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

/** Reads a descriptor of any kind piece by piece. @throws the errno of a failed read */
export function* readPieces(fd: number): Generator<Uint8Array> {
  for (;;) {
    const piece = Buffer.allocUnsafe(firstBytes);
    const read = readSome(fd, piece);
    if (read === 0) return;
    yield piece.subarray(0, read);
  }
}

/** Copies the bytes to a buffer of twice the size, at most `most` bytes. */
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
      // Another process made our standard input non-blocking, and there is no data yet.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
