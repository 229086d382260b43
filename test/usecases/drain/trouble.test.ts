import { describe, expect, it } from 'vitest';
import type { AttemptResult } from '../../../src/delivery/sender.js';
import { systemClock } from '../../../src/shared/clock.js';
import { draining, hooksOf } from '../../support/draining.js';
import { noUnhandledRejections } from '../../support/unhandled.js';
import { gate, until } from '../../support/world.js';

noUnhandledRejections();

/** Delivered, but not before. */
const deliveredAfter = (passed: Promise<unknown>): Promise<number> => passed.then(() => 204);

const two = hooksOf({ complete: ['a', 'b'] });
const times = (count: number) => Array.from({ length: count }, () => ({}));

describe('drain() and endpoints in trouble', () => {
  it('drain() does not let a failing endpoint hold up another', async () => {
    const world = draining({ hooks: two, script: { a: 503 } });
    await world.fire(...times(20));
    expect(await world.drain()).toMatchObject({ delivered: 20, owed: 20 });
    expect(world.to('b')).toHaveLength(20);
  });

  it('drain() does not let an endpoint that never answers hold up another', async () => {
    const { passed, open } = gate();
    const world = draining({ hooks: two, script: { a: () => deliveredAfter(passed) } });
    await world.fire(...times(300));
    const drained = world.drain();
    await until('b has all', () => world.to('b').length === 300);
    expect(world.to('a')).toHaveLength(4);
    open();
    expect(await drained).toMatchObject({ delivered: 600 });
  });

  it('drain() parks an endpoint that fails, keeps what it is owed, and tells once', async () => {
    const world = draining({
      script: { a: { kind: 'error', code: 'ECONNREFUSED', message: 'nobody listens' } },
    });
    await world.fire(...times(10));
    expect(await world.drain()).toMatchObject({ delivered: 0, owed: 10, gaveUp: 0 });
    expect(world.to('a').length).toBeLessThanOrEqual(4);
    expect(await world.health('a')).toMatchObject({ failures: 1, parkedUntil: world.clock.now() + 5_000 });
    expect(world.told('parked')).toMatchObject([
      { what: 'ECONNREFUSED', message: 'nobody listens', parkedUntil: world.clock.now() + 5_000 },
    ]);
  });

  it('drain() does not try a parked endpoint before its time, and then with one attempt', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(10));
    await world.drain();
    const tried = world.sent.length;
    world.clock.advance?.(4_999);
    expect(await world.drain()).toMatchObject({ failed: 0, owed: 10 });
    expect(world.sent).toHaveLength(tried);
    world.clock.advance?.(1);
    expect(await world.drain()).toMatchObject({ failed: 1, owed: 10 });
    expect(await world.health('a')).toMatchObject({ failures: 2, parkedUntil: world.clock.now() + 300_000 });
  });

  it('drain() lets all flow after recovery, and tells that it is well again', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(30));
    await world.drain();
    world.script.a = 204;
    world.clock.advance?.(5_000);
    expect(await world.drain()).toMatchObject({ delivered: 30, owed: 0 });
    expect(world.told('well')).toMatchObject([{ endpoint: { id: 'a' } }]);
    expect(await world.health('a')).not.toHaveProperty('failures');
  });

  const mistake: AttemptResult = {
    kind: 'error',
    code: 'BAD_SECRET',
    message: 'environment variable X is not set',
    hint: 'Set X.',
    isLasting: true,
  };

  it('drain() blames nobody for a mistake of the operator, and tells once, from one pass to the next as well', async () => {
    const world = draining({ hooks: two, script: { a: mistake } });
    await world.fire(...times(10));
    for (let n = 0; n < 20; n += 1) {
      expect(await world.drain()).toMatchObject({ failed: 0, gaveUp: 0, owed: 10, misconfigured: 1 });
      world.clock.advance?.(86_400_000);
    }
    expect(world.told('misconfigured')).toMatchObject([
      { endpoint: { id: 'a' }, reason: mistake.message, hint: 'Set X.' },
    ]);
    expect(world.journal.filter(({ error }) => error === 'BAD_SECRET')).toHaveLength(1);
    expect(world.told('parked')).toEqual([]);
    expect(await world.health('a')).toEqual({ mistake: mistake.message });
    world.script.a = 204;
    expect(await world.drain()).toMatchObject({ delivered: 10, owed: 0, misconfigured: 0 });
    expect(await world.health('a')).toEqual({});
    world.script.a = mistake;
    await world.fire({});
    await world.drain();
    expect(world.told('misconfigured')).toHaveLength(2);
  });

  it('drain() that waits ends as soon as only the environment could help', async () => {
    const world = draining({ hooks: two, clock: systemClock, script: { a: mistake } });
    await world.fire({});
    expect(await world.drain({ until: 'wait', waitMs: 60_000 })).toMatchObject({ delivered: 1, owed: 1 });
  });

  it('drain() that waits ends as soon as only a paused endpoint is owed something', async () => {
    const world = draining({ hooks: two, clock: systemClock, script: { a: 410 } });
    await world.fire({});
    expect(await world.drain({ until: 'wait', waitMs: 60_000 })).toMatchObject({ delivered: 1, owed: 1 });
  });

  const unreachable = { kind: 'error', code: 'ENETUNREACH', message: 'no network' } as const;

  it('drain() blames no endpoint when none can be reached, and tells once', async () => {
    const world = draining({ hooks: two, script: { a: unreachable, b: unreachable } });
    await world.fire({});
    for (let n = 0; n < 20; n += 1) {
      expect(await world.drain()).toMatchObject({ failed: 0, gaveUp: 0, owed: 2 });
      world.clock.advance?.(86_400_000);
    }
    expect(world.told('shortage')).toHaveLength(20);
    expect(world.told('parked')).toEqual([]);
    expect([await world.health('a'), await world.health('b')]).toEqual([{}, {}]);
  });

  it.each([
    ['a', 'b'],
    ['b', 'a'],
  ])('drain() parks %s, which cannot be reached, when %s can be', async (dead, alive) => {
    const world = draining({ hooks: two, script: { [dead]: unreachable, [alive]: 503 } });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ failed: 2, owed: 2 });
    expect(await world.health(dead)).toMatchObject({ failures: 1, last: 'ENETUNREACH' });
  });

  it('drain() holds nobody up for an attempt that this machine could not make, and rests longer each time', async () => {
    const ours = { kind: 'error', code: 'EADDRNOTAVAIL', message: 'no port' } as const;
    const world = draining({ hooks: two, clock: systemClock, script: { a: ours } });
    await world.fire(...times(10));
    expect(await world.drain({ until: 'wait', waitMs: 4_000 })).toMatchObject({ delivered: 10, owed: 10 });
    expect(world.to('a').length).toBeLessThan(8); // 4 in flight at first
    expect(world.told('shortage')).toHaveLength(1);
  });

  it('drain() heeds Retry-After', async () => {
    const world = draining({ script: { a: { kind: 'answer', status: 429, retryAfter: '3600' } } });
    await world.fire({});
    await world.drain();
    expect(await world.health('a')).toMatchObject({ parkedUntil: world.clock.now() + 3_600_000 });
  });
});
