import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from '../../src/shared/iso-time.js';

const first = Date.parse('0000-01-01T00:00:00.000Z');
const last = Date.parse('9999-12-31T23:59:59.999Z');

describe('isoTime()', () => {
  it('isoTime() says what Date says, in every year', () => {
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), (ms) => {
        expect(isoTime(ms)).toBe(new Date(ms).toISOString());
      }),
      { numRuns: 5000 },
    );
  });

  it('isoTime() says what Date says on the days around each turn of a year and of February', () => {
    for (let year = 0; year <= 9999; year += 1) {
      for (const day of ['01-01', '02-28', '03-01', '12-31']) {
        const text = `${String(year).padStart(4, '0')}-${day}T23:59:59.999Z`;
        expect(isoTime(Date.parse(text))).toBe(text);
        expect(isoTime(Date.parse(text) + 1)).toBe(
          year === 9999 && day === '12-31'
            ? '10000-01-01T00:00:00.000Z'
            : new Date(Date.parse(text) + 1).toISOString(),
        );
      }
    }
  });

  it('isoTime() says what Date says when it is asked to and fro within seconds', () => {
    const near = fc.integer({ min: -3_000, max: 3_000 });
    fc.assert(
      fc.property(fc.integer({ min: first + 3_000, max: last - 3_000 }), fc.array(near), (start, steps) => {
        for (const step of steps) expect(isoTime(start + step)).toBe(new Date(start + step).toISOString());
      }),
    );
  });
});
