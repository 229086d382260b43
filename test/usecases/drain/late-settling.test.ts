import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { DrainSide } from '../../../src/spool/spool.js';
import { draining, hooksOf, withOwned } from '../../support/draining.js';
import { gate, until } from '../../support/world.js';

const times = (count: number) => Array.from({ length: count }, () => ({}));

/** A drain's side that removes deliveries only when the gate is open, and the order of what it was asked. */
function removingLate(passed: Promise<void>): { wrap: (side: DrainSide) => DrainSide; asked: string[] } {
  const asked: string[] = [];
  const wrap = (side: DrainSide): DrainSide =>
    withOwned(side, ({ done }) => ({
      async done(delivery) {
        asked.push(delivery.event.id);
        await passed;
        await done(delivery);
      },
    }));
  return { wrap, asked };
}

describe('drain() on a spool that takes its time to settle', () => {
  it("drain() keeps an endpoint's place taken until the spool has settled: a crash repeats no more than that", async () => {
    const { passed, open } = gate();
    const { wrap, asked } = removingLate(passed);
    const world = draining({ hooks: hooksOf({ complete: ['a'] }, { a: { concurrency: 1 } }), wrap });
    await world.fire(...times(5));
    const drained = world.drain();
    await until('the first is sent', () => asked.length === 1);
    await sleep(80); // longer than it takes to look again
    expect(world.sent).toHaveLength(1);
    open();
    expect(await drained).toMatchObject({ delivered: 5, owed: 0 });
  });

  it('drain() sends the next one in strict order only when the one before it is settled', async () => {
    const { passed, open } = gate();
    const { wrap, asked } = removingLate(passed);
    const world = draining({ hooks: hooksOf({ complete: ['a'] }, { a: { order: 'strict' } }), wrap });
    await world.fire(...times(3));
    const drained = world.drain();
    await until('the first is sent', () => asked.length === 1);
    await sleep(80); // longer than it takes to look again
    expect(world.sent).toHaveLength(1);
    open();
    expect(await drained).toMatchObject({ delivered: 3, owed: 0 });
  });

  it('drain() counts what is not settled yet against maxInFlight', async () => {
    const { passed, open } = gate();
    const { wrap, asked } = removingLate(passed);
    const world = draining({ wrap });
    await world.fire(...times(9));
    const drained = world.drain({ maxInFlight: 3 });
    await until('three are sent', () => asked.length === 3);
    await sleep(80);
    expect(world.sent).toHaveLength(3);
    open();
    expect(await drained).toMatchObject({ delivered: 9, owed: 0 });
  });

  it('drain() counts the bytes of what is not settled yet', async () => {
    const { passed, open } = gate();
    const { wrap, asked } = removingLate(passed);
    const world = draining({ wrap });
    const payload = Buffer.alloc(24 * 2 ** 20, ' ');
    await world.fire(...times(4).map(() => ({ payload })));
    const drained = world.drain();
    await until('two are sent', () => asked.length === 2);
    await sleep(80);
    expect(world.sent).toHaveLength(2);
    open();
    expect(await drained).toMatchObject({ delivered: 4, owed: 0 });
  });

  it.each(['pass', 'daemon'] as const)('drain() as a %s ends only when all are settled', async (mode) => {
    const { passed, open } = gate();
    const { wrap, asked } = removingLate(passed);
    const world = draining({ wrap });
    const stop = new AbortController();
    await world.fire(...times(2));
    let hasEnded = false;
    const drained = world.drain({ until: mode, stop: stop.signal }).finally(() => {
      hasEnded = true;
    });
    await until('both are sent', () => asked.length === 2);
    stop.abort();
    await sleep(50);
    expect(hasEnded).toBe(false);
    open();
    expect(await drained).toMatchObject({ delivered: 2, owed: 0 });
  });

  it('drain() parks an endpoint at once, whatever is not settled yet', async () => {
    const { passed, open } = gate();
    const { wrap, asked } = removingLate(passed);
    let count = 0;
    const hooks = hooksOf({ complete: ['a'] }, { a: { concurrency: 2 } });
    const world = draining({ hooks, wrap, script: { a: () => (++count === 2 ? 503 : 204) } });
    await world.fire(...times(4));
    const drained = world.drain();
    await until('it is parked', () => world.told('parked').length === 1);
    await sleep(80);
    expect([world.sent.length, asked.length]).toEqual([2, 1]);
    open();
    expect(await drained).toMatchObject({ delivered: 1, failed: 1, owed: 3 });
  });

  it('drain() fills the places of answers that come together at once', async () => {
    const { passed, open } = gate();
    let claims = 0;
    const rounds: number[] = [];
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }, { a: { concurrency: 8 } }),
      script: { a: () => passed.then(() => 204) },
      wrap: (side) =>
        withOwned(side, ({ claim, done }) => ({
          claim(options) {
            claims += 1;
            return claim(options);
          },
          async done(delivery) {
            rounds.push(claims);
            await done(delivery);
          },
        })),
    });
    await world.fire(...times(16));
    const drained = world.drain();
    await until('eight are in flight', () => world.inFlight() === 8);
    const before = claims;
    open();
    await drained;
    expect(rounds.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => before));
  });
});
