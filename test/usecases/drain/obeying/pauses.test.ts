/** Pauses of endpoints, as a person asks a drain for them. */
import { describe, expect, it } from 'vitest';
import type { Wish } from '../../../../src/spool/spool.js';
import { draining, hooksOf } from '../../../support/draining.js';
import { until } from '../../../support/world.js';

const pause: Wish = { kind: 'pause', select: { endpoints: ['a'] }, by: 'jed', why: 'it is moved' };
const resume: Wish = { kind: 'resume', select: { endpoints: ['a'] } };

describe('drain() and requests to pause and to resume', () => {
  it('drain() sends nothing to a paused endpoint, says who paused it, and goes on after a resume', async () => {
    const world = draining({ hooks: hooksOf({ complete: ['a', 'b'] }) });
    await world.spool.request({ id: '1', wish: pause });
    await world.fire({}, {});
    expect(await world.drain()).toMatchObject({
      delivered: 2,
      owed: 2,
      queues: [{ endpoint: 'a', why: 'paused', what: 'jed paused it: it is moved' }],
    });
    expect(world.to('a')).toEqual([]);
    expect(world.told('paused')).toEqual([
      { kind: 'paused', endpoint: { id: 'a' }, why: 'jed paused it: it is moved' },
    ]);
    expect(await world.spool.hasRequest('1')).toBe(false);
    expect(await world.drain()).toMatchObject({ delivered: 0, owed: 2 });
    expect(world.told('paused')).toHaveLength(1);
    await world.spool.request({ id: '2', wish: resume });
    expect(await world.drain()).toMatchObject({ delivered: 2, owed: 0 });
    expect(world.told('unpaused')).toEqual([{ kind: 'unpaused', endpoint: { id: 'a' } }]);
    expect(await world.health('a')).toEqual({});
  });

  it('drain() resumes an endpoint that answered 410, and tries it in the same pass', async () => {
    const world = draining({ script: { a: 410 } });
    await world.fire({});
    await world.drain();
    expect(await world.drain()).toMatchObject({ owed: 1, queues: [{ why: 'paused' }] });
    world.script.a = 204;
    await world.spool.request({ id: '1', wish: resume });
    expect(await world.drain()).toMatchObject({ delivered: 1, owed: 0 });
    expect(world.told('well')).toHaveLength(1);
  });

  it('drain() resumes an endpoint whose secret was missing, and reports it again if it still is', async () => {
    const error = { kind: 'error', code: 'BAD_SECRET', message: 'X is not set', isLasting: false } as const;
    const world = draining({ script: { a: error } });
    await world.fire({});
    for (let n = 0; n < 2; n += 1) await world.drain();
    expect(world.told('misconfigured')).toHaveLength(1);
    await world.spool.request({ id: '1', wish: resume });
    expect(await world.drain()).toMatchObject({ misconfigured: 1 });
    expect(world.told('misconfigured')).toHaveLength(2);
  });

  it('drain() that stays obeys within a second, and sends again when the pause ends by itself', async () => {
    const world = draining();
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    const end = world.clock.now() + 60_000;
    await world.spool.request({ id: '1', wish: { ...pause, until: end } });
    world.clock.advance?.(1_000);
    await until('it is paused', async () => !(await world.spool.hasRequest('1')));
    await world.fire({});
    await until('it is queued', async () => (await world.backlog('a'))?.waiting === 1);
    expect(world.sent).toEqual([]);
    world.clock.advance?.(60_000);
    await until('it is sent', () => world.sent.length === 1);
    stop.abort();
    expect(await drained).toMatchObject({ delivered: 1, owed: 0 });
    expect(await world.health('a')).toEqual({});
  });

  it('drain() delivers what was in flight when its endpoint was paused, and no more', async () => {
    let open = (): void => {};
    const answered = new Promise<number>((resolve) => {
      open = () => resolve(204);
    });
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }, { a: { concurrency: 1 } }),
      script: { a: () => answered },
    });
    await world.fire({}, {});
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('it is in flight', () => world.inFlight() === 1);
    await world.spool.request({ id: '1', wish: pause });
    await until('it is paused', async () => {
      world.clock.advance?.(1_000);
      return !(await world.spool.hasRequest('1'));
    });
    open();
    await until('it is delivered', () => world.inFlight() === 0);
    stop.abort();
    expect(await drained).toMatchObject({ delivered: 1, owed: 1 });
    expect(await world.health('a')).toMatchObject({ pause: { by: 'jed' } });
  });
});
