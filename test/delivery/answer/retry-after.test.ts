import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRetryAfter } from '../../../src/delivery/answer/retry-after.js';

const DAY = 86_400_000;
const now = Date.UTC(2026, 10, 23, 12, 0, 0);

describe('parseRetryAfter()', () => {
  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 120 ', 120_000],
    ['007', 7_000],
    ['-5', 0],
    ['1.5', 1_500],
    ['.25', 250],
    ['0.0001', 1],
    ['-0.5', 0],
    ['86400.5', DAY],
    ['86400', DAY],
    ['86401', DAY],
    ['9'.repeat(400), DAY],
  ])('parseRetryAfter() of the seconds %j is %d ms', (text, ms) => {
    expect(parseRetryAfter(text, now)).toBe(ms);
  });

  test.each([
    ['Mon, 23 Nov 2026 12:00:30 GMT', 30_000],
    ['Monday, 23-Nov-26 12:00:30 GMT', 30_000],
    ['Mon Nov 23 12:00:30 2026', 30_000],
    ['Mon, 23 Nov 2026 12:00:60 GMT', 60_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['Sun Nov  6 08:49:37 1994', 0],
    ['Sat, 06 Nov 9999 08:49:37 GMT', DAY],
    ['Sunday, 06-Nov-76 08:49:37 GMT', DAY],
    ['Sunday, 06-Nov-77 08:49:37 GMT', 0],
  ])('parseRetryAfter() of the date %j is %d ms', (text, ms) => {
    expect(parseRetryAfter(text, now)).toBe(ms);
  });

  test.each([
    '',
    'soon',
    '1.',
    '.',
    '1.5.2',
    '1,5',
    '1e3',
    '0x10',
    '+',
    '2026-11-23T12:00:30Z',
    'Mon, 23 Nov 2026 12:00:30',
    'Mon, 23 Nov 2026 12:00:30 UTC',
    'Mon, 23 nov 2026 12:00:30 GMT',
    'Mon, 31 Jun 2026 12:00:30 GMT',
    'Mon, 00 Jun 2026 12:00:30 GMT',
    'Mon, 23 Nov 2026 24:00:30 GMT',
    'Mon, 23 Nov 2026 12:60:30 GMT',
    'Mon, 23 Nov 2026 12:00:61 GMT',
    'Mon, 23 Nov 0026 12:00:30 GMT',
    '120, 240',
  ])('parseRetryAfter() does not understand %j', (text) => {
    expect(parseRetryAfter(text, now)).toBeUndefined();
  });

  test('parseRetryAfter() understands every date that JavaScript writes, to the second', () => {
    const wait = fc.integer({ min: -2 * DAY, max: 2 * DAY });
    const time = fc.integer({ min: Date.UTC(1970), max: Date.UTC(9999) });
    fc.assert(
      fc.property(time, wait, (at, ms) => {
        const nowMs = at - (at % 1000);
        const until = new Date(nowMs + ms - (ms % 1000));
        fc.pre(until.getUTCFullYear() >= 1000);
        expect(parseRetryAfter(until.toUTCString(), nowMs)).toBe(
          Math.min(Math.max(until.getTime() - nowMs, 0), DAY),
        );
      }),
    );
  });

  test('parseRetryAfter() never gives anything but undefined or 0 to 24 h', () => {
    fc.assert(
      fc.property(fc.string(), fc.maxSafeNat(), (text, nowMs) => {
        const ms = parseRetryAfter(text, nowMs);
        expect(ms === undefined || (ms >= 0 && ms <= DAY)).toBe(true);
      }),
    );
  });
});
