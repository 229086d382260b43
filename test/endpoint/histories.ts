/** Histories of an endpoint, for properties: what was attempted, what came of it, and what the clock did. */
import fc from 'fast-check';
import {
  type AttemptOutcome,
  afterAttempt,
  type Decision,
  type Outcome,
} from '../../src/endpoint/after-attempt.js';
import { endpointDefaults, type RetryPolicy } from '../../src/endpoint/endpoint.js';
import type { Conduct, Health } from '../../src/endpoint/health.js';
import type { ClockReading } from '../../src/shared/clock.js';

export const day = 86_400_000;
export const t0: number = Date.parse('2026-11-23T12:00:00.000Z');
export const policy: RetryPolicy = { scheduleMs: [5_000, 300_000, 1_800_000], jitter: 0.2 };
export const conduct: Conduct = { ...endpointDefaults, retry: policy };

/** One attempt. */
export interface Step {
  outcome: Outcome;
  event: string;
  /** How long it waited before it began, and how long it took; ms. */
  pause: number;
  took: number;
  random: number;
  /** By how much the wall clock jumped before it, in ms. */
  jump: number;
}

export const events: readonly string[] = ['evt_a', 'evt_b', 'evt_c', '42', '__proto__', 'constructor'];

const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant<Outcome>({ kind: 'ok' }),
  fc.constant<Outcome>({ kind: 'rejected', what: '400' }),
  fc.constant<Outcome>({ kind: 'refused' }),
  fc.constant<Outcome>({ kind: 'gone', what: '410 Gone' }),
  fc.record({
    kind: fc.constant('failed' as const),
    what: fc.constantFrom('503', 'TIMEOUT'),
    mayBeEvent: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('failed' as const),
    what: fc.constant('429'),
    limits: fc.boolean(),
    retryAfterMs: fc.integer({ min: -day, max: 40 * day }),
  }),
);

/** Any history; without `jumps` the wall clock goes evenly. */
export function histories({
  kinds = outcomes,
  jumps = fc.constant(0),
}: {
  kinds?: fc.Arbitrary<Outcome>;
  jumps?: fc.Arbitrary<number>;
} = {}): fc.Arbitrary<Step[]> {
  const step = fc.record({
    outcome: kinds,
    event: fc.constantFrom(...events),
    pause: fc.integer({ min: 0, max: day }),
    took: fc.integer({ min: 0, max: 60_000 }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    jump: jumps,
  });
  return fc.array(step, { maxLength: 40 });
}

export const anyJump: fc.Arbitrary<number> = fc.oneof(
  fc.constant(0),
  fc.integer({ min: -day, max: day }),
  fc.constantFrom(-3_600_000, 3_600_001, 3650 * day, -365 * day),
);

export const policies: fc.Arbitrary<RetryPolicy> = fc.record({
  scheduleMs: fc.array(fc.integer({ min: 0, max: 3 * day }), { minLength: 1, maxLength: 9 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});

export const conducts: fc.Arbitrary<Conduct> = fc.record({
  retry: policies,
  concurrency: fc.integer({ min: 1, max: 32 }),
  order: fc.constantFrom('any', 'strict'),
  onFailure: fc.constantFrom('block', 'skip'),
});

/** One attempt, and what it changed. */
export interface Seen extends Step {
  before: Health;
  health: Health;
  decision: Decision;
  startedAt: number;
  /** By the wall clock. */
  now: number;
  /** Since the beginning, by a clock that does not jump; ms. */
  elapsed: number;
  clock: ClockReading;
}

/** Every state of a history. */
export function live(history: readonly Step[], by: Conduct = conduct): Seen[] {
  let health: Health = {};
  let now = t0;
  let elapsed = 0;
  const clock = { boot: 'b1', bootedAt: t0 - day };
  return history.map((step) => {
    const before = health;
    clock.bootedAt += step.jump;
    const startedAt = now + step.jump + step.pause;
    now = startedAt + step.took;
    elapsed += step.pause + step.took;
    const attempt: AttemptOutcome = { outcome: step.outcome, event: step.event, startedAt };
    const moment = { now, clock: { ...clock }, random: step.random };
    const after = afterAttempt(before, attempt, { conduct: by, ...moment });
    health = after.health;
    return { ...step, before, ...after, startedAt, now, elapsed, clock: moment.clock };
  });
}
