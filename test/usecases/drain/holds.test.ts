import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { draining, hooksOf } from '../../support/draining.js';
import { noUnhandledRejections } from '../../support/unhandled.js';
import { until } from '../../support/world.js';

noUnhandledRejections();

const times = (count: number) => Array.from({ length: count }, () => ({}));
const day = 86_400_000;

describe('drain() and deliveries on hold', () => {
  it('drain() keeps what an endpoint that is not registered is owed, and sends what named the URL itself', async () => {
    const hooks = hooksOf({ complete: ['a'] });
    const world = draining({ hooks, script: { a: 503 } });
    const named = { hook: 'complete', to: ['https://a.example/in'] };
    await world.fire({}, named, {});
    await world.drain();
    world.clock.advance?.(5_000);
    // It is registered no more, and still defined.
    world.reload({ ...hooksOf({ other: ['b'] }), endpoints: hooks.endpoints });
    world.script.a = 204;
    expect(await world.drain()).toMatchObject({ delivered: 1, gaveUp: 0, owed: 2, onHold: 2 });
    expect(world.buried).toEqual([]);
    expect(world.told('on-hold')).toEqual([
      { kind: 'on-hold', endpoint: { id: 'a' }, count: 2, keepMs: 30 * day },
    ]);
  });

  it('drain() reports what is on hold once, and a daemon once more when it starts', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(3));
    await world.drain();
    world.reload(hooksOf({}));
    for (let pass = 0; pass < 3; pass += 1) {
      expect(await world.drain()).toMatchObject({ owed: 3, onHold: 3, delivered: 0, failed: 0 });
    }
    expect(world.told('on-hold')).toMatchObject([{ count: 3 }]);
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('it is told again', () => world.told('on-hold').length === 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop.abort();
    expect(await drained).toMatchObject({ onHold: 3 });
    expect(world.told('on-hold')).toHaveLength(2);
  });

  it('drain() resumes when the endpoint is registered again, in a daemon and in the next pass', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(3));
    await world.drain();
    world.clock.advance?.(5_000);
    world.script.a = 204;
    world.reload(hooksOf({}));
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('it is told', () => world.told('on-hold').length === 1);
    world.reload(hooksOf({ complete: ['a'] }));
    await until('all are sent', async () => (await world.backlog('a'))?.waiting === 0);
    await until('it is told, too', () => world.told('resumed').length === 1);
    stop.abort();
    expect(await drained).toMatchObject({ delivered: 3, owed: 0, onHold: 0 });
    expect((await world.health('a')).heldSince).toBeUndefined();
  });

  it('drain() puts a delivery on hold whose hook alone lost its endpoint, and sends the others', async () => {
    const world = draining({ hooks: hooksOf({ one: ['a'], two: ['a'] }), script: { a: 503 } });
    await world.fire({ hook: 'one' }, { hook: 'two' }, { hook: 'one' }, { hook: 'two' });
    await world.drain();
    world.clock.advance?.(5_000);
    world.script.a = 204;
    world.reload(hooksOf({ two: ['a'] }));
    expect(await world.drain()).toMatchObject({ delivered: 2, owed: 2, onHold: 2 });
    expect(await world.drain()).toMatchObject({ delivered: 0, owed: 2, onHold: 2 });
    expect(world.told('on-hold')).toMatchObject([{ count: 2 }]);
    expect(world.told('resumed')).toEqual([]);
  });

  it.each(['parked', 'paused'])(
    'drain() puts on hold what is queued for an endpoint that is %s',
    async (state) => {
      const world = draining({ script: { a: state === 'parked' ? 503 : 410 } });
      await world.fire(...times(200));
      await world.drain();
      world.reload(hooksOf({}, { a: {} }));
      expect(await world.drain()).toMatchObject({ gaveUp: 0, owed: 200, onHold: 200, failed: 0 });
    },
  );

  it('drain() gives up what was on hold for as long as defaults.hold says, and not before', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(2));
    await world.drain();
    world.clock.advance?.(40 * day); // it waits that long while it is registered
    world.reload({ ...hooksOf({}), holdKeepMs: day });
    expect(await world.drain()).toMatchObject({ gaveUp: 0, onHold: 2 });
    world.clock.advance?.(day - 1);
    expect(await world.drain()).toMatchObject({ gaveUp: 0, onHold: 2 });
    world.clock.advance?.(1);
    expect(await world.drain()).toMatchObject({ gaveUp: 2, owed: 0, onHold: 0 });
    expect(world.buried.map(({ why }) => why.reason)).toEqual(['gave-up', 'gave-up']);
  });

  it('drain() gives up what was on hold for too long while a daemon runs', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire({});
    await world.drain();
    world.reload({ ...hooksOf({}), holdKeepMs: day });
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('it is told', () => world.told('on-hold').length === 1);
    world.clock.advance?.(day);
    await until('it is given up', () => world.buried.length === 1);
    stop.abort();
    expect(await drained).toMatchObject({ gaveUp: 1, owed: 0 });
  });

  it('drain() gives up nothing on hold when the clock jumps', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(2));
    await world.drain();
    world.reload(hooksOf({}));
    expect(await world.drain()).toMatchObject({ onHold: 2 });
    world.clock.jump?.(400 * day);
    expect(await world.drain()).toMatchObject({ gaveUp: 0, onHold: 2 });
    world.clock.jump?.(-400 * day);
    expect(await world.drain()).toMatchObject({ gaveUp: 0, onHold: 2 });
  });

  it('drain() with a time to wait ends when everything that is left is on hold', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(2));
    await world.drain();
    world.reload(hooksOf({}));
    expect(await world.drain({ until: 'wait', waitMs: 3_600_000 })).toMatchObject({ owed: 2, onHold: 2 });
  });

  it('drain() keeps hearing others while it looks through many that are on hold', async () => {
    const world = draining({ hooks: hooksOf({ complete: ['a'], other: ['b'] }), script: { a: 503 } });
    await world.fire(...times(2_000));
    await world.drain();
    world.reload(hooksOf({ other: ['b'] }));
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal });
    await setImmediate();
    stop.abort();
    const { owed, onHold } = await drained;
    expect(owed).toBe(2_000);
    expect(onHold).toBeLessThan(2_000);
  });

  it('drain() tells the alert hook and the command of defaults what was put on hold', async () => {
    const world = draining({ hooks: hooksOf({ complete: ['a'], trouble: ['b'] }), script: { a: 503 } });
    await world.fire(...times(2));
    await world.drain();
    const left = hooksOf({ trouble: ['b'] });
    world.reload({ ...left, defaults: { ...left.defaults, onChange: ['mail'] }, alert: 'trouble' });
    await world.drain();
    expect(world.ran.map(({ input }) => JSON.parse(input))).toMatchObject([
      { endpoint: 'a', onHold: 2, owed: 2 },
    ]);
    expect(JSON.parse(world.to('b')[0]?.payload ?? '')).toMatchObject({ endpoint: 'a', onHold: 2 });
    await world.drain();
    expect(world.ran).toHaveLength(1);
  });
});
