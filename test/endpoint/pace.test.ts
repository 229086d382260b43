import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rate } from '../../src/endpoint/endpoint.js';
import { type Pace, paceAfter, parsePace, waitForPace } from '../../src/endpoint/pace.js';
import { t0 } from './histories.js';

const rates: fc.Arbitrary<Rate> = fc.record({
  count: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 10_000 })),
  perMs: fc.constantFrom(1_000, 60_000, 3_600_000, 86_400_000),
});

/** Sends as soon as it may and wants to: when the attempts began, and the pace at the end. */
function send(
  rate: Rate,
  wishes: readonly number[],
  from = t0,
): { starts: number[]; pace: Pace | undefined } {
  let now = from;
  let pace: Pace | undefined;
  const starts = wishes.map((pauseMs) => {
    now += pauseMs;
    now += waitForPace(pace, rate, now);
    expect(waitForPace(pace, rate, now)).toBe(0); // whoever waits as told gets on
    pace = paceAfter(pace, rate, now);
    return now;
  });
  return { starts, pace };
}

describe('waitForPace()', () => {
  it('waitForPace() never lets more attempts begin in any stretch of the length than the rate has', () => {
    const pauses = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 120_000 })), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(rates, pauses, fc.integer({ min: 0, max: 1e6 }), (rate, wishes, offset) => {
        const { starts } = send(rate, wishes, t0 + offset);
        for (const [index, start] of starts.entries()) {
          const later = starts[index + rate.count];
          if (later !== undefined) expect(later - start).toBeGreaterThanOrEqual(rate.perMs);
        }
      }),
    );
  });

  it('waitForPace() lets whoever always has something to send come near the rate', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 1e6 }), (count, offset) => {
        const lengths = 40;
        const rate = { count, perMs: 60_000 };
        const { starts } = send(
          rate,
          Array.from({ length: count * lengths + 1 }, () => 0),
          t0 + offset,
        );
        const took = starts.at(-1)! - starts[0]!;
        expect((lengths * rate.perMs) / took).toBeGreaterThan(0.95);
      }),
      { numRuns: 30 },
    );
  });

  it('waitForPace() is 0 for the first attempts, up to the rate', () => {
    let pace: Pace | undefined;
    for (let n = 0; n < 10; n += 1) {
      expect(waitForPace(pace, { count: 10, perMs: 1_000 }, t0)).toBe(0);
      pace = paceAfter(pace, { count: 10, perMs: 1_000 }, t0);
    }
    expect(waitForPace(pace, { count: 10, perMs: 1_000 }, t0)).toBeGreaterThanOrEqual(1_000);
  });

  it.each([[-500], [-60_000], [-86_400_000], [-10 * 365 * 86_400_000]])(
    'waitForPace() waits no longer than a length and a bucket after the clock was set by %d ms',
    (jumpMs) => {
      const rate = { count: 3, perMs: 60_000 };
      const { starts, pace } = send(rate, [0, 0, 0]);
      expect(waitForPace(pace, rate, starts[2]! + jumpMs)).toBeLessThanOrEqual(61_000);
    },
  );

  it('waitForPace() does not heed a pace of another length', () => {
    const { pace } = send({ count: 1, perMs: 3_600_000 }, [0]);
    expect(waitForPace(pace, { count: 1, perMs: 60_000 }, t0)).toBe(0);
  });

  it('waitForPace() heeds a rate that was lowered', () => {
    const { pace } = send({ count: 10, perMs: 60_000 }, [0, 0, 0, 0, 0]);
    expect(waitForPace(pace, { count: 2, perMs: 60_000 }, t0)).toBeGreaterThan(50_000);
  });
});

describe('parsePace()', () => {
  it('parsePace() reads what JSON has kept, which is small whatever the rate', () => {
    fc.assert(
      fc.property(
        rates,
        fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 300 }),
        (rate, wishes) => {
          const { pace } = send(rate, wishes);
          const text = JSON.stringify(pace);
          expect(text.length).toBeLessThan(500);
          expect(parsePace(JSON.parse(text))).toEqual(pace);
        },
      ),
    );
  });

  it.each<[unknown]>([
    [undefined],
    [null],
    ['x'],
    [[]],
    [{}],
    [{ perMs: 1_000, at: 1, counts: {} }],
    [{ perMs: 0, at: 1, counts: [] }],
    [{ perMs: 1_000, at: -1, counts: [] }],
    [{ perMs: 1_000, at: 1.5, counts: [] }],
    [{ perMs: 1_000, at: 1, counts: [-1] }],
    [{ perMs: 1_000, at: 1, counts: ['1'] }],
    [{ perMs: 1_000, at: 1e300, counts: [1] }],
    [{ perMs: 1_000, at: 1, counts: Array.from({ length: 62 }, () => 1) }],
  ])('parsePace() is undefined for %j', (value) => expect(parsePace(value)).toBe(undefined));
});
