import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterAttempt, isUnchangedBySuccess, type Outcome } from '../../src/endpoint/after-attempt.js';
import {
  allowedConcurrency,
  failuresOf,
  type Health,
  limitMemoryMs,
  maxFailedDeliveries,
  probeOf,
  stateOf,
  toldStateOf,
} from '../../src/endpoint/health.js';
import { attempted, fail, failed, ok } from './attempts.js';
import { anyJump, conduct, conducts, day, histories, live, t0 } from './histories.js';

describe('afterAttempt() and the endpoint', () => {
  it('afterAttempt() of a success is the same object where nothing changes', () => {
    const well: Health = {};
    const attempt = { outcome: ok, event: 'e', startedAt: t0 };
    expect(afterAttempt(well, attempt, { conduct, now: t0, random: 0 }).health).toBe(well);
  });

  it('isUnchangedBySuccess() is true only where afterAttempt() changes nothing, and wherever nothing was wrong', () => {
    fc.assert(
      fc.property(histories({ jumps: anyJump }), conducts, (history, by) => {
        for (const { health, event, now, random, clock } of live(history, by)) {
          for (const id of [event, 'evt_other']) {
            const attempt = { outcome: ok, event: id, startedAt: now };
            const after = afterAttempt(health, attempt, { conduct: by, now, random, clock });
            if (isUnchangedBySuccess(health, id)) expect(after).toEqual({ health, decision: 'delivered' });
            if (isUnchangedBySuccess(health, id)) expect(after.health).toBe(health);
            const { allowed, paused, failures, limitedAt } = after.health;
            const isMended =
              allowed === undefined && paused === undefined && !failures && limitedAt === undefined;
            if (isMended) expect(isUnchangedBySuccess(after.health, id)).toBe(true);
          }
        }
      }),
    );
  });

  it.each<[Outcome, string]>([
    [{ kind: 'gone', what: '410 Gone' }, 'it answered 410 Gone'],
    [{ kind: 'ok', disables: 'webhook-delivery: disable' }, 'it answered webhook-delivery: disable'],
  ])('afterAttempt() pauses after %o, and says why', (outcome, paused) => {
    expect(attempted([['a', outcome]]).health).toMatchObject({ paused });
    expect(
      attempted([
        ['a', outcome],
        ['b', ok],
      ]).health,
    ).toMatchObject({ paused });
  });

  it('afterAttempt() counts attempts that were in flight together as one failure', () => {
    let health = fail({}, { startedAt: t0, now: t0 + 100 });
    for (let n = 1; n <= 5; n += 1)
      health = fail(health, { startedAt: t0 + n, now: t0 + 100 + n, event: `evt_${n}` });
    const one = { failures: 1, failedAt: [t0 + 100], parkedUntil: t0 + 5_100, since: t0 + 100 };
    expect(health).toMatchObject(one);
    health = fail(health, { startedAt: t0 + 6_000, now: t0 + 6_001 });
    expect(health).toMatchObject({ failures: 2, parkedUntil: t0 + 306_001, since: t0 + 100 });
  });

  it('afterAttempt() counts attempts that began and failed within one millisecond as one failure', () => {
    let health: Health = {};
    for (let n = 1; n <= 4; n += 1) health = fail(health, { startedAt: t0, event: `evt_${n}` });
    expect(health).toMatchObject({ failures: 1, parkedUntil: t0 + 5_000 });
  });

  it('afterAttempt() counts a failure after the clock was set back', () => {
    const after = fail(fail({}, { startedAt: t0, now: t0 + 1 }), { startedAt: t0 - day, now: t0 - day + 1 });
    expect(after).toMatchObject({ failures: 2, parkedUntil: t0 - day + 1 + 300_000 });
  });

  it.each([
    ['nothing asked', undefined, 5_000],
    ['zero', 0, 5_000],
    ['a time in the past', -60_000, 5_000],
    ['sooner than the schedule', 1_000, 5_000],
    ['later than the schedule', 60_000, 60_000],
    ['a day', day, day],
    ['a year', 365 * day, day],
  ])('afterAttempt() heeds Retry-After between the schedule and 24 h: %s', (_, retryAfterMs, parkedFor) => {
    const health = fail({}, { startedAt: t0, ...(retryAfterMs !== undefined && { retryAfterMs }) });
    expect(health.parkedUntil).toBe(t0 + parkedFor);
  });

  it('afterAttempt() heeds the Retry-After of an attempt that was in flight together with the failed one', () => {
    const first = fail({}, { startedAt: t0, now: t0 + 10 });
    const second = fail(first, { startedAt: t0, now: t0 + 20, retryAfterMs: 60_000 });
    expect(second).toMatchObject({ failures: 1, parkedUntil: t0 + 60_020 });
    expect(fail(second, { startedAt: t0, now: t0 + 30 }).parkedUntil).toBe(t0 + 60_020);
  });

  it(`failuresOf() remembers ${maxFailedDeliveries} deliveries at most, and always the newest`, () => {
    let health: Health = {};
    for (let n = 0; n < 600; n += 1) {
      health = fail(health, { startedAt: t0 + n, event: `evt_${n}` });
      expect(failuresOf(health, `evt_${n}`)).toBe(1);
    }
    expect(health.failedDeliveries).toHaveLength(maxFailedDeliveries);
  });

  it('afterAttempt() keeps what failed in the order in which it failed, and forgets the oldest, whatever the ids', () => {
    let health: Health = {};
    for (let n = 0; n < 600; n += 1) health = fail(health, { startedAt: t0 + n, event: `${999 - n}` });
    health = fail(health, { startedAt: t0 + 600, event: '500' });
    const kept = health.failedDeliveries?.map(([event]) => event);
    const last = Array.from({ length: 600 }, (_, n) => `${999 - n}`).filter((id) => id !== '500');
    expect(kept).toEqual([...last.slice(1 - maxFailedDeliveries), '500']);
    expect(probeOf(health, conduct)).toEqual(kept);
  });

  it('afterAttempt() grows the allowed concurrency by a whole attempt once all that are allowed have succeeded', () => {
    const limit = { concurrency: 4 };
    const allowed = [1, 1, 2, 2, 3, 3, 3, 4];
    let steps: Array<readonly [string, Outcome]> = [['a', failed]];
    for (const expected of allowed) {
      expect(allowedConcurrency(attempted(steps, limit).health, { ...conduct, ...limit })).toBe(expected);
      steps = [...steps, [`ok_${steps.length}`, ok]];
    }
    expect(attempted(steps, limit).health).not.toHaveProperty('allowed');
  });

  it('afterAttempt() has nothing to grow in strict order: the first success leaves nothing to save', () => {
    const by = { order: 'strict', concurrency: 4 } as const;
    const steps: Array<readonly [string, Outcome]> = [
      ['a', failed],
      ['a', ok],
    ];
    expect(attempted(steps, by).health).toEqual({});
  });
});

describe('afterAttempt() after Retry-After', () => {
  const succeed = (health: Health, startedAt: number, now: number) =>
    afterAttempt(health, { outcome: ok, event: 'evt_b', startedAt }, { conduct, now, random: 0.5 }).health;

  it('afterAttempt() keeps the endpoint parked although one that was in flight then succeeds', () => {
    const asked = fail({}, { startedAt: t0, now: t0 + 10, retryAfterMs: 60_000 });
    const later = succeed(asked, t0, t0 + 100);
    expect(later).toMatchObject({ failures: 1, askedUntil: t0 + 60_010, parkedUntil: asked.parkedUntil });
    expect(succeed(later, t0 + 60_010, t0 + 60_020).failures).toBeUndefined();
  });

  it.each([[{ kind: 'rejected', what: '400' }], [{ kind: 'refused' }]] as Outcome[][])(
    'afterAttempt() keeps the endpoint parked although one that was in flight then is %j',
    (outcome) => {
      const asked = fail({}, { startedAt: t0, now: t0 + 10, retryAfterMs: 60_000 });
      const { health } = afterAttempt(
        asked,
        { outcome: outcome!, event: 'evt_b', startedAt: t0 },
        { conduct, now: t0 + 100, random: 0.5 },
      );
      expect(health).toMatchObject({ failures: 1, askedUntil: t0 + 60_010, parkedUntil: asked.parkedUntil });
    },
  );

  it('afterAttempt() makes an endpoint well that has not asked for a wait, also by one that was in flight', () => {
    const parked = fail({}, { startedAt: t0, now: t0 + 10 });
    expect(succeed(parked, t0, t0 + 100).failures).toBeUndefined();
  });
});

describe('afterAttempt() of an endpoint that wants fewer requests', () => {
  const limited: Outcome = { kind: 'failed', what: '429', limits: true };

  it('afterAttempt() tells of repeated 429 once, and that it is well only when there was none for a while', () => {
    let health: Health = {};
    let now = t0;
    const told: string[] = [];
    const attempt = (outcome: Outcome, waitMs: number): void => {
      now += waitMs;
      const event = `evt_${now}`;
      const after = afterAttempt(health, { outcome, event, startedAt: now }, { conduct, now, random: 0.5 });
      if (toldStateOf(after.health) !== toldStateOf(health)) told.push(toldStateOf(after.health));
      health = after.health;
    };
    for (let n = 0; n < 20; n += 1) {
      attempt(ok, 10_000);
      attempt(limited, 10_000);
      // The schedule is at its beginning each time: it was well in between.
      expect(health).toMatchObject({ failures: 1, parkedUntil: now + 5_000 });
    }
    expect(told).toEqual(['parked']);
    attempt(ok, 10_000);
    expect(stateOf(health)).toBe('well');
    attempt(ok, limitMemoryMs - 10_001);
    expect(told).toEqual(['parked']);
    attempt(ok, 1);
    expect(told).toEqual(['parked', 'well']);
    expect(health).not.toHaveProperty('limitedAt');
  });

  it('toldStateOf() is well after a success once the clock was set back behind the last 429', () => {
    const health: Health = { limitedAt: t0 + 1 };
    const after = afterAttempt(
      health,
      { outcome: ok, event: 'a', startedAt: t0 },
      { conduct, now: t0, random: 0 },
    );
    expect(toldStateOf(health)).toBe('parked');
    expect(toldStateOf(after.health)).toBe('well');
  });
});

describe('afterAttempt() of an attempt before its time', () => {
  const early = (health: Health, outcome: Outcome, now: number) =>
    afterAttempt(
      health,
      { outcome, event: 'evt_b', startedAt: now, isEarly: true },
      { conduct, now, random: 0.5 },
    );

  it('afterAttempt() moves neither the schedule nor giving up when an early attempt fails', () => {
    const parked = fail({}, { startedAt: t0 });
    let health = parked;
    for (let n = 1; n <= 20; n += 1) health = early(health, { ...failed, what: '502' }, t0 + n).health;
    const { failures, failedAt, parkedUntil: until, since } = parked;
    expect(health).toMatchObject({ failures, failedAt, parkedUntil: until, since, last: '502' });
    expect(failuresOf(health, 'evt_b')).toBe(20);
  });

  it('afterAttempt() heeds the Retry-After of an early attempt', () => {
    const parked = fail({}, { startedAt: t0 });
    const { health } = early(parked, { ...failed, retryAfterMs: 60_000 }, t0 + 1_000);
    expect(health).toMatchObject({ failures: 1, askedUntil: t0 + 61_000, parkedUntil: t0 + 61_000 });
  });

  it('afterAttempt() makes the endpoint well, or pauses it, by an early attempt as by any other', () => {
    const parked = fail({}, { startedAt: t0 });
    expect(early(parked, ok, t0 + 1_000).health.failures).toBe(undefined);
    expect(early(parked, { kind: 'gone', what: '410' }, t0 + 1_000).health.paused).toBeDefined();
  });
});
