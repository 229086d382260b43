import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/shared/clock.js';
import { draining, hooksOf, withOwned } from '../../support/draining.js';
import { watchTimers } from '../../support/own-timers.js';
import { noUnhandledRejections } from '../../support/unhandled.js';
import { until } from '../../support/world.js';

noUnhandledRejections();
const expectNoTimers = watchTimers();

const times = (count: number) => Array.from({ length: count }, () => ({}));

describe('drain() as a daemon', () => {
  function daemon(
    world: ReturnType<typeof draining>,
    options: Parameters<ReturnType<typeof draining>['drain']>[0] = {},
  ) {
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, ...options });
    return () => {
      stop.abort();
      return drained;
    };
  }

  it('drain() wakes by a hint', async () => {
    const world = draining();
    const end = daemon(world, { rescanMs: 3_600_000 });
    await sleep(10);
    await world.fire({});
    await until('it is sent', () => world.sent.length === 1);
    expect(await end()).toMatchObject({ delivered: 1, owed: 0 });
  });

  it('drain() sends what is fired while it buries many, however long each takes', async () => {
    let buriedThen = Infinity;
    const world = draining({
      hooks: hooksOf({ complete: ['a'], other: ['b'] }),
      script: {
        a: 503,
        b: () => {
          buriedThen = world.buried.length;
          return 204;
        },
      },
      wrap: (side) =>
        withOwned(side, ({ bury }) => ({
          bury(delivery, why) {
            world.clock.advance?.(5);
            return bury(delivery, why);
          },
        })),
    });
    await world.fire(...times(2_500));
    await world.drain();
    world.reload({ ...hooksOf({ other: ['b'] }), holdKeepMs: 0 });
    const end = daemon(world);
    await until('some are buried', () => world.buried.length > 1_100); // it claims many at once then
    const before = world.buried.length;
    await world.fire({ hook: 'other' });
    await until('it is sent', () => world.to('b').length === 1);
    expect(buriedThen - before).toBeLessThan(40);
    await end();
  });

  it('drain() wakes by a rescan where there are no hints', async () => {
    const world = draining({ wrap: (side) => ({ ...side, onHint: () => () => {} }) });
    const end = daemon(world, { rescanMs: 5 });
    await sleep(10);
    await world.fire({});
    await until('it is sent', () => world.sent.length === 1);
    await end();
  });

  it('drain() wakes when a parked endpoint is due', async () => {
    const world = draining({
      clock: systemClock,
      hooks: hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs: [15], jitter: 0 } } }),
      script: { a: ({ attempt }) => (attempt < 4 ? 503 : 204) },
    });
    await world.fire({});
    const end = daemon(world, { rescanMs: 3_600_000 });
    await until('it is sent', () => world.sent.length === 4);
    expect(await end()).toMatchObject({ delivered: 1 });
  });

  it('drain() stops listening for hints when it ends', async () => {
    let listening = 0;
    const world = draining({
      wrap: (side) => ({
        ...side,
        onHint(hint) {
          listening += 1;
          const stop = side.onHint(hint);
          return () => {
            listening -= 1;
            stop();
          };
        },
      }),
    });
    const end = daemon(world);
    await until('it listens', () => listening === 1);
    await end();
    expect(listening).toBe(0);
    await expectNoTimers();
  });

  it('drain() gathers what it gives up into one line', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(100));
    const end = daemon(world);
    await until('it is sick', () => world.told('parked').length === 1);
    world.reload({ ...hooksOf({}), holdKeepMs: 0 });
    await world.fire({ hook: 'wake' });
    await until('all are buried', () => world.buried.length === 100);
    await end();
    expect(world.told('gave-up').reduce((sum, { count }) => sum + count, 0)).toBe(100);
    expect(world.told('gave-up').length).toBeLessThan(10);
  });
});
