import { describe, expect, it } from 'vitest';
import { ownRetryAt } from '../../src/endpoint/back-off.js';
import { aloneGivesUpAt, givesUpAt } from '../../src/endpoint/gives-up-at.js';
import type { Health } from '../../src/endpoint/health.js';

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.parse('2026-11-23T12:00:00.000Z');
const settings = { giveUpAfterMs: 3 * day, retry: { scheduleMs: [hour, 12 * hour], jitter: 0.2 } };
const options = { now, acceptedAt: now - day, settings, keepMs: 30 * day };

describe('givesUpAt()', () => {
  it('givesUpAt() tells nothing while the endpoint works', () => {
    expect(givesUpAt({}, options)).toBeUndefined();
    expect(givesUpAt({ allowed: 2 }, options)).toBeUndefined();
  });

  it('givesUpAt() is the first attempt after giveUpAfter, where enough attempts were made', () => {
    const failedAt = Array.from({ length: 8 }, (_, n) => now - (8 - n) * hour);
    const health: Health = { failures: 8, failedAt, parkedUntil: now + hour };
    expect(givesUpAt(health, options)).toBe(now + hour + 4 * 12 * hour);
    expect(givesUpAt(health, { ...options, acceptedAt: now - 4 * day })).toBe(now + hour);
  });

  it('givesUpAt() waits for the attempts that are missing, those of before its time left out', () => {
    const health: Health = { failures: 2, failedAt: [now - 2 * day, now - hour], parkedUntil: now + hour };
    const ofOld = givesUpAt(health, { ...options, settings: { ...settings, giveUpAfterMs: hour } });
    expect(ofOld).toBe(now + hour + 6 * 12 * hour); // 1 of 8 was made since
  });

  it('givesUpAt() of a paused endpoint is when it is kept no longer, unless its pause ends before', () => {
    expect(givesUpAt({ paused: 'it answered 410' }, options)).toBe(now + 29 * day);
    const pause = { by: 'jed', at: now, until: now + hour };
    expect(givesUpAt({ paused: 'jed paused it', pause }, options)).toBeUndefined();
    expect(givesUpAt({ paused: 'jed', pause: { ...pause, until: now + 40 * day } }, options)).toBe(
      now + 29 * day,
    );
  });

  it('givesUpAt() on hold counts from when the hold began', () => {
    expect(givesUpAt({ heldSince: now - hour }, { ...options, isOnHold: true })).toBe(now - hour + 30 * day);
  });

  it('givesUpAt() ends also with a schedule without waits', () => {
    const none = { ...settings, retry: { scheduleMs: [0], jitter: 0 } };
    expect(givesUpAt({ failures: 1 }, { ...options, settings: none })).toBe(now + 2 * day);
  });
});

describe('aloneGivesUpAt()', () => {
  it.each([
    [1, [hour, 12 * hour]],
    [7, [hour, 12 * hour]],
    [8, [hour, 12 * hour]],
    [3, Array.from({ length: 12 }, (_, n) => (n + 1) * hour)],
    [12, Array.from({ length: 12 }, (_, n) => (n + 1) * hour)],
  ])(
    'aloneGivesUpAt() after %i attempts is when ownRetryAt() has no further time',
    (attempts, scheduleMs) => {
      const retry = { scheduleMs, jitter: 0 };
      let at = now;
      for (let made = attempts + 1; ; made += 1) {
        const next = ownRetryAt(retry, { attempts: made, now: at, random: 0.5 });
        if (next === undefined) break;
        at = next;
      }
      expect(aloneGivesUpAt({ retry }, { dueMs: now, attempts })).toBe(at);
    },
  );
});
