import { describe, expect, it } from 'vitest';
import { afterAttempt } from '../../src/endpoint/after-attempt.js';
import { afterPause, afterResume, afterRetry } from '../../src/endpoint/by-hand.js';
import { endpointDefaults } from '../../src/endpoint/endpoint.js';
import { type Health, pausedMs, stateOf } from '../../src/endpoint/health.js';

const now = Date.parse('2026-11-23T12:00:00.000Z');
const parked: Health = {
  failures: 9,
  since: 1,
  failedAt: [1, 2, 3],
  parkedUntil: now + 9,
  askedUntil: now + 9,
};

/** The health after an attempt. */
function attempted(health: Health, outcome: Parameters<typeof afterAttempt>[1]['outcome'], at = now): Health {
  const attempt = { outcome, event: 'e', startedAt: at };
  return afterAttempt(health, attempt, { conduct: endpointDefaults, now: at, random: 0.5 }).health;
}

describe('afterPause()', () => {
  it('says who, why and until when', () => {
    const paused = afterPause({}, { by: 'jed', at: now, until: now + 60_000, why: 'it is moved' });
    expect(paused.paused).toBe('jed paused it until 2026-11-23T12:01:00.000Z: it is moved');
    expect(paused.pause).toEqual({ by: 'jed', at: now, until: now + 60_000 });
    expect([pausedMs(paused, now), pausedMs(paused, now + 60_000)]).toEqual([60_000, 0]);
    expect(pausedMs(afterPause({}, { by: 'jed', at: now }), now)).toBe(Infinity);
  });

  it('keeps the history, and outlasts the answers to what was in flight', () => {
    const paused = afterPause(parked, { by: 'jed', at: now });
    expect(paused).toMatchObject(parked);
    for (const outcome of [
      { kind: 'ok' },
      { kind: 'failed', what: '503' },
      { kind: 'gone', what: '410' },
    ] as const)
      expect(attempted(paused, outcome)).toMatchObject({ paused: 'jed paused it', pause: { by: 'jed' } });
    expect(attempted(afterPause({}, { by: 'jed', at: now }), { kind: 'ok' }).pause).toBeDefined();
  });

  it('is over with the first attempt after its end', () => {
    const paused = afterPause({}, { by: 'jed', at: now, until: now + 1 });
    expect(attempted(paused, { kind: 'ok' }, now + 1)).toEqual({});
    const failed = attempted(paused, { kind: 'failed', what: '503' }, now + 1);
    expect(stateOf(failed)).toBe('parked');
  });
});

describe('afterResume()', () => {
  it('ends the pause of a person and of an answer, and forgets a mistake', () => {
    expect(afterResume(afterPause({ mistake: 'no secret' }, { by: 'jed', at: now }))).toEqual({});
    const gone = attempted({}, { kind: 'gone', what: '410' });
    expect(stateOf(gone)).toBe('paused');
    expect(afterResume(gone)).toMatchObject({ failures: 1, last: '410' });
    expect(stateOf(afterResume(gone))).toBe('parked');
  });
});

describe('afterRetry()', () => {
  it('lets a parked endpoint be tried now, on its schedule from the beginning', () => {
    expect(afterRetry(parked)).toEqual({ failures: 1, since: 1, failedAt: [] });
  });

  it('leaves a well endpoint, and a pause, as they are', () => {
    const run: Health = { against: ['x', 'y', 'z'], parkedUntil: now };
    expect(afterRetry(run)).toBe(run);
    expect(afterRetry(afterPause(parked, { by: 'jed', at: now })).paused).toBe('jed paused it');
  });
});
