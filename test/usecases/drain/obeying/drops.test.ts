/** Drops, as a person asks a drain for them. */
import { describe, expect, it } from 'vitest';
import type { Selection, Wish } from '../../../../src/spool/spool.js';
import { draining, hooksOf } from '../../../support/draining.js';
import { gate, until } from '../../../support/world.js';

function drop(select: Selection = {}): Wish {
  return { kind: 'drop', select, by: 'jed' };
}

const hooks = hooksOf({ complete: ['a'], other: ['a', 'b'] }, { a: { concurrency: 1 } });

describe('drain() and requests to drop', () => {
  it('drain() moves what is selected to the dead, and says who dropped it', async () => {
    const world = draining({ hooks, script: { a: 503, b: 503 } });
    const [first] = await world.fire({}, { hook: 'other' });
    await world.drain();
    await world.spool.request({ id: '1', wish: drop({ hook: 'complete' }) });
    expect(await world.drain()).toMatchObject({ owed: 2, gaveUp: 0 });
    expect(world.told('dropped')).toEqual([{ kind: 'dropped', endpoint: { id: 'a' }, count: 1 }]);
    expect(world.journal.filter(({ what }) => what === 'dropped')).toMatchObject([
      { event: first!.id, hook: 'complete', endpoint: 'a' },
    ]);
    for await (const { header, why } of world.spool.inspection.entries({ states: ['dead'] })) {
      expect(header.id).toBe(first!.id);
      expect(why).toMatchObject({ reason: 'dropped', message: 'jed dropped it' });
    }
    await world.spool.request({ id: '2', wish: { kind: 'retry', select: { reasons: ['dropped'] } } });
    Object.assign(world.script, { a: 204, b: 204 });
    expect(await world.drain()).toMatchObject({ delivered: 2, owed: 1 });
  });

  it.each([503, 413])(
    'drain() ends what is in flight when it fails with %d, and what was fired since stays',
    async (status) => {
      const { passed, open } = gate();
      const answer = async () => {
        await passed;
        return status;
      };
      const world = draining({ hooks, script: { a: answer } });
      await world.fire({}, {}, {});
      const stop = new AbortController();
      const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
      await until('it is in flight', () => world.inFlight() === 1);
      await world.spool.request({ id: '1', wish: drop({ endpoints: ['a'] }) });
      world.clock.advance?.(1_000);
      await until('the others are dropped', async () => (await world.backlog('a'))?.dead === 2);
      expect(await world.spool.hasRequest('1')).toBe(true);
      await world.fire({ hook: 'other', time: new Date(world.clock.now()).toISOString() });
      await until('it is queued', async () => (await world.backlog('a'))?.waiting === 2);
      open();
      await until('the request is obeyed', async () => {
        world.clock.advance?.(1_000);
        return !(await world.spool.hasRequest('1'));
      });
      expect((await world.backlog('a'))?.dead).toBe(3);
      stop.abort();
      expect(await drained).toMatchObject({ owed: 1 });
    },
  );

  it('drain() leaves what is in flight delivered', async () => {
    const { passed, open } = gate();
    const answer = async () => {
      await passed;
      return 204;
    };
    const world = draining({ hooks, script: { a: answer } });
    await world.fire({}, {});
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('it is in flight', () => world.inFlight() === 1);
    await world.spool.request({ id: '1', wish: drop() });
    world.clock.advance?.(1_000);
    await until('the other one is dropped', async () => (await world.backlog('a'))?.dead === 1);
    open();
    await until('the request is obeyed', async () => {
      world.clock.advance?.(1_000);
      return !(await world.spool.hasRequest('1'));
    });
    stop.abort();
    expect(await drained).toMatchObject({ delivered: 1, owed: 0, gaveUp: 0 });
    expect((await world.backlog('a'))?.dead).toBe(1);
  });

  it('drain() does not send again what came back undelivered before it is looked for again', async () => {
    const { passed, open } = gate();
    const answer = async () => {
      await passed;
      return { kind: 'aborted' } as const;
    };
    const world = draining({ hooks, script: { a: answer } });
    await world.fire({});
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('it is in flight', () => world.inFlight() === 1);
    await world.spool.request({ id: '1', wish: drop() });
    const before = world.clock.now();
    await until('it is met', async () => {
      world.clock.advance?.(500);
      return world.clock.now() - before > 3_000;
    });
    world.script.a = 204;
    open();
    await until('it is dead', async () => (await world.backlog('a'))?.dead === 1);
    expect(world.sent).toHaveLength(1);
    stop.abort();
    await drained;
  });
});
