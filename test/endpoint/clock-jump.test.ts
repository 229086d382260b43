import { describe, expect, it } from 'vitest';
import { atThisClock } from '../../src/endpoint/clock-jump.js';
import type { Health } from '../../src/endpoint/health.js';
import { day, t0 } from './histories.js';

const hour = 3_600_000;
const noted = {
  since: t0,
  parkedUntil: t0 + 60_000,
  failedAt: [t0, t0 + 1],
  clock: { boot: 'b', bootedAt: 0 },
};

describe('atThisClock()', () => {
  it.each([
    ['of another boot', { boot: 'c', bootedAt: day }],
    ['that did not jump', { boot: 'b', bootedAt: 0 }],
    ['that drifted', { boot: 'b', bootedAt: 999 }],
    ['that does not tell', undefined],
  ])('atThisClock() leaves a health alone by a clock %s', (_, clock) => {
    expect(atThisClock(noted, { now: t0, clock })).toBe(noted);
  });

  it.each([[1_000], [-1_000], [hour], [-hour]])(
    'atThisClock() moves all times by a jump of %d ms',
    (jumpMs) => {
      const clock = { boot: 'b', bootedAt: jumpMs };
      expect(atThisClock(noted, { now: t0 + jumpMs, clock })).toEqual({
        since: t0 + jumpMs,
        parkedUntil: t0 + 60_000 + jumpMs,
        failedAt: [t0 + jumpMs, t0 + 1 + jumpMs],
        clock,
      });
    },
  );

  it.each([[hour + 1], [-hour - 1], [3650 * day]])(
    'atThisClock() forgets the attempts and the ages at a jump of %d ms, so that nothing is given up before its time anew',
    (jumpMs) => {
      const clock = { boot: 'b', bootedAt: jumpMs };
      const moved = atThisClock<Health>(noted, { now: t0 + jumpMs, clock });
      const drifted = { boot: 'b', bootedAt: jumpMs + hour };
      expect(atThisClock(moved, { now: t0, clock: drifted }).ageFrom).toBe(t0 + jumpMs + hour);
      expect(moved).toMatchObject({
        failedAt: [],
        ageFrom: t0 + jumpMs,
        parkedUntil: t0 + 60_000 + jumpMs,
        clock,
      });
    },
  );

  it('atThisClock() adds nothing to a well health', () => {
    const well: Health = { allowed: 2 };
    expect(atThisClock(well, { now: t0, clock: { boot: 'b', bootedAt: day } })).toBe(well);
  });
});
