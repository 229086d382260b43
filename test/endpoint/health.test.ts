import { describe, expect, it } from 'vitest';
import { minAttempts } from '../../src/endpoint/back-off.js';
import {
  allowedConcurrency,
  failuresOf,
  type Health,
  isGivenUp,
  parkedUntil,
  probeOf,
  stateOf,
} from '../../src/endpoint/health.js';
import { conduct, day, t0 } from './histories.js';

const hour = 3_600_000;

describe('failuresOf()', () => {
  it('failuresOf() is 0 for what is only a property of every object', () => {
    expect(failuresOf({ failedDeliveries: [['evt_a', 2]] }, 'constructor')).toBe(0);
    expect(failuresOf({}, 'evt_a')).toBe(0);
  });
});

describe('isGivenUp()', () => {
  const giveUpAfterMs = 3 * day;
  const failedAt = Array.from({ length: minAttempts }, (_, n) => t0 + (n + 1) * hour);
  const accepted = { acceptedAt: t0, giveUpAfterMs };

  it('isGivenUp() is true with the age and the attempts', () => {
    expect(isGivenUp({ failedAt }, { ...accepted, now: t0 + giveUpAfterMs })).toBe(false);
    expect(isGivenUp({ failedAt }, { ...accepted, now: t0 + giveUpAfterMs + 1 })).toBe(true);
    expect(isGivenUp({ failedAt: failedAt.slice(1) }, { ...accepted, now: t0 + 9 * day })).toBe(false);
    expect(isGivenUp({ failedAt }, { ...accepted, acceptedAt: t0 + hour + 1, now: t0 + 9 * day })).toBe(
      false,
    );
  });

  it('isGivenUp() is false when the clock has jumped by more than an hour since', () => {
    const health: Health = { failedAt, clock: { boot: 'b', bootedAt: 0 } };
    const at = (bootedAt: number) => ({ ...accepted, now: t0 + 4 * day, clock: { boot: 'b', bootedAt } });
    expect(isGivenUp(health, at(0))).toBe(true);
    expect(isGivenUp(health, at(hour))).toBe(true);
    expect(isGivenUp(health, at(3650 * day))).toBe(false);
  });

  it('isGivenUp() counts no age from before the clock has jumped', () => {
    const health: Health = { failedAt, ageFrom: t0 + day };
    expect(isGivenUp(health, { ...accepted, now: t0 + day + giveUpAfterMs })).toBe(false);
    expect(isGivenUp(health, { ...accepted, now: t0 + day + giveUpAfterMs + 1 })).toBe(true);
    expect(isGivenUp({ ...health, ageFrom: t0 - day }, { ...accepted, now: t0 + giveUpAfterMs })).toBe(false);
    const fromTheFuture = { ...health, ageFrom: t0 + 365 * day };
    expect(isGivenUp(fromTheFuture, { ...accepted, now: t0 + giveUpAfterMs + 1 })).toBe(true);
  });
});

describe('parkedUntil()', () => {
  it.each<[string, Health, number]>([
    ['well', {}, 0],
    ['parked until later', { parkedUntil: t0 + 1 }, t0 + 1],
    ['parked until now', { parkedUntil: t0 }, t0],
    ['parked for a day, as a receiver may ask', { parkedUntil: t0 + day }, t0 + day],
    ['parked for longer than anybody can ask: the clock was set back', { parkedUntil: t0 + day + 1 }, 0],
  ])('parkedUntil() of an endpoint that is %s', (_, health, until) =>
    expect(parkedUntil(health, { now: t0 }, conduct)).toBe(until),
  );

  it.each([[-hour], [-day], [3650 * day]])(
    'parkedUntil() leaves the same wait after the clock has jumped by %d ms',
    (jumpMs) => {
      const health: Health = { parkedUntil: t0 + 60_000, clock: { boot: 'b', bootedAt: 0 } };
      const moment = { now: t0 + 10_000 + jumpMs, clock: { boot: 'b', bootedAt: jumpMs } };
      expect(parkedUntil(health, moment, conduct) - moment.now).toBe(50_000);
    },
  );
});

describe('allowedConcurrency()', () => {
  it.each<[string, Health, Partial<typeof conduct>, number]>([
    ['well', {}, {}, 8],
    ['parked', { failures: 1 }, {}, 1],
    ['recovering', { allowed: 3.9 }, {}, 3],
    ['recovering beyond a limit that was lowered', { allowed: 30 }, {}, 8],
    ['in strict order', {}, { order: 'strict' }, 1],
  ])('allowedConcurrency() of an endpoint that is %s', (_, health, by, allowed) => {
    expect(allowedConcurrency(health, { ...conduct, concurrency: 8, ...by })).toBe(allowed);
  });
});

describe('probeOf()', () => {
  const health: Health = {
    failures: 2,
    failedDeliveries: [
      ['b', 1],
      ['42', 2],
      ['a', 2],
    ],
  };

  it('probeOf() is what failed, the longest ago first, of an endpoint that is parked', () => {
    expect(probeOf(health, conduct)).toEqual(['b', '42', 'a']);
    expect(probeOf({ failures: 1 }, conduct)).toEqual([]);
    expect(probeOf({ failedDeliveries: [['a', 1]] }, conduct)).toBe(undefined);
  });

  it('probeOf() is undefined in strict order: what is next is tried', () => {
    expect(probeOf(health, { ...conduct, order: 'strict' })).toBe(undefined);
  });
});

describe('stateOf()', () => {
  it.each<[Health, string]>([
    [{}, 'well'],
    [{ allowed: 1, failedDeliveries: [['a', 1]] }, 'well'],
    [{ failures: 1 }, 'parked'],
    [{ failures: 1, paused: 'it answered 410 Gone' }, 'paused'],
  ])('stateOf(%o) is %s', (health, state) => expect(stateOf(health)).toBe(state));
});
