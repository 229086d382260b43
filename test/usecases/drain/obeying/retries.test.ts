/** Retries, as a person asks a drain for them. */
import { describe, expect, it } from 'vitest';
import { endpointDefaults } from '../../../../src/endpoint/endpoint.js';
import { maxAgainst } from '../../../../src/endpoint/health.js';
import type { Selection, Wish } from '../../../../src/spool/spool.js';
import { draining, hooksOf } from '../../../support/draining.js';
import { fakeClock } from '../../../support/fake-clock.js';
import { until } from '../../../support/world.js';

function retry(select: Selection = {}): Wish {
  return { kind: 'retry', select };
}

describe('drain() and requests to retry', () => {
  it('drain() tries a parked endpoint in the same pass, and no other one', async () => {
    const world = draining({ hooks: hooksOf({ complete: ['a', 'b'] }), script: { a: 503, b: 503 } });
    await world.fire({}, {});
    await world.drain();
    Object.assign(world.script, { a: 204, b: 204 });
    await world.spool.request({ id: '1', wish: retry({ endpoints: ['a'] }) });
    expect(await world.drain()).toMatchObject({ delivered: 2, owed: 2 });
    expect(world.told('well').map(({ endpoint }) => endpoint.id)).toEqual(['a']);
    expect(await world.spool.hasRequest('1')).toBe(false);
  });

  it('drain() parks a retried endpoint that fails again on its schedule from the beginning, and says nothing', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire({});
    for (let n = 0; n < 4; n += 1) {
      await world.drain();
      world.clock.advance?.(3 * 3_600_000);
    }
    expect(await world.health('a')).toMatchObject({ failures: 4 });
    await world.spool.request({ id: '1', wish: retry() });
    await world.drain();
    expect(await world.health('a')).toMatchObject({ failures: 2 });
    expect(world.told('parked')).toHaveLength(1);
  });

  it('drain() sends a deferred delivery now, and what is in its way stays', async () => {
    const world = draining({ script: { a: 413 } });
    await world.fire({});
    await world.drain();
    expect(await world.drain()).toMatchObject({ delivered: 0, owed: 1 });
    world.script.a = 204;
    await world.spool.request({ id: '1', wish: retry({ states: ['retry'] }) });
    expect(await world.drain()).toMatchObject({ delivered: 1, owed: 0 });
    expect(world.to('a').map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(world.told('retried')).toEqual([{ kind: 'retried', endpoint: { id: 'a' }, count: 1 }]);
  });

  it('drain() puts the dead back, notes it, and does not give them up again at the first failure', async () => {
    const day = 86_400_000;
    const retryPolicy = { ...endpointDefaults.retry, scheduleMs: [1_000] };
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }, { a: { giveUpAfterMs: day, retry: retryPolicy } }),
      script: { a: 503 },
      clock: fakeClock(),
    });
    const [event] = await world.fire({});
    for (let n = 0; n < 12; n += 1) {
      await world.drain();
      world.clock.advance?.(day / 8);
    }
    expect((await world.backlog('a'))?.dead).toBe(1);
    await world.spool.request({ id: '1', wish: retry({ reasons: ['gave-up'] }) });
    expect(await world.drain()).toMatchObject({ failed: 1, gaveUp: 0, owed: 1 });
    expect(world.journal.filter(({ what }) => what === 'retried')).toMatchObject([
      { event: event!.id, hook: 'complete', endpoint: 'a' },
    ]);
    world.script.a = 204;
    world.clock.advance?.(60_000);
    expect(await world.drain()).toMatchObject({ delivered: 1, owed: 0 });
  });

  it('drain() routes unclaimed events again, and sends them in the same pass', async () => {
    const world = draining({ hooks: hooksOf({ complete: ['a'] }) });
    await world.fire({ hook: 'lost' });
    await world.drain();
    world.reload(hooksOf({ complete: ['a'], lost: ['a'] }));
    await world.spool.request({ id: '1', wish: retry({ hook: 'lost' }) });
    expect(await world.drain()).toMatchObject({ delivered: 1, waiting: 0, unclaimed: 0 });
    expect(world.told('restored')).toEqual([{ kind: 'restored', events: 1 }]);
  });

  it('drain() ends the pause of a 410, and not that of a person', async () => {
    const hooks = hooksOf({ complete: ['a', 'b'] });
    const world = draining({ hooks, script: { a: 410 } });
    const select = { endpoints: ['b'] };
    await world.spool.request({ id: '1', wish: { kind: 'pause', select, by: 'jed' } });
    await world.fire({});
    await world.drain();
    world.script.a = 204;
    await world.spool.request({ id: '2', wish: retry() });
    expect(await world.drain()).toMatchObject({ delivered: 1, queues: [{ endpoint: 'b', why: 'paused' }] });
  });

  it('drain() that stays retries beside a run of rejections within a second', async () => {
    const world = draining({ script: { a: 400 } });
    await world.fire(...Array.from({ length: maxAgainst }, () => ({})));
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('all are rejected', async () => {
      world.clock.advance?.(100);
      return (await world.backlog('a'))?.retrying === maxAgainst;
    });
    world.script.a = 204;
    await world.spool.request({ id: '1', wish: retry() });
    await until('it is obeyed', async () => {
      world.clock.advance?.(100);
      return (await world.backlog('a'))?.retrying === 0;
    });
    stop.abort();
    expect(await drained).toMatchObject({ delivered: maxAgainst, owed: 0 });
  });
});
