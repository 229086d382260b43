import { describe, expect, it } from 'vitest';
import type { EventHeader } from '../../../../src/event/event.js';
import type { ControlRequest, DrainSide } from '../../../../src/spool/spool.js';
import { discardRequestOf } from '../../../../src/usecases/operate/carry-out.js';
import { draining, hooksOf } from '../../../support/draining.js';
import { gate, until } from '../../../support/world.js';

function request(id: string, { endpoints = ['a'] }: { endpoints?: readonly string[] } = {}): ControlRequest {
  return { id, wish: { kind: 'deregister', select: { endpoints } } };
}

describe('discardRequestOf()', () => {
  const of = (hook: string): EventHeader => ({ id: 'e', hook, time: '' });

  it('discardRequestOf() selects by endpoint and hook, and leaves what is registered', () => {
    const select = { endpoints: ['a'], hook: 'build.*' };
    const asked = discardRequestOf(
      { kind: 'deregister', select },
      { isRegistered: ({ hook }) => hook === 'kept', now: 0 },
    );
    expect(asked.select).toEqual(select);
    expect(asked.stays?.(of('complete'), 'a')).toBe(false);
    expect(asked.stays?.(of('kept'), 'a')).toBe(true);
  });
});

describe('drain() and requests to deregister', () => {
  it('drain() moves what is queued to the dead, reports how much, and writes it down', async () => {
    const world = draining({ hooks: hooksOf({ complete: ['a', 'b'] }), script: { a: 503, b: 503 } });
    const events = await world.fire({}, {});
    await world.drain();
    world.journal.length = 0;
    world.reload(hooksOf({ complete: ['b'] }));
    await world.spool.request(request('1'));
    expect(await world.drain()).toMatchObject({ owed: 2, onHold: 0 });
    expect(world.told('deregistered')).toEqual([
      { kind: 'deregistered', endpoint: { id: 'a' }, count: events.length },
    ]);
    const written = world.journal.filter(({ what }) => what === 'deregistered');
    expect(written.map(({ event, hook, endpoint }) => [event, hook, endpoint])).toEqual(
      events.map(({ id }) => [id, 'complete', 'a']),
    );
    expect(await world.spool.hasRequest('1')).toBe(false);
  });

  it('drain() moves nothing of an endpoint that is registered again by then', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire({});
    await world.drain();
    await world.spool.request(request('1'));
    expect(await world.drain()).toMatchObject({ owed: 1 });
    expect(world.told('deregistered')).toEqual([]);
    expect(await world.spool.hasRequest('1')).toBe(false);
  });

  it('drain() obeys all requests that wait before a pass ends', async () => {
    const world = draining({
      hooks: hooksOf({ complete: ['a', 'b', 'c'] }),
      script: { a: 503, b: 503, c: 503 },
    });
    await world.fire({});
    await world.drain();
    world.reload(hooksOf({}));
    await world.spool.request(request('1', { endpoints: ['a'] }));
    await world.spool.request(request('2', { endpoints: ['b', 'c'] }));
    expect(await world.drain()).toMatchObject({ owed: 0 });
    expect(world.told('deregistered').map(({ endpoint }) => endpoint.id)).toEqual(['a', 'b', 'c']);
  });

  it('drain() keeps the request while what it names is in flight, and puts that with the dead when it fails', async () => {
    const { passed, open } = gate();
    const answer = async () => {
      await passed;
      return 503;
    };
    let claimed = 0;
    const wrap = (side: DrainSide): DrainSide => ({
      ...side,
      async discard(asked) {
        const step = await side.discard(asked);
        claimed += step.claimed.length;
        return step;
      },
    });
    const world = draining({ script: { a: answer }, wrap });
    await world.fire({});
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('it is in flight', () => world.inFlight() === 1);
    world.reload(hooksOf({}));
    await world.spool.request(request('1'));
    const advance = (): void => world.clock.advance?.(1_000);
    await until('the request is met', () => {
      advance();
      return claimed > 0;
    });
    expect(await world.spool.hasRequest('1')).toBe(true);
    open();
    await until('the request is obeyed', async () => {
      advance();
      return !(await world.spool.hasRequest('1'));
    });
    stop.abort();
    expect(await drained).toMatchObject({ owed: 0, onHold: 0 });
    expect(world.told('on-hold')).toEqual([]);
    expect(world.told('deregistered')).toMatchObject([{ endpoint: { id: 'a' }, count: 1 }]);
  });

  it('drain() notes once a second that it obeys requests, and not while it only looks for what is in flight', async () => {
    const noted: string[] = [];
    const met = { steps: 0, walks: 0 };
    const { passed, open } = gate();
    const wrap = (side: DrainSide): DrainSide => ({
      ...side,
      async discard(asked) {
        const step = await side.discard(asked);
        met.steps += 1;
        if (met.walks === 0) world.clock.advance?.(400);
        const isDone = met.steps % 10 === 0;
        if (isDone) met.walks += 1;
        return { ...step, isDone };
      },
      noteProgress: (id) => void noted.push(id),
    });
    const answer = async () => {
      await passed;
      return 200;
    };
    const world = draining({ script: { a: answer }, wrap });
    await world.fire({});
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('it is in flight', () => world.inFlight() === 1);
    world.reload(hooksOf({}));
    for (const id of ['1', '2']) await world.spool.request(request(id));
    const advance = (): void => world.clock.advance?.(1_000);
    await until('it only looks for what is in flight', () => {
      advance();
      return met.walks > 3;
    });
    const [first, second] = ['1', '2'].map((id) => noted.filter((each) => each === id).length);
    expect(first).toBeGreaterThan(1);
    expect(second).toBe(first);
    const before = noted.length;
    await until('it has looked again', () => {
      advance();
      return met.walks > 6;
    });
    expect(noted).toHaveLength(before);
    open();
    stop.abort();
    await drained;
  });
});
