import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterAttempt,
  afterHeadGivenUp,
  type Decision,
  isUnchangedBySuccess,
  type Outcome,
} from '../../src/endpoint/after-attempt.js';
import { longestBackOffMs, minAttempts, rejectionPauseMs } from '../../src/endpoint/back-off.js';
import {
  allowedConcurrency,
  type Conduct,
  failuresOf,
  type Health,
  isGivenUp,
  isInRun,
  limitMemoryMs,
  maxAgainst,
  maxFailedDeliveries,
  parkedUntil,
  probeOf,
  runPauseMs,
  stateOf,
  toldStateOf,
} from '../../src/endpoint/health.js';
import { anyJump, conduct, conducts, day, events, histories, live, t0 } from './histories.js';

interface At {
  startedAt: number;
  now?: number;
  event?: string;
  retryAfterMs?: number;
}

function fail(health: Health, { startedAt, now = startedAt, event = 'evt_a', retryAfterMs }: At): Health {
  const asked = retryAfterMs === undefined ? {} : { retryAfterMs };
  const outcome: Outcome = { kind: 'failed', what: '503', ...asked };
  return afterAttempt(health, { outcome, event, startedAt }, { conduct, now, random: 0.5 }).health;
}

const failed: Outcome = { kind: 'failed', what: '500', mayBeEvent: true };
const rejected: Outcome = { kind: 'rejected', what: '400' };
const ok: Outcome = { kind: 'ok' };

/** Attempts one after the other, a minute apart: what was decided, and the health at the end. */
function attempted(
  steps: ReadonlyArray<readonly [string, Outcome]>,
  by: Partial<Conduct> = {},
): { decisions: Decision[]; health: Health } {
  let health: Health = {};
  const decisions = steps.map(([event, outcome], index) => {
    const now = t0 + index * 60_000;
    const moment = { conduct: { ...conduct, ...by }, now, random: 0.5 };
    const after = afterAttempt(health, { outcome, event, startedAt: now }, moment);
    health = after.health;
    return after.decision;
  });
  return { decisions, health };
}

describe('afterAttempt() over any history', () => {
  it('afterAttempt() never parks beyond the longest back-off, whatever the clock does', () => {
    fc.assert(
      fc.property(histories({ jumps: anyJump }), conducts, (history, by) => {
        for (const { health, now } of live(history, by))
          expect(health.parkedUntil ?? 0).toBeLessThanOrEqual(now + longestBackOffMs(by.retry));
      }),
    );
  });

  it('afterAttempt() makes an endpoint well with one success, whatever came before, unless it is paused', () => {
    fc.assert(
      fc.property(histories({ jumps: anyJump }), conducts, (history, by) => {
        const last = live(history, by).at(-1)?.health ?? {};
        fc.pre(last.paused === undefined);
        // One that began before the endpoint asked to be left alone does not count.
        fc.pre(last.askedUntil === undefined || last.failedAt?.at(-1) !== t0);
        const attempt = { outcome: ok, event: 'evt_x', startedAt: t0 };
        const { health } = afterAttempt(last, attempt, { conduct: by, now: t0, random: 0 });
        const stays = ['failedDeliveries', 'allowed'];
        if (health.limitedAt !== undefined) stays.push('limitedAt', 'since', 'clock');
        expect(Object.keys(health).filter((key) => !stays.includes(key))).toEqual([]);
        expect(parkedUntil(health, { now: 0 }, by)).toBe(0);
      }),
    );
  });

  it('allowedConcurrency() never exceeds the slow-start curve or the limit', () => {
    fc.assert(
      fc.property(histories({ jumps: anyJump }), conducts, (history, by) => {
        /** The curve: 1 after a recovery, and 1/N more for each success. */
        let curve: number | undefined;
        for (const { before, health, outcome } of live(history, by)) {
          const succeeded = outcome.kind === 'ok' || outcome.kind === 'refused';
          if (health.failures) curve = undefined;
          else if (before.failures) curve = 1;
          else if (succeeded && curve !== undefined) curve += 1 / Math.floor(curve + 1e-9);
          const allowed = allowedConcurrency(health, by);
          expect(allowed).toBeGreaterThanOrEqual(1);
          expect(allowed).toBeLessThanOrEqual(by.concurrency);
          if (health.failures || isInRun(health) || by.order === 'strict') expect(allowed).toBe(1);
          else expect(allowed).toBe(Math.min(by.concurrency, Math.floor((curve ?? Infinity) + 1e-9)));
        }
      }),
    );
  });

  it('isGivenUp() is false before the age, the attempts and a sane clock agree', () => {
    const giveUpAfterMs = 3 * day;
    fc.assert(
      fc.property(histories({ jumps: anyJump }), fc.integer({ min: 0, max: 10 * day }), (history, after) => {
        const acceptedAt = t0 + after;
        /** Attempts that failed since the delivery was accepted and the clock jumped last. */
        let tried = 0;
        for (const { before, health, now, clock, jump, outcome } of live(history)) {
          if (Math.abs(jump) > 3_600_000 && before.failures) tried = 0;
          if (!health.failures) tried = 0;
          else if (['failed', 'rejected', 'gone'].includes(outcome.kind)) tried += 1;
          const givenUp = isGivenUp(health, { acceptedAt, giveUpAfterMs, now, clock });
          if (now - acceptedAt <= giveUpAfterMs || tried < minAttempts) expect(givenUp).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('afterAttempt() leaves a paused endpoint paused', () => {
    fc.assert(
      fc.property(histories(), (history) => {
        let paused = false;
        for (const { health, outcome } of live(history)) {
          paused ||= outcome.kind === 'gone';
          expect(health.paused !== undefined).toBe(paused);
        }
      }),
    );
  });

  it('afterAttempt() settles a delivery for good only when it was made or refused', () => {
    fc.assert(
      fc.property(histories({ jumps: anyJump }), conducts, (history, by) => {
        for (const { outcome, decision } of live(history, by)) {
          if (outcome.kind === 'ok') expect(decision).toBe('delivered');
          else if (outcome.kind === 'refused') expect(decision).toBe('refused');
          else expect(['waits', 'alone']).toContain(decision);
        }
      }),
    );
  });

  it('failuresOf() is how often a delivery failed with its endpoint, until it is settled', () => {
    fc.assert(
      fc.property(histories(), (history) => {
        const counts = new Map<string, number>();
        for (const { event, health, decision } of live(history)) {
          if (decision === 'delivered' || decision === 'refused') counts.delete(event);
          else if (decision === 'waits') counts.set(event, (counts.get(event) ?? 0) + 1);
          for (const id of events) expect(failuresOf(health, id)).toBe(counts.get(id) ?? 0);
        }
      }),
    );
  });

  it('afterAttempt() is the same for the same input, changes nothing in place, and yields what JSON keeps', () => {
    fc.assert(
      fc.property(histories({ jumps: anyJump }), conducts, (history, by) => {
        for (const seen of live(history, by)) {
          const { before, health, decision, now, clock, random } = seen;
          const copy = structuredClone(before);
          expect(afterAttempt(before, seen, { conduct: by, now, clock, random })).toEqual({
            health,
            decision,
          });
          expect(before).toEqual(copy);
          expect(JSON.parse(JSON.stringify(health))).toEqual(health);
        }
      }),
    );
  });
});

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

describe('afterAttempt() and the delivery', () => {
  it('afterAttempt() finds poison: what fails again while others succeed', () => {
    const { decisions, health } = attempted([
      ['poison', failed],
      ['other', ok],
      ['poison', failed],
      ['next', ok],
      ['poison', failed],
    ]);
    expect(decisions).toEqual(['waits', 'delivered', 'alone', 'delivered', 'alone']);
    expect(health.failures).toBe(undefined);
  });

  it('afterAttempt() does not call poison what fails again with nothing delivered in between', () => {
    const steps: Array<[string, Outcome]> = [
      ['a', failed],
      ['a', failed],
      ['a', rejected],
      ['a', failed],
    ];
    expect(attempted(steps).decisions).toEqual(['waits', 'waits', 'alone', 'waits']);
  });

  it.each<[string, Outcome]>([
    ['the connection is refused', { kind: 'failed', what: 'ECONNREFUSED' }],
    ['it is asked to wait', { kind: 'failed', what: '429', retryAfterMs: 1 }],
  ])('afterAttempt() does not call poison what fails again because %s', (_, outcome) => {
    const { decisions, health } = attempted([
      ['a', failed],
      ['b', ok],
      ['a', outcome],
    ]);
    expect(decisions).toEqual(['waits', 'delivered', 'waits']);
    expect(health.failures).toBe(1);
  });

  it('afterAttempt() parks when an endpoint that has just recovered fails again', () => {
    const { decisions } = attempted([
      ['a', failed],
      ['b', failed],
      ['c', ok],
      ['a', failed],
      ['b', failed],
    ]);
    expect(decisions).toEqual(['waits', 'waits', 'delivered', 'alone', 'waits']);
  });

  it('afterAttempt() sets what is rejected aside, and parks nothing', () => {
    const { decisions, health } = attempted([
      ['a', rejected],
      ['a', rejected],
      ['b', rejected],
      ['c', ok],
    ]);
    expect(decisions).toEqual(['alone', 'alone', 'alone', 'delivered']);
    expect(health).toEqual({});
  });

  it(`afterAttempt() goes on one at a time, with a pause, when ${maxAgainst} different deliveries in a row are rejected, until one succeeds`, () => {
    const steps: Array<[string, Outcome]> = [
      ['a', rejected],
      ['b', rejected],
      ['c', rejected],
      ['d', rejected],
    ];
    expect(isInRun(attempted(steps.slice(0, maxAgainst - 1)).health)).toBe(false);
    const { decisions, health } = attempted(steps);
    expect(decisions).toEqual(['alone', 'alone', 'alone', 'alone']);
    const lastAt = t0 + 3 * 60_000;
    expect(health).toEqual({ against: ['b', 'c', 'd'], parkedUntil: lastAt + rejectionPauseMs });
    expect(stateOf(health)).toBe('well');
    expect(allowedConcurrency(health, conduct)).toBe(1);
    expect(runPauseMs(health, lastAt)).toBe(rejectionPauseMs);
    expect(runPauseMs(health, lastAt + rejectionPauseMs)).toBe(0);
    expect(runPauseMs(health, lastAt - 1)).toBe(0);
    const after = attempted([...steps, ['e', ok], ['c', rejected]]);
    expect(after.decisions.slice(-2)).toEqual(['delivered', 'alone']);
    expect(after.health).toEqual({ against: ['c'] });
  });

  it('afterAttempt() never parks for rejections, and never waits for longer than a minute because of them', () => {
    const kinds = fc.constantFrom<Outcome>(ok, rejected, { kind: 'refused' });
    fc.assert(
      fc.property(histories({ kinds, jumps: anyJump }), conducts, (history, by) => {
        fc.pre(by.order === 'any' || by.onFailure === 'skip');
        for (const { health, now } of live(history, by)) {
          expect(stateOf(health)).toBe('well');
          expect(health.parkedUntil ?? 0).toBeLessThanOrEqual(now + 60_000);
          expect(runPauseMs(health, now)).toBeLessThanOrEqual(60_000);
        }
      }),
    );
  });

  it('probeOf() in a run of rejections puts what was never tried first', () => {
    const { health } = attempted(['a', 'b', 'c'].map((event) => [event, rejected]));
    expect(probeOf(health, conduct)).toEqual([]);
    expect(probeOf(health, { ...conduct, order: 'strict', onFailure: 'skip' })).toEqual([]);
  });

  it('afterAttempt() parks when the endpoint fails in a run of rejections, and one rejection ends that', () => {
    const run = ['a', 'b', 'c'].map((event) => [event, rejected] as const);
    const parked = attempted([...run, ['d', failed]]);
    expect(parked.decisions.at(-1)).toBe('waits');
    expect(parked.health).toMatchObject({ failures: 1 });
    expect(attempted([...run, ['d', failed], ['e', rejected]]).health.failures).toBe(undefined);
  });

  it('afterHeadGivenUp() lets the next one of a strict order be tried soon', () => {
    const { health } = attempted(
      ['a', 'a', 'a'].map((event) => [event, rejected]),
      { order: 'strict' },
    );
    expect(health.failures).toBe(3);
    const next = afterHeadGivenUp({ ...health, askedUntil: t0 + day }, t0);
    expect(next).toMatchObject({
      failures: 1,
      parkedUntil: t0 + rejectionPauseMs,
      failedAt: health.failedAt,
    });
    expect(next).not.toHaveProperty('askedUntil');
  });

  it.each([
    ['block', ['waits', 'delivered', 'waits']],
    ['skip', ['alone', 'delivered', 'waits']],
  ] as const)('afterAttempt() in strict order with onFailure: %s', (onFailure, expected) => {
    const by = { order: 'strict', onFailure } as const;
    expect(
      attempted(
        [
          ['a', rejected],
          ['a', ok],
          ['b', failed],
        ],
        by,
      ).decisions,
    ).toEqual(expected);
  });

  it('afterAttempt() gives up what the receiver wants never again, in strict order too', () => {
    const refused: Outcome = { kind: 'refused' };
    expect(attempted([['a', refused]]).decisions).toEqual(['refused']);
    expect(attempted([['a', refused]], { order: 'strict' })).toEqual({ decisions: ['refused'], health: {} });
  });
});

describe('afterAttempt() of a delivery that has failed alone before', () => {
  const again = (health: Health, outcome: Outcome, event = 'poison') =>
    afterAttempt(health, { outcome, event, startedAt: t0, isAlone: true }, { conduct, now: t0, random: 0.5 });

  it('afterAttempt() leaves an endpoint that is well as it is, however often and with however many it happens', () => {
    for (const outcome of [failed, rejected]) {
      let health: Health = { against: ['poison'] };
      for (const event of ['poison', 'poison', 'other', 'third', 'fourth']) {
        const after = again(health, outcome, event);
        expect(after.decision).toBe('alone');
        health = after.health;
      }
      expect(health.failures ?? 0).toBe(0);
      expect(health.against).toEqual(['poison']);
    }
  });

  it('afterAttempt() parks the endpoint where it cannot be the event that it fails at, or is sick already', () => {
    const refused: Outcome = { kind: 'failed', what: 'ECONNREFUSED' };
    expect(again({}, refused)).toMatchObject({ decision: 'waits', health: { failures: 1 } });
    const parked = fail({}, { startedAt: t0 - 60_000 });
    expect(again(parked, failed)).toMatchObject({ decision: 'waits', health: { failures: 2 } });
  });

  it('afterAttempt() gives the endpoint the wait that it asks for, and the delivery a schedule of its own', () => {
    const asks: Outcome = { ...failed, retryAfterMs: 60_000 };
    const { decision, health } = again({}, asks);
    expect(decision).toBe('alone');
    expect(health.parkedUntil).toBeGreaterThanOrEqual(t0 + 60_000);
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
