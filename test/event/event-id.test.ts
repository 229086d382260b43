import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  batchMemberId,
  createEventId,
  isBeginningOf,
  isEventId,
  isGeneratedId,
  timeOfId,
} from '../../src/event/event-id.js';

const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
const timeMs = fc.maxSafeNat().map((n) => n % 2 ** 48);

/** The same by the book: 128 bits as one big number, five bits at a time. */
function ulidByBigInt(time: number, bytes: Uint8Array): string {
  let value = BigInt(time);
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  let text = '';
  for (let i = 0; i < 26; i++, value /= 32n)
    text = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[Number(value % 32n)] + text;
  return text;
}

describe('createEventId()', () => {
  test.each([
    [0, new Uint8Array(10), `evt_${'0'.repeat(26)}`],
    [1469918176385, new Uint8Array(10).fill(255), 'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZ'],
    [2 ** 48 - 1, new Uint8Array(10).fill(255), `evt_7${'Z'.repeat(25)}`],
    [1, Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 2), 'evt_00000000010000000100000002'],
  ])('createEventId() of %i is a known ULID', (time, bytes, id) => {
    expect(createEventId(time, bytes)).toBe(id);
  });

  test('createEventId() writes the 128 bits five at a time', () => {
    fc.assert(
      fc.property(
        timeMs,
        random,
        (time, bytes) => createEventId(time, bytes) === `evt_${ulidByBigInt(time, bytes)}`,
      ),
    );
  });

  test('createEventId() sorts by time', () => {
    fc.assert(
      fc.property(timeMs, timeMs, random, random, (a, b, x, y) => {
        fc.pre(a < b);
        expect(createEventId(a, x) < createEventId(b, y)).toBe(true);
      }),
    );
  });

  test.each([-1, 1.5, 2 ** 48, Number.NaN])('createEventId() throws for the time %d', (time) => {
    expect(() => createEventId(time, new Uint8Array(10))).toThrow(RangeError);
  });

  test('createEventId() throws for other than 10 random bytes', () => {
    expect(() => createEventId(0, new Uint8Array(9))).toThrow('takes 10 random bytes');
  });
});

describe('isEventId()', () => {
  test.each(['a', 'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZ', '-_9', 'x'.repeat(128)])(
    'isEventId() accepts %s',
    (id) => {
      expect(isEventId(id)).toBe(true);
    },
  );
  test.each(['', 'a.b', 'a/b', 'a\n', 'é', 'x'.repeat(129)])('isEventId() refuses %j', (id) => {
    expect(isEventId(id)).toBe(false);
  });
});

describe('isGeneratedId(), timeOfId(), batchMemberId()', () => {
  test('timeOfId() gives the time that createEventId() was given, for batch members too', () => {
    fc.assert(
      fc.property(timeMs, random, fc.integer({ min: 1 }), (time, bytes, n) => {
        const id = createEventId(time, bytes);
        const member = batchMemberId(id, n);
        expect([isGeneratedId(id), isEventId(id), timeOfId(id)]).toEqual([true, true, time]);
        expect([isGeneratedId(member), isEventId(member), timeOfId(member)]).toEqual([true, true, time]);
      }),
    );
  });

  test.each([
    'evt_01ARYZ6S41ZZZZZZZZZZZZZZZ',
    'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZZ',
    'evt_81ARYZ6S41ZZZZZZZZZZZZZZZZ',
    'evt_01ARYZ6S41ZZZZZZZZZZZZZZZU',
    'evt_01aryz6s41zzzzzzzzzzzzzzzz',
    '01ARYZ6S41ZZZZZZZZZZZZZZZZ',
    'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZ_0',
    'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZ_01',
    'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZ_',
    'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZ_1_1',
    'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZ\n',
    'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZ_1234567890123456',
  ])('isGeneratedId() refuses %j and timeOfId() does not know it', (id) => {
    expect(isGeneratedId(id)).toBe(false);
    expect(timeOfId(id)).toBeUndefined();
  });
});

test.each([
  ['evt_01ARYZ6S41', 'evt_01ARYZ6S41ZZZZZZZZZZZZZZZZ', true],
  ['batch', 'batch_10', true],
  ['batch_', 'batch_10', true],
  ['batch_1', 'batch_1', true],
  ['batch_1', 'batch_10', false],
  ['batch_1', 'batch_1a', true],
  ['batch_2', 'batch_10', false],
])('isBeginningOf() of %s and %s is %s: no number is cut', (text, id, is) => {
  expect(isBeginningOf(text, id)).toBe(is);
});
