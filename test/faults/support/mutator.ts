/** Breaks valid things in random ways, as radamsa(1) does: the same seed breaks them in the same ways. */
import { randomNumbers } from '../../support/random-numbers.js';

export interface Mutator {
  /** 0 ≤ whole number < limit. */
  below(limit: number): number;
  /** One of them. */
  pick<T>(items: readonly T[]): T;
  /** The bytes with one to four changes. */
  mutate(bytes: Uint8Array): Buffer;
  /** A name for a file, of any bytes that the kernel takes, mostly made of a valid one. */
  name(valid: string): Buffer;
}

type Change = (bytes: Buffer, mutator: Mutator) => Buffer;

/** What breaks parsers: ends, signs, nesting, numbers and bytes that are no text. */
const spicy: readonly Buffer[] = [
  ...['', '\0', '\n', '\r\n', '"', '\\', '{', '}', '[', ']', ',', ':', '.', '..', '.json', '.jsonl', '.why'],
  ...['-1', '1e999', '99999999999999999999', 'NaN', 'null', 'true', '{}', '[]', '"\\ud800"', '\ufeff'],
  ...['__proto__', 'payload', '"payload":', '"hook":"x",', '"id":"..",', '%s%n', '\u202e', '[['.repeat(999)],
].map((text) => Buffer.from(text));
const notText: readonly Buffer[] = [
  Buffer.from([0xff]),
  Buffer.from([0xc3]),
  Buffer.from([0xed, 0xa0, 0x80]),
];

const changes: readonly Change[] = [
  function flipBit(bytes, { below }) {
    const at = below(bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << below(8)), at);
    return bytes;
  },
  function cutEnd(bytes, { below }) {
    return bytes.subarray(0, below(bytes.length));
  },
  function cutOut(bytes, { below }) {
    const from = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + below(8))]);
  },
  function repeat(bytes, { below }) {
    const from = below(bytes.length);
    const piece = bytes.subarray(from, from + 1 + below(32));
    const times = Array<Buffer>(1 + below(8)).fill(piece);
    return Buffer.concat([bytes.subarray(0, from), ...times, bytes.subarray(from)]);
  },
  function swap(bytes, { below }) {
    const [a = 0, b = 0, c = 0] = [0, 1, 2].map(() => below(bytes.length)).sort((x, y) => x - y);
    return Buffer.concat([
      bytes.subarray(0, a),
      bytes.subarray(b, c),
      bytes.subarray(a, b),
      bytes.subarray(c),
    ]);
  },
  function insert(bytes, { below, pick }) {
    const at = below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), pick([...spicy, ...notText]), bytes.subarray(at)]);
  },
  function overwrite(bytes, { below, pick }) {
    const piece = pick([...spicy, ...notText]);
    const at = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + piece.length)]);
  },
];

/** @param seed a whole number */
export function createMutator(seed: number): Mutator {
  const random = randomNumbers(seed);
  const below = (limit: number): number => Math.floor(random() * limit);

  const mutator: Mutator = {
    below,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    mutate(bytes) {
      let changed: Buffer = Buffer.from(bytes);
      for (let n = below(4); n >= 0 && changed.length > 0; n -= 1)
        changed = Buffer.from(mutator.pick(changes)(changed, mutator));
      return changed;
    },
    name(valid) {
      const way = below(8);
      let bytes: Buffer = Buffer.from(valid);
      if (way > 1) bytes = mutator.mutate(bytes);
      if (way === 2) bytes = Buffer.from(Array.from({ length: 1 + below(255) }, () => below(256)));
      if (way === 3) bytes = Buffer.concat([Buffer.from(valid.repeat(40)), bytes]).subarray(-255);
      const fit = Buffer.from(bytes.filter((byte) => byte !== 0 && byte !== 0x2f)).subarray(0, 255);
      return ['', '.', '..'].includes(fit.toString('latin1')) ? Buffer.from(`x${valid}`) : fit;
    },
  };
  return mutator;
}
