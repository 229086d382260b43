import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { draining, hooksOf } from '../../support/draining.js';

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
      wrap: (lease) => ({
        ...lease,
        claim(endpoint, options) {
          if (endpoint !== 'b') claims += 1;
          return lease.claim(endpoint, options);
        },
      }),
    });
    await world.fire({ to: ['https://gone.example/in'] }, { to: ['https://gone.example/in'] });
    await world.drain();
    const before = claims;
    for (let n = 0; n < 50; n += 1) await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 50 });
    expect(claims - before).toBeLessThanOrEqual(1);
  });
});
