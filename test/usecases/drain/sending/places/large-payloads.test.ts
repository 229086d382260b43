import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createLargePayloads } from '../../../../../src/usecases/drain/sending/places/large-payloads.js';
import { draining, hooksOf, withOwned } from '../../../../support/draining.js';
import { gate, until } from '../../../../support/world.js';

const megabytes = (count: number): Buffer => Buffer.alloc(count * 2 ** 20, 0x20);

describe('drain() and large payloads', () => {
  it('drain() does not hold up another endpoint for the large payloads of one', async () => {
    let release = () => {};
    const slow = new Promise<number>((resolve) => {
      release = () => resolve(204);
    });
    const world = draining({
      hooks: hooksOf({ large: ['a'], small: ['b'] }),
      script: { a: () => slow },
    });
    for (const _ of [1, 2, 3]) await world.fire({ hook: 'large', payload: megabytes(40) });
    await world.fire({ hook: 'small' }, { hook: 'small' });
    const drained = world.drain();
    while (world.to('b').length < 2) await sleep(1);
    expect(world.inFlight()).toBe(1); // the second large one of `a` waits for the first
    release();
    expect(await drained).toMatchObject({ delivered: 5, owed: 0 });
    expect(world.most('a')).toBe(1);
  });

  it('drain() sends a large payload beside those of an endpoint that hangs', async () => {
    const { passed, open } = gate();
    const world = draining({
      hooks: hooksOf({ large: ['slow'], medium: ['b'] }),
      script: { slow: () => passed.then(() => 204) },
    });
    for (const _ of [1, 2, 3]) await world.fire({ hook: 'large', payload: megabytes(32) });
    await world.fire(...[1, 2, 3].map(() => ({ hook: 'medium', payload: megabytes(1) })));
    const drained = world.drain();
    await until('the other one has its events', () => world.to('b').length === 3);
    expect(world.to('slow')).toHaveLength(2);
    open();
    expect(await drained).toMatchObject({ delivered: 6, owed: 0 });
  });

  it('drain() sends a payload that is larger than all of the room, alone', async () => {
    const world = draining({ script: { a: () => sleep(2).then(() => 204) } });
    await world.fire({ payload: megabytes(65) }, { payload: megabytes(65) });
    expect(await world.drain()).toMatchObject({ delivered: 2 });
    expect(world.most()).toBe(1);
  });
});

describe('drain() and an endpoint that only an event names', () => {
  it('drain() reads what waits for a parked one once, and not at every look', async () => {
    let claims = 0;
    const world = draining({
      hooks: hooksOf({ complete: ['b'] }),
      script: { 'gone.example~000000000000': 503 },
      wrap: (side) =>
        withOwned(side, ({ id, claim }) => ({
          claim(options) {
            if (id !== 'b') claims += 1;
            return claim(options);
          },
        })),
    });
    await world.fire({ to: ['https://gone.example/in'] }, { to: ['https://gone.example/in'] });
    await world.drain();
    const before = claims;
    for (let n = 0; n < 50; n += 1) await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 50 });
    expect(claims - before).toBeLessThanOrEqual(1);
  });
});

describe('createLargePayloads()', () => {
  const mib = 2 ** 20;

  function room() {
    const told: string[] = [];
    return { told, payloads: createLargePayloads((id) => told.push(id)) };
  }

  it('enter() takes no room for payloads of up to 256 KiB', () => {
    const { payloads } = room();
    for (let n = 0; n < 1_000; n += 1) expect(payloads.enter('a', 256 * 1024)).toBeDefined();
  });

  it('enter() gives each endpoint room for one payload, whatever the others have in flight', () => {
    const { payloads } = room();
    expect(payloads.enter('slow', 60 * mib)).toBeDefined();
    expect(payloads.enter('slow', 60 * mib)).toBeUndefined();
    expect(payloads.enter('other', 300 * 1024)).toBeDefined();
    expect(payloads.enter('another', 60 * mib)).toBeDefined();
  });

  it('enter() is bounded, and keeps room for payloads that are not among the largest', () => {
    const { payloads } = room();
    const large = Array.from({ length: 20 }, (_, n) => payloads.enter(`e${n}`, 64 * mib));
    expect(large.filter((leave) => leave !== undefined)).toHaveLength(4);
    const medium = Array.from({ length: 200 }, (_, n) => payloads.enter(`m${n}`, mib));
    expect(medium.filter((leave) => leave !== undefined)).toHaveLength(64);
  });

  it('enter() lets those that wait go in their order, however small those behind are', () => {
    const { payloads, told } = room();
    const leave = payloads.enter('large', 62 * mib)!;
    for (const id of ['a', 'b']) expect(payloads.enter(id, mib)).toBeDefined();
    expect(payloads.enter('a', 40 * mib)).toBeUndefined();
    expect(payloads.enter('b', mib)).toBeUndefined();
    leave();
    expect(told).toEqual(['a']);
    expect(payloads.enter('a', 40 * mib)).toBeDefined();
    expect(told).toEqual(['a', 'b']);
    expect(payloads.enter('b', mib)).toBeDefined();
  });

  it('enter() gives an endpoint that waited room of its own when its last payload is through', () => {
    const { payloads, told } = room();
    payloads.enter('large', 62 * mib);
    const leave = payloads.enter('a', mib)!;
    expect(payloads.enter('a', 30 * mib)).toBeUndefined();
    leave();
    expect(told).toEqual(['a']);
    expect(payloads.enter('a', 30 * mib)).toBeDefined();
  });

  it('hadTurn() passes room on that was not taken', () => {
    const { payloads, told } = room();
    for (const id of ['a', 'b']) payloads.enter(id, mib);
    const leave = payloads.enter('c', 62 * mib)!;
    for (const id of ['a', 'b']) expect(payloads.enter(id, 40 * mib)).toBeUndefined();
    leave();
    expect(told).toEqual(['a']);
    expect(payloads.isWaiting('b')).toBe(true);
    payloads.hadTurn('a');
    expect(told).toEqual(['a', 'b']);
  });
});
