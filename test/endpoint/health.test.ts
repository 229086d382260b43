import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointDefaults, type RetryPolicy } from '../../src/endpoint/endpoint.js';
import {
  afterAttempt,
  allowedConcurrency,
  backOffMs,
  failuresOf,
  type Health,
  isGivenUp,
  isOpen,
  maxFailedDeliveries,
  minAttempts,
  type Outcome,
} from '../../src/endpoint/health.js';

const policy: RetryPolicy = { scheduleMs: [5_000, 300_000, 1_800_000], jitter: 0.2 };
const day = 86_400_000;
const t0 = Date.parse('2026-11-23T12:00:00.000Z');

interface Step {
  outcome: Outcome;
  event: string;
  /** How long it waited before it began, and how long it took; ms. */
  pause: number;
  took: number;
  random: number;
}

const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant<Outcome>({ kind: 'ok' }),
  fc.constant<Outcome>({ kind: 'rejected' }),
  fc.constant<Outcome>({ kind: 'gone' }),
  fc.record({ kind: fc.constant('failed' as const), what: fc.constantFrom('503', 'ECONNREFUSED') }),
  fc.record({
    kind: fc.constant('failed' as const),
    what: fc.constant('429'),
    retryAfterMs: fc.integer({ min: -day, max: 40 * day }),
  }),
);

const steps = (kinds: fc.Arbitrary<Outcome> = outcomes): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      outcome: kinds,
      event: fc.constantFrom('evt_a', 'evt_b', '42', '__proto__', 'constructor', 'toString'),
      pause: fc.integer({ min: 0, max: day }),
      took: fc.integer({ min: 0, max: 60_000 }),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    }),
    { maxLength: 40 },
  );

const policies: fc.Arbitrary<RetryPolicy> = fc.record({
  scheduleMs: fc.array(fc.integer({ min: 0, max: 3 * day }), { minLength: 1, maxLength: 9 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});

interface Seen extends Step {
  before: Health;
  health: Health;
  startedAt: number;
  now: number;
}

/** Every state of a history. A negative `pause` sets the clock back. */
function live(history: readonly Step[], retry: RetryPolicy = policy): Seen[] {
  let health: Health = {};
  let now = t0;
  return history.map((step) => {
    const before = health;
    const startedAt = now + step.pause;
    now = startedAt + step.took;
    const { outcome, event, random } = step;
    health = afterAttempt(before, { outcome, event, startedAt }, { policy: retry, now, random });
    return { ...step, before, health, startedAt, now };
  });
}

function fail(
  health: Health,
  at: { startedAt: number; now: number; event?: string; retryAfterMs?: number },
): Health {
  const { retryAfterMs, event = 'evt_a', startedAt, now } = at;
  const outcome: Outcome = {
    kind: 'failed',
    what: '503',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  return afterAttempt(health, { outcome, event, startedAt }, { policy, now, random: 0.5 });
}

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
      fc.property(
        policies,
        fc.integer({ min: 1, max: 30 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (retry, failures, random) => {
          const base = retry.scheduleMs[Math.min(failures, retry.scheduleMs.length) - 1]!;
          const ms = backOffMs(retry, failures, random);
          expect(ms).toBeGreaterThanOrEqual(Math.floor(base * (1 - retry.jitter)));
          expect(ms).toBeLessThanOrEqual(Math.ceil(base * (1 + retry.jitter)));
          expect(Number.isInteger(ms)).toBe(true);
        },
      ),
    );
  });

  it('backOffMs() uses the whole width of the jitter', () => {
    expect([0, 0.5, 0.999999].map((random) => backOffMs(policy, 1, random))).toEqual([4_000, 5_000, 6_000]);
  });

  it('backOffMs() waits a day at most by default, jitter aside', () => {
    expect(backOffMs({ ...endpointDefaults.retry, jitter: 0 }, 99, 0)).toBe(day);
  });
});

describe('afterAttempt()', () => {
  it('afterAttempt() never parks beyond the longest wait of the schedule with its jitter, or 24 h for Retry-After', () => {
    fc.assert(
      fc.property(
        steps(),
        policies,
        fc.array(fc.integer({ min: -5 * day, max: day }), { minLength: 40, maxLength: 40 }),
        (history, retry, jumps) => {
          // The wall clock may jump in either direction between two attempts.
          const jumping = history.map((step, index) => ({ ...step, pause: step.pause + jumps[index]! }));
          const longest = Math.max(day, ...retry.scheduleMs.map((ms) => Math.ceil(ms * (1 + retry.jitter))));
          for (const { outcome, health, now } of live(jumping, retry)) {
            if (outcome.kind === 'failed') expect(health.parkedUntil ?? 0).toBeLessThanOrEqual(now + longest);
          }
        },
      ),
    );
  });

  it('afterAttempt() makes an endpoint well with one success, whatever came before, unless it is paused', () => {
    fc.assert(
      fc.property(steps(), fc.constantFrom('ok' as const, 'rejected' as const), (history, kind) => {
        const last = live(history).at(-1)?.health ?? {};
        const after = afterAttempt(
          last,
          { outcome: { kind }, event: 'evt_x', startedAt: t0 },
          { policy, now: t0, random: 0 },
        );
        fc.pre(last.paused === undefined);
        expect(Object.keys(after).filter((key) => key !== 'failedDeliveries')).toEqual([]);
        expect(isOpen(after, 0, endpointDefaults.retry)).toBe(true);
        expect(allowedConcurrency(after, 7)).toBe(7);
      }),
    );
  });

  it('afterAttempt() leaves a paused endpoint paused', () => {
    fc.assert(
      fc.property(steps(), (history) => {
        let paused = false;
        for (const { health, outcome } of live(history)) {
          paused ||= outcome.kind === 'gone';
          expect(health.paused !== undefined).toBe(paused);
          if (paused) expect(isOpen(health, Number.MAX_SAFE_INTEGER, endpointDefaults.retry)).toBe(false);
        }
      }),
    );
  });

  it('afterAttempt() pauses after 410, and says why', () => {
    const health = afterAttempt(
      {},
      { outcome: { kind: 'gone' }, event: 'e', startedAt: t0 },
      { policy, now: t0, random: 0 },
    );
    expect(health).toMatchObject({ paused: 'it answered 410 Gone', last: '410', failures: 1 });
  });

  it('afterAttempt() counts attempts that were in flight together as one failure', () => {
    let health = fail({}, { startedAt: t0, now: t0 + 100 });
    for (let n = 1; n <= 5; n += 1)
      health = fail(health, { startedAt: t0 + n, now: t0 + 100 + n, event: `evt_${n}` });
    expect(health).toMatchObject({
      failures: 1,
      failedAt: [t0 + 100],
      parkedUntil: t0 + 5_100,
      since: t0 + 100,
    });
    health = fail(health, { startedAt: t0 + 6_000, now: t0 + 6_001 });
    expect(health).toMatchObject({ failures: 2, parkedUntil: t0 + 306_001, since: t0 + 100 });
  });

  it('afterAttempt() counts attempts that began and failed within one millisecond as one failure', () => {
    let health: Health = {};
    for (let n = 1; n <= 4; n += 1) health = fail(health, { startedAt: t0, now: t0, event: `evt_${n}` });
    expect(health).toMatchObject({ failures: 1, parkedUntil: t0 + 5_000 });
  });

  it('afterAttempt() counts a failure after the clock was set back', () => {
    const before = fail({}, { startedAt: t0, now: t0 + 1 });
    const after = fail(before, { startedAt: t0 - day, now: t0 - day + 1 });
    expect(after.failures).toBe(2);
    expect(after.parkedUntil).toBe(t0 - day + 1 + 300_000);
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
    const health = fail({}, { startedAt: t0, now: t0, ...(retryAfterMs !== undefined && { retryAfterMs }) });
    expect(health.parkedUntil).toBe(t0 + parkedFor);
  });

  it('afterAttempt() heeds the Retry-After of an attempt that was in flight together with the failed one', () => {
    const first = fail({}, { startedAt: t0, now: t0 + 10 });
    const second = fail(first, { startedAt: t0, now: t0 + 20, retryAfterMs: 60_000 });
    expect(second).toMatchObject({ failures: 1, parkedUntil: t0 + 60_020 });
    expect(fail(second, { startedAt: t0, now: t0 + 30 }).parkedUntil).toBe(t0 + 60_020);
  });

  it('afterAttempt() shortens what was asked for before the clock was set back', () => {
    const first = fail({}, { startedAt: t0, now: t0 });
    const asked = fail(first, { startedAt: t0, now: t0 + 10_000, retryAfterMs: day });
    expect(asked.parkedUntil).toBe(t0 + 10_000 + day);
    expect(fail(asked, { startedAt: t0, now: t0 + 1_000 }).parkedUntil).toBe(t0 + 1_000 + day);
  });

  it('afterAttempt() is the same for the same input, and changes nothing in place', () => {
    fc.assert(
      fc.property(steps(), (history) => {
        for (const { before, health, outcome, event, startedAt, now, random } of live(history)) {
          const copy = structuredClone(before);
          expect(afterAttempt(before, { outcome, event, startedAt }, { policy, now, random })).toEqual(
            health,
          );
          expect(before).toEqual(copy);
        }
      }),
    );
  });

  it('afterAttempt() yields what JSON keeps', () => {
    fc.assert(
      fc.property(steps(), (history) => {
        for (const { health } of live(history)) expect(JSON.parse(JSON.stringify(health))).toEqual(health);
      }),
    );
  });
});

describe('failuresOf()', () => {
  it('failuresOf() is how often a delivery failed with its endpoint, until it is delivered', () => {
    fc.assert(
      fc.property(steps(), (history) => {
        const counts = new Map<string, number>();
        for (const { outcome, event, health } of live(history)) {
          if (outcome.kind === 'ok') counts.delete(event);
          else if (outcome.kind !== 'rejected') counts.set(event, (counts.get(event) ?? 0) + 1);
          for (const id of ['evt_a', 'evt_b', '42', '__proto__', 'constructor', 'toString']) {
            expect(failuresOf(health, id)).toBe(counts.get(id) ?? 0);
          }
        }
      }),
    );
  });

  it('failuresOf() is 0 for what is only a property of every object', () => {
    expect(failuresOf({ failedDeliveries: { evt_a: 2 } }, 'constructor')).toBe(0);
    expect(failuresOf({}, 'evt_a')).toBe(0);
  });

  it(`failuresOf() remembers ${maxFailedDeliveries} deliveries at most, and always the newest`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 1000 }).map(String), fc.stringMatching(/^[A-Z]{1,2}$/)), {
          minLength: 250,
          maxLength: 600,
        }),
        (events) => {
          let health: Health = {};
          for (const [index, event] of events.entries()) {
            health = fail(health, { startedAt: t0 + index, now: t0 + index, event });
            expect(failuresOf(health, event)).toBeGreaterThan(0);
          }
          expect(Object.keys(health.failedDeliveries ?? {}).length).toBeLessThanOrEqual(maxFailedDeliveries);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('isGivenUp()', () => {
  const giveUpAfterMs = 3 * day;

  it(`isGivenUp() is false before the age, and before ${minAttempts} failedAt since the delivery was accepted`, () => {
    const kinds = fc.constantFrom<Outcome>({ kind: 'failed', what: '503' }, { kind: 'gone' });
    fc.assert(
      fc.property(steps(kinds), fc.integer({ min: 0, max: 10 * day }), (history, after) => {
        const acceptedAt = t0 + after;
        let failedAt = 0;
        for (const { health, now } of live(history)) {
          if ((health.failedAt?.at(-1) ?? 0) === now && now >= acceptedAt) failedAt += 1;
          const givenUp = isGivenUp(health, { acceptedAt, giveUpAfterMs, now });
          if (now - acceptedAt <= giveUpAfterMs || failedAt < minAttempts) expect(givenUp).toBe(false);
        }
      }),
    );
  });

  it('isGivenUp() is true with the age and the failedAt', () => {
    let health: Health = {};
    for (let n = 1; n <= minAttempts; n += 1) {
      const now = t0 + n * 3_600_000;
      expect(isGivenUp(health, { acceptedAt: t0, giveUpAfterMs, now: t0 + 4 * day })).toBe(false);
      health = fail(health, { startedAt: now, now });
    }
    expect(isGivenUp(health, { acceptedAt: t0, giveUpAfterMs, now: t0 + giveUpAfterMs })).toBe(false);
    expect(isGivenUp(health, { acceptedAt: t0, giveUpAfterMs, now: t0 + giveUpAfterMs + 1 })).toBe(true);
    expect(isGivenUp(health, { acceptedAt: t0 + 3_600_001, giveUpAfterMs, now: t0 + 9 * day })).toBe(false);
    expect(health.failedAt).toHaveLength(minAttempts);
  });
});

describe('isOpen()', () => {
  it.each<[string, Health, boolean]>([
    ['well', {}, true],
    ['parked until later', { parkedUntil: t0 + 1 }, false],
    ['parked until now', { parkedUntil: t0 }, true],
    ['parked for a day, as a receiver may ask', { parkedUntil: t0 + 86_400_000 }, false],
    [
      'parked for longer than anybody can ask: the clock was set back',
      { parkedUntil: t0 + 86_400_001 + 17_280_000 },
      true,
    ],
    ['paused', { paused: 'it answered 410 Gone' }, false],
    ['paused, and parked until now', { paused: 'x', parkedUntil: t0 }, false],
  ])('isOpen() for an endpoint that is %s', (_, health, open) =>
    expect(isOpen(health, t0, endpointDefaults.retry)).toBe(open),
  );
});

describe('allowedConcurrency()', () => {
  it('allowedConcurrency() is one for a sick endpoint, and its limit for a well one', () => {
    expect(allowedConcurrency({ failures: 1 }, 8)).toBe(1);
    expect(allowedConcurrency({}, 8)).toBe(8);
  });
});
