import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTail } from '../../src/command/tail.js';

describe('createTail()', () => {
  it('text() is the last bytes of all pieces, whatever their sizes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.stringMatching(/^[a-z]{0,30}$/)),
        (max, pieces) => {
          const tail = createTail(max);
          for (const piece of pieces) tail.add(Buffer.from(piece));
          expect(tail.text()).toBe(pieces.join('').slice(-max));
        },
      ),
    );
  });

  it.each([
    ['aé', 1, ''],
    ['aé', 2, 'é'],
    ['a\u{1F600}b', 4, 'b'],
    ['a\u{1F600}b', 5, '\u{1F600}b'],
  ])('text() of %j with %i bytes begins with a whole character', (text, max, kept) => {
    const tail = createTail(max);
    tail.add(Buffer.from(text));
    expect(tail.text()).toBe(kept);
  });

  it('text() replaces what is not UTF-8', () => {
    const tail = createTail(10);
    tail.add(Buffer.from([0x61, 0xe9, 0x62]));
    expect(tail.text()).toBe('a\u{FFFD}b');
  });
});
