import { describe, expect, it } from 'vitest';
import type { Health } from '../../../src/endpoint/health.js';
import { draining, hooksOf, withOwned } from '../../support/draining.js';
import { scheduleMs, sickWorld } from '../../support/sick-world.js';

describe('drain() from one pass to the next', () => {
  it('drain() that lost the health of an endpoint loses its back-off and nothing else', async () => {
    const saved: Health[] = [];
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs, jitter: 0 } } }),
      script: { a: 503 },
      wrap: (side) => {
        const health = () => ({});
        const withoutHealth = { ...side, byId: { ...side.byId, health } };
        return withOwned(withoutHealth, () => ({
          health,
          saveHealth: async (each) => void saved.push(each),
        }));
      },
    });
    await world.fire({}, {});
    await world.drain();
    expect(saved.length).toBeGreaterThan(0);
    world.script.a = 204;
    expect(await world.drain()).toMatchObject({ delivered: 2, owed: 0 });
  });
});

describe('drain() and what it keeps', () => {
  it('drain() buries nothing of an endpoint that has just said it is gone', async () => {
    const world = sickWorld({ giveUpAfterMs: 1_000 }, { a: 503 });
    await world.fire({}, {}, {});
    for (let n = 0; n < 7; n += 1) {
      await world.drain();
      world.clock.advance?.(600_000);
    }
    world.script.a = 410;
    expect(await world.drain()).toMatchObject({ gaveUp: 0, owed: 3 });
    expect(world.told('paused')).toHaveLength(1);
  });

  it('drain() saves a change at once that it tells of, and what is no change later', async () => {
    const saved: Array<boolean | undefined> = [];
    const hooks = hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs, jitter: 0 } } });
    const world = draining({
      hooks,
      script: { a: 503 },
      wrap: (side) =>
        withOwned(side, ({ saveHealth }) => ({
          saveHealth(health, options) {
            saved.push(options?.isImmediate);
            return saveHealth(health, options);
          },
        })),
    });
    await world.fire({});
    await world.drain();
    world.clock.advance?.(1_000);
    await world.drain();
    world.clock.advance?.(60_000);
    world.script.a = 204;
    await world.drain();
    expect(saved).toEqual([true, false, true]);
  });
});
