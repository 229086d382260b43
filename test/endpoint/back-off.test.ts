import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backOffMs, longestBackOffMs, minAttempts, ownRetryAt } from '../../src/endpoint/back-off.js';
import { endpointDefaults } from '../../src/endpoint/endpoint.js';
import { day, policies, policy, t0 } from './histories.js';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('backOffMs()', () => {
  it.each([
    [1, 5_000],
    [2, 300_000],
    [3, 1_800_000],
    [4, 1_800_000],
    [1_000_000, 1_800_000],
  ])('backOffMs() after failure %d is %d ms without jitter', (failures, ms) => {
    expect(backOffMs({ ...policy, jitter: 0 }, failures, 0.9)).toBe(ms);
  });

  it('backOffMs() stays within the jitter around the wait of the schedule', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 30 }), random, (retry, failures, drawn) => {
        const base = retry.scheduleMs[Math.min(failures, retry.scheduleMs.length) - 1]!;
        const ms = backOffMs(retry, failures, drawn);
        expect(ms).toBeGreaterThanOrEqual(Math.floor(base * (1 - retry.jitter)));
        expect(ms).toBeLessThanOrEqual(Math.ceil(base * (1 + retry.jitter)));
        expect(ms).toBeLessThanOrEqual(longestBackOffMs(retry));
        expect(Number.isInteger(ms)).toBe(true);
      }),
    );
  });

  it('backOffMs() uses the whole width of the jitter', () => {
    expect([0, 0.5, 0.999999].map((drawn) => backOffMs(policy, 1, drawn))).toEqual([4_000, 5_000, 6_000]);
  });

  it('backOffMs() waits a day at most by default, jitter aside', () => {
    expect(backOffMs({ ...endpointDefaults.retry, jitter: 0 }, 99, 0)).toBe(day);
  });
});

describe('ownRetryAt()', () => {
  it('ownRetryAt() is later than now as long as the schedule lasts, and for 8 attempts, and undefined then', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 30 }), random, (retry, attempts, drawn) => {
        const at = ownRetryAt(retry, { attempts, now: t0, random: drawn });
        if (attempts > Math.max(retry.scheduleMs.length, minAttempts - 1)) expect(at).toBe(undefined);
        else expect(at).toBe(t0 + Math.max(1, backOffMs(retry, attempts, drawn)));
      }),
    );
  });
});
