import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CapnhookError } from '../../../src/shared/errors.js';
import { draining, hooksOf } from '../../support/draining.js';
import { noUnhandledRejections } from '../../support/unhandled.js';
import { gate, until } from '../../support/world.js';

noUnhandledRejections();

/** Delivered, but not before. */
const deliveredAfter = (passed: Promise<unknown>): Promise<number> => passed.then(() => 204);

const times = (count: number) => Array.from({ length: count }, () => ({}));

describe('drain() and the hooks', () => {
  it('drain() buries what a deregistered endpoint is owed, and sends what named the URL itself', async () => {
    const hooks = hooksOf({ complete: ['a'] });
    const world = draining({ hooks, script: { a: 503 } });
    const named = { hook: 'complete', to: ['https://a.example/in'] };
    await world.fire({}, named, {});
    await world.drain();
    world.clock.advance?.(5_000);
    // It is registered no more, and still defined.
    world.reload({ ...hooksOf({ other: ['b'] }), endpoints: hooks.endpoints });
    world.script.a = 204;
    expect(await world.drain()).toMatchObject({ delivered: 1, gaveUp: 2, owed: 0 });
    expect(world.buried.map(({ why }) => why.reason)).toEqual(['deregistered', 'deregistered']);
    expect(world.told('gave-up')).toMatchObject([{ endpoint: { id: 'a' }, count: 2 }]);
  });

  it.each(['parked', 'paused'])(
    'drain() buries what a deregistered endpoint is owed while it is %s',
    async (state) => {
      const world = draining({ script: { a: state === 'parked' ? 503 : 410 } });
      await world.fire(...times(500));
      await world.drain();
      world.reload(hooksOf({}, { a: {} }));
      expect(await world.drain()).toMatchObject({ gaveUp: 500, owed: 0, failed: 0 });
    },
  );

  it('drain() keeps hearing others while it buries many', async () => {
    const world = draining({ hooks: hooksOf({ complete: ['a'], other: ['b'] }), script: { a: 503 } });
    await world.fire(...times(2_000));
    await world.drain();
    world.reload(hooksOf({ other: ['b'] }));
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal });
    await setImmediate();
    await until('some are buried', () => world.buried.length > 10);
    expect(world.buried.length).toBeLessThan(2_000);
    stop.abort();
    const { owed, gaveUp } = await drained;
    expect(owed).toBeGreaterThan(0);
    expect(owed + gaveUp).toBe(2_000);
  });

  it('drain() buries few at once, however many endpoints were deregistered', async () => {
    const ids = Array.from({ length: 40 }, (_, n) => `e${n}`);
    const world = draining({
      hooks: hooksOf({ complete: ids }),
      script: Object.fromEntries(ids.map((id) => [id, 503])),
    });
    await world.fire(...times(10));
    await world.drain();
    world.reload(hooksOf({}));
    let most = 0;
    let done = false;
    const watching = (async () => {
      for (let before = 0; !done; before = world.buried.length) {
        await setImmediate();
        most = Math.max(most, world.buried.length - before);
      }
    })();
    expect(await world.drain()).toMatchObject({ gaveUp: 400 });
    done = true;
    await watching;
    expect(most).toBeLessThan(10);
  });

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
    expect(await drained).toMatchObject({ delivered: 2, noReceivers: 0 });
    expect(world.told('hooks-reloaded')).toHaveLength(1);
  });

  it('drain() looks at the hooks before each step of its intake', async () => {
    const world = draining({
      wrap: (lease) => ({
        ...lease,
        async fanOut(route) {
          const step = await lease.fanOut(route);
          if (step.events === 256) {
            world.reload(hooksOf({ complete: ['a'], late: ['b'] }));
            await world.fire({ hook: 'late' });
            return { ...step, more: true };
          }
          return step;
        },
      }),
    });
    await world.fire(...times(256));
    expect(await world.drain()).toMatchObject({ delivered: 257, noReceivers: 0 });
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
