import { describe, expect, it } from 'vitest';
import { draining, hooksOf } from '../../support/draining.js';
import type { Script } from '../../support/scripted-sender.js';
import { byEvent, idsSent, sickWorld } from '../../support/sick-world.js';
import { gate, until } from '../../support/world.js';

const times = (count: number): object[] => Array.from({ length: count }, () => ({}));

describe('drain() in strict order', () => {
  const strict = { order: 'strict', concurrency: 1 } as const;

  it('drain() gives up the head alone when that is rejected for too long, and tries the next one soon', async () => {
    const world = sickWorld(
      { ...strict, giveUpAfterMs: 3_600_000 },
      { a: byEvent({ bad1: 400, bad2: 400 }) },
    );
    await world.fire({ id: 'bad1' }, { id: 'bad2' }, { id: 'good' });
    for (let n = 0; world.buried.length === 0 && n < 20; n += 1) {
      await world.drain();
      world.clock.advance?.(600_000);
    }
    expect(world.buried.map(({ event }) => event)).toEqual(['bad1']);
    expect(await world.backlog('a')).toMatchObject({ waiting: 2 });
    await world.drain();
    world.clock.advance?.(1_000);
    expect(await world.drain()).toMatchObject({ delivered: 1, owed: 0 });
    expect(world.buried).toMatchObject([{ event: 'bad1' }, { event: 'bad2', why: { attempts: 1 } }]);
  });

  it('drain() sends one at a time, waits for the head, and keeps the order', async () => {
    const world = sickWorld(strict, { a: 500 });
    const fired = await world.fire(...times(5));
    await world.drain();
    world.clock.advance?.(1_000);
    world.script.a = 400;
    await world.drain();
    world.clock.advance?.(600_000);
    world.script.a = 204;
    await world.drain();
    const order = fired.map(({ id }) => id);
    expect(idsSent(world)).toEqual([order[0], order[0], ...order]);
    expect(world.most('a')).toBe(1);
  });

  it('drain() goes on without the one that fails alone, with onFailure: skip', async () => {
    const world = sickWorld({ ...strict, onFailure: 'skip' }, { a: byEvent({ bad: 400 }) });
    await world.fire({ id: 'one' }, { id: 'bad' }, { id: 'two' });
    expect(await world.drain()).toMatchObject({ delivered: 2, failed: 1, owed: 1 });
    expect(idsSent(world)).toEqual(['one', 'bad', 'two']);
    expect(await world.backlog('a')).toMatchObject({ waiting: 0, retrying: 1 });
  });
});

describe('drain() and the rate of an endpoint', () => {
  it('drain() sends no more than the rate in one pass, and the next pass goes on', async () => {
    const world = sickWorld({ rate: { count: 10, perMs: 60_000 } });
    await world.fire(...times(25));
    const delivered: number[] = [];
    for (let minute = 0; minute < 4; minute += 1) {
      delivered.push((await world.drain()).delivered);
      world.clock.advance?.(62_000);
    }
    expect(delivered).toEqual([10, 10, 5, 0]);
  });

  it('drain() that stays waits for the rate, and others do not', async () => {
    const rate = { count: 5, perMs: 1_000 };
    const world = draining({ hooks: hooksOf({ complete: ['a', 'b'] }, { a: { rate } }) });
    await world.fire(...times(8));
    const stop = new AbortController();
    const ended = world.drain({ until: 'daemon', rescanMs: 5, stop: stop.signal });
    while (world.to('b').length < 8 || world.to('a').length < 5) await new Promise((go) => setTimeout(go, 5));
    await new Promise((go) => setTimeout(go, 50));
    expect(world.to('a')).toHaveLength(5);
    world.clock.advance?.(1_100);
    while (world.to('a').length < 8) await new Promise((go) => setTimeout(go, 5));
    stop.abort();
    expect(await ended).toMatchObject({ delivered: 16 });
  });
});

describe('drain() and many endpoints', () => {
  it('drain() goes round robin: nobody waits for the backlog of another', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const world = draining({ hooks: { ...hooksOf({ complete: names, big: ['a'] }), maxInFlight: 1 } });
    await world.fire(...Array.from({ length: 50 }, () => ({ hook: 'big' })), ...times(3));
    await world.drain();
    const order = world.sent.map(({ endpoint }) => endpoint);
    for (const name of names) expect(order.indexOf(name)).toBeLessThan(8);
    expect(order.lastIndexOf('d')).toBeLessThan(14);
    for (const name of names) expect(world.most(name)).toBe(1);
  });

  it('drain() has as many of an endpoint in flight as the hooks file says for all', async () => {
    const slow: Script = () => new Promise((resolve) => setTimeout(resolve, 2, 204));
    const hooks = { ...hooksOf({ complete: ['a'] }, { a: { concurrency: 30 } }), maxInFlight: 7 };
    const world = draining({ hooks, script: { a: slow } });
    await world.fire(...times(60));
    expect(await world.drain()).toMatchObject({ delivered: 60 });
    expect(world.most()).toBe(7);
  });

  it('drain() starts the first attempt of an endpoint although others have taken all places', async () => {
    const { passed, open } = gate();
    const hanging = Array.from({ length: 30 }, (_, n) => `e${n}`);
    const script = Object.fromEntries(hanging.map((name) => [name, () => passed.then(() => 204)]));
    const hooks = { ...hooksOf({ bad: hanging, good: ['healthy'] }), maxInFlight: 8 };
    const world = draining({ hooks, script });
    await world.fire(...times(4).map(() => ({ hook: 'bad' })), { hook: 'good' });
    const drained = world.drain();
    await until('the healthy one has its event', () => world.to('healthy').length === 1);
    expect(world.inFlight()).toBeGreaterThanOrEqual(30);
    open();
    expect(await drained).toMatchObject({ delivered: 121, owed: 0 });
  });

  it('drain() acquires an endpoint a few times, however many deliveries it has', async () => {
    let acquired = 0;
    const names = Array.from({ length: 20 }, (_, n) => `e${n}`);
    const world = draining({
      hooks: hooksOf({ complete: names }),
      wrap: (side) => ({
        ...side,
        queues: {
          ...side.queues,
          async acquire(options) {
            const found = await side.queues.acquire(options);
            acquired += found.length;
            return found;
          },
        },
      }),
    });
    await world.fire(...times(100));
    expect(await world.drain()).toMatchObject({ delivered: 2_000 });
    expect(acquired).toBeLessThan(20 * 4);
  });
});
