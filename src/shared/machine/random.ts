/** Randomness from the kernel, without the 4 ms that loading `node:crypto` costs. */
import { closeSync, openSync, readSync } from 'node:fs';

/** Returns `count` random bytes from `/dev/urandom`. @throws the errno of a machine without it */
export function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  const fd = openSync('/dev/urandom', 'r');
  try {
    for (let at = 0; at < count; ) at += readSync(fd, bytes, at, count - at, null);
  } finally {
    closeSync(fd);
  }
  return bytes;
}
