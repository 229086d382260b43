/** The last bytes of an output. */
export interface Tail {
  add(piece: Uint8Array): void;
  /** The last bytes as text: it begins with a whole character, and bytes that are not UTF-8 become U+FFFD. */
  text(): string;
}

/** @param maxBytes how many bytes are kept, in a buffer of this size */
export function createTail(maxBytes: number): Tail {
  const ring = Buffer.alloc(maxBytes);
  let at = 0;
  let isFull = false;
  return {
    add(piece) {
      const last = piece.subarray(-maxBytes);
      const first = last.subarray(0, maxBytes - at);
      ring.set(first, at);
      ring.set(last.subarray(first.length));
      isFull ||= at + last.length >= maxBytes;
      at = (at + last.length) % maxBytes;
    },
    text() {
      const bytes = isFull ? Buffer.concat([ring.subarray(at), ring.subarray(0, at)]) : ring.subarray(0, at);
      return bytes.toString('utf8', isFull ? characterStart(bytes) : 0);
    },
  };
}

/** The offset of the first byte that does not continue a character; at most 3. */
function characterStart(bytes: Uint8Array): number {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return start;
}
