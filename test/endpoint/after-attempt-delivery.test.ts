import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterAttempt, afterHeadGivenUp, type Outcome } from '../../src/endpoint/after-attempt.js';
import { rejectionPauseMs } from '../../src/endpoint/back-off.js';
import {
  allowedConcurrency,
  type Health,
  isInRun,
  maxAgainst,
  probeOf,
  runPauseMs,
  stateOf,
} from '../../src/endpoint/health.js';
import { attempted, fail, failed, ok, rejected } from './attempts.js';
import { anyJump, conduct, conducts, day, histories, live, t0 } from './histories.js';

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
