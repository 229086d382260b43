/** Bytes that have come in pieces, and are taken by lines, or by a number of bytes. */
export interface ByteQueue {
  add(bytes: Uint8Array): void;
  /** How many bytes there are. */
  size(): number;
  /** The first line, without its line feed; undefined where its end has not come. */
  takeLine(): Buffer | undefined;
  /** The first bytes, this many; undefined where they have not all come. */
  take(count: number): Buffer | undefined;
}

const LINE_FEED = 0x0a;

/** Makes a queue, which copies bytes only where a line, or what is taken, lies in several pieces. */
export function createByteQueue(): ByteQueue {
  let pieces: Buffer[] = [];
  let size = 0;
  /** Bytes at the beginning in which there is no line feed. */
  let searched = 0;

  function take(count: number): Buffer | undefined {
    if (count > size) return undefined;
    const first = pieces[0] ?? Buffer.alloc(0);
    const all = first.length >= count ? first : Buffer.concat(pieces);
    if (all !== first) pieces = [all];
    const rest = all.subarray(count);
    if (rest.length > 0) pieces[0] = rest;
    else pieces.shift();
    size -= count;
    searched = 0;
    return all.subarray(0, count);
  }

  return {
    add(bytes) {
      if (bytes.length > 0) pieces.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      size += bytes.length;
    },
    size: () => size,
    take,
    takeLine() {
      let at = 0;
      for (const piece of pieces) {
        const feed = at + piece.length > searched ? piece.indexOf(LINE_FEED, Math.max(searched - at, 0)) : -1;
        if (feed >= 0) return take(at + feed + 1)!.subarray(0, -1);
        at += piece.length;
      }
      searched = size;
      return undefined;
    },
  };
}
