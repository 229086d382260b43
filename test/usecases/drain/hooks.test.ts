import { describe, expect, it } from 'vitest';
import { CapnhookError } from '../../../src/shared/errors.js';
import { draining, hooksOf, withIntake } from '../../support/draining.js';
import { noUnhandledRejections } from '../../support/unhandled.js';
import { gate, until } from '../../support/world.js';

noUnhandledRejections();

/** Delivered, but not before. */
const deliveredAfter = (passed: Promise<unknown>): Promise<number> => passed.then(() => 204);

const times = (count: number) => Array.from({ length: count }, () => ({}));

describe('drain() and the hooks', () => {
  it('drain() honours a registration that was made before the event was fired, in the middle of its work', async () => {
    const { passed, open } = gate();
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }),
      script: { a: () => deliveredAfter(passed) },
    });
    await world.fire({});
    const drained = world.drain();
    await until('it is at work', () => world.inFlight() === 1);
    world.reload(hooksOf({ complete: ['a'], late: ['b'] }));
    await world.fire({ hook: 'late' });
    open();
    expect(await drained).toMatchObject({ delivered: 2, unclaimed: 0 });
    expect(world.told('hooks-reloaded')).toHaveLength(1);
  });

  it('drain() looks at the hooks before each step of its intake', async () => {
    const world = draining({
      wrap: (side) =>
        withIntake(side, ({ place }) => ({
          async place(routed, options) {
            const step = await place(routed, options);
            if (step.events < 256) return step;
            world.reload(hooksOf({ complete: ['a'], late: ['b'] }));
            await world.fire({ hook: 'late' });
            return { ...step, more: true };
          },
        })),
    });
    await world.fire(...times(256));
    expect(await world.drain()).toMatchObject({ delivered: 257, unclaimed: 0 });
  });

  it('drain() keeps the old hooks when the new ones are broken, and tells', async () => {
    const world = draining();
    const error = new CapnhookError('HOOKS_FILE', 'Cannot use the hooks file: it has a problem');
    world.refreshes.push({ kind: 'broken', error });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 1 });
    expect(world.told('hooks-broken')).toEqual([{ kind: 'hooks-broken', error }]);
  });
});
