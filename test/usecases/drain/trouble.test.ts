import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { AttemptResult } from '../../../src/delivery/sender.js';
import { systemClock } from '../../../src/shared/clock.js';
import { draining, hooksOf, withOwned } from '../../support/draining.js';
import { noUnhandledRejections } from '../../support/unhandled.js';
import { gate, until } from '../../support/world.js';

noUnhandledRejections();

/** Delivered, but not before. */
const deliveredAfter = (passed: Promise<unknown>): Promise<number> => passed.then(() => 204);

const two = hooksOf({ complete: ['a', 'b'] });
const times = (count: number) => Array.from({ length: count }, () => ({}));

describe('drain() and endpoints in trouble', () => {
  it('drain() does not let a failing endpoint hold up another', async () => {
    const world = draining({ hooks: two, script: { a: 503 } });
    await world.fire(...times(20));
    expect(await world.drain()).toMatchObject({ delivered: 20, owed: 20 });
    expect(world.to('b')).toHaveLength(20);
  });

  it('drain() does not let an endpoint that never answers hold up another', async () => {
    const { passed, open } = gate();
    const world = draining({ hooks: two, script: { a: () => deliveredAfter(passed) } });
    await world.fire(...times(300));
    const drained = world.drain();
    await until('b has all', () => world.to('b').length === 300);
    expect(world.to('a')).toHaveLength(4);
    open();
    expect(await drained).toMatchObject({ delivered: 600 });
  });

  it('drain() parks an endpoint that fails, keeps what it is owed, and tells once', async () => {
    const world = draining({
      script: { a: { kind: 'error', code: 'ECONNREFUSED', message: 'nobody listens' } },
    });
    await world.fire(...times(10));
    expect(await world.drain()).toMatchObject({ delivered: 0, owed: 10, gaveUp: 0 });
    expect(world.to('a').length).toBeLessThanOrEqual(4);
    expect(await world.health('a')).toMatchObject({ failures: 1, parkedUntil: world.clock.now() + 5_000 });
    expect(world.told('parked')).toMatchObject([
      { what: 'ECONNREFUSED', message: 'nobody listens', parkedUntil: world.clock.now() + 5_000 },
    ]);
  });

  it('drain() does not try a parked endpoint before its time, and then with one attempt', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(10));
    await world.drain();
    const tried = world.sent.length;
    world.clock.advance?.(4_999);
    expect(await world.drain()).toMatchObject({ failed: 0, owed: 10 });
    expect(world.sent).toHaveLength(tried);
    world.clock.advance?.(1);
    expect(await world.drain()).toMatchObject({ failed: 1, owed: 10 });
    expect(await world.health('a')).toMatchObject({ failures: 2, parkedUntil: world.clock.now() + 300_000 });
  });

  it('drain() lets all flow after recovery, and tells that it is well again', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(30));
    await world.drain();
    world.script.a = 204;
    world.clock.advance?.(5_000);
    expect(await world.drain()).toMatchObject({ delivered: 30, owed: 0 });
    expect(world.told('well')).toMatchObject([{ endpoint: { id: 'a' } }]);
    expect(await world.health('a')).not.toHaveProperty('failures');
  });

  const mistake: AttemptResult = {
    kind: 'error',
    code: 'BAD_SECRET',
    message: 'environment variable X is not set',
    hint: 'Set X.',
    isLasting: true,
  };

  it('drain() blames nobody for a mistake of the operator, and tells once, from one pass to the next as well', async () => {
    const world = draining({ hooks: two, script: { a: mistake } });
    await world.fire(...times(10));
    for (let n = 0; n < 20; n += 1) {
      expect(await world.drain()).toMatchObject({ failed: 0, gaveUp: 0, owed: 10, misconfigured: 1 });
      world.clock.advance?.(86_400_000);
    }
    expect(world.told('misconfigured')).toMatchObject([
      { endpoint: { id: 'a' }, reason: mistake.message, hint: 'Set X.' },
    ]);
    expect(world.journal.filter(({ error }) => error === 'BAD_SECRET')).toHaveLength(1);
    expect(world.told('parked')).toEqual([]);
    expect(await world.health('a')).toEqual({ mistake: mistake.message });
    world.script.a = 204;
    expect(await world.drain()).toMatchObject({ delivered: 10, owed: 0, misconfigured: 0 });
    expect(await world.health('a')).toEqual({});
    world.script.a = mistake;
    await world.fire({});
    await world.drain();
    expect(world.told('misconfigured')).toHaveLength(2);
  });

  it('drain() that waits ends as soon as only the environment could help', async () => {
    const world = draining({ hooks: two, clock: systemClock, script: { a: mistake } });
    await world.fire({});
    expect(await world.drain({ until: 'wait', waitMs: 60_000 })).toMatchObject({ delivered: 1, owed: 1 });
  });

  it('drain() that waits ends as soon as only a paused endpoint is owed something', async () => {
    const world = draining({ hooks: two, clock: systemClock, script: { a: 410 } });
    await world.fire({});
    expect(await world.drain({ until: 'wait', waitMs: 60_000 })).toMatchObject({ delivered: 1, owed: 1 });
  });

  const unreachable = { kind: 'error', code: 'ENETUNREACH', message: 'no network' } as const;

  it('drain() blames no endpoint when none can be reached, and tells once', async () => {
    const world = draining({ hooks: two, script: { a: unreachable, b: unreachable } });
    await world.fire({});
    for (let n = 0; n < 20; n += 1) {
      expect(await world.drain()).toMatchObject({ failed: 0, gaveUp: 0, owed: 2 });
      world.clock.advance?.(86_400_000);
    }
    expect(world.told('shortage')).toHaveLength(20);
    expect(world.told('parked')).toEqual([]);
    expect([await world.health('a'), await world.health('b')]).toEqual([{}, {}]);
  });

  it.each([
    ['a', 'b'],
    ['b', 'a'],
  ])('drain() parks %s, which cannot be reached, when %s can be', async (dead, alive) => {
    const world = draining({ hooks: two, script: { [dead]: unreachable, [alive]: 503 } });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ failed: 2, owed: 2 });
    expect(await world.health(dead)).toMatchObject({ failures: 1, last: 'ENETUNREACH' });
  });

  it('drain() holds nobody up for an attempt that this machine could not make, and rests longer each time', async () => {
    const ours = { kind: 'error', code: 'EADDRNOTAVAIL', message: 'no port' } as const;
    const world = draining({ hooks: two, clock: systemClock, script: { a: ours } });
    await world.fire(...times(10));
    expect(await world.drain({ until: 'wait', waitMs: 4_000 })).toMatchObject({ delivered: 10, owed: 10 });
    expect(world.to('a').length).toBeLessThan(8); // 4 in flight at first
    expect(world.told('shortage')).toHaveLength(1);
  });

  it('drain() heeds Retry-After', async () => {
    const world = draining({ script: { a: { kind: 'answer', status: 429, retryAfter: '3600' } } });
    await world.fire({});
    await world.drain();
    expect(await world.health('a')).toMatchObject({ parkedUntil: world.clock.now() + 3_600_000 });
  });

  it('drain() pauses an endpoint that answers 410, keeps what it is owed, and tells once', async () => {
    const world = draining({ script: { a: 410 } });
    await world.fire(...times(10));
    expect(await world.drain()).toMatchObject({ owed: 10, gaveUp: 0 });
    world.script.a = 204;
    world.clock.advance?.(29 * 86_400_000);
    expect(await world.drain()).toMatchObject({ delivered: 0, owed: 10 });
    expect(world.told('paused')).toMatchObject([{ why: 'it answered 410 Gone' }]);
    expect(world.told('parked')).toEqual([]);
  });

  it('drain() gives up what a paused endpoint has been owed for 30 days, and keeps the rest', async () => {
    const world = draining({ script: { a: 410 } });
    const now = world.clock.now();
    await world.fire(...times(10), { time: new Date(now + 20 * 86_400_000).toISOString() });
    await world.drain();
    world.clock.advance?.(29 * 86_400_000);
    expect(await world.drain()).toMatchObject({ gaveUp: 0, owed: 11 });
    world.clock.advance?.(2 * 86_400_000);
    expect(await world.drain()).toMatchObject({ gaveUp: 10, owed: 1 });
    expect(world.buried[0]).toMatchObject({
      why: { message: 'it was paused for too long: it answered 410 Gone' },
    });
  });

  it('drain() leaves an endpoint paused when an attempt that was in flight with the 410 succeeds', async () => {
    const { passed, open } = gate();
    let first = true;
    const world = draining({
      script: {
        async a() {
          if (first) {
            first = false;
            await setImmediate();
            return 410;
          }
          await passed;
          return 204;
        },
      },
    });
    await world.fire(...times(3));
    const drained = world.drain();
    await until('it is paused', () => world.told('paused').length === 1);
    open();
    expect(await drained).toMatchObject({ delivered: 2, owed: 1 });
    expect(await world.health('a')).toMatchObject({ paused: 'it answered 410 Gone' });
    expect(world.told('well')).toEqual([]);
  });

  it.each([400, 413, 415, 422])(
    'drain() defers the one delivery that is answered %d, and the rest flows',
    async (status) => {
      const world = draining({ script: { a: ({ event }) => (event.id === 'bad' ? status : 204) } });
      await world.fire({ id: 'bad' }, ...times(10));
      expect(await world.drain()).toMatchObject({ delivered: 10, failed: 1, owed: 1 });
      expect(await world.backlog('a')).toMatchObject({ waiting: 0, retrying: 1, health: {} });
      expect(world.told('failed-alone')).toMatchObject([
        { event: 'bad', what: `${status}`, dueMs: world.clock.now() + 5_000 },
      ]);
      world.clock.advance?.(4_999);
      expect(await world.drain()).toMatchObject({ failed: 0, owed: 1 });
      world.clock.advance?.(1);
      world.script.a = 204;
      expect(await world.drain()).toMatchObject({ delivered: 1, owed: 0 });
      expect(world.to('a').at(-1)).toMatchObject({ event: 'bad', attempt: 2 });
    },
  );

  it('drain() buries a rejected delivery when its schedule has ended', async () => {
    const scheduleMs = [5_000, 300_000, 1_800_000];
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs, jitter: 0 } } }),
      script: { a: 422 },
    });
    await world.fire({ id: 'bad' });
    for (const wait of [...scheduleMs, ...Array.from({ length: 4 }, () => scheduleMs[2]!)]) {
      expect(await world.drain()).toMatchObject({ failed: 1, gaveUp: 0, owed: 1 });
      world.clock.advance?.(wait - 1);
      expect(await world.drain()).toMatchObject({ failed: 0, owed: 1 });
      world.clock.advance?.(1);
    }
    expect(await world.drain()).toMatchObject({ failed: 1, gaveUp: 1, owed: 0 });
    expect(world.sent.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(world.buried).toMatchObject([
      {
        event: 'bad',
        why: { reason: 'gave-up', attempts: 8, message: 'failed alone 8 times; last answer: 422' },
      },
    ]);
    expect(world.told('failed-alone')).toHaveLength(7);
    expect(world.told('gave-up')).toMatchObject([{ count: 1 }]);
    expect(world.journal.at(-1)).toMatchObject({ what: 'gave-up', event: 'bad' });
  });

  it("drain() numbers attempts through failures and rejections, and failures do not use up the delivery's own schedule", async () => {
    const scheduleMs = [1_000, 1_000];
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs, jitter: 0 } } }),
    });
    await world.fire({ id: 'x' });
    const totals = { delivered: 0, gaveUp: 0 };
    for (const status of [503, 503, 503, 400, 503, 422, 503, 503, 204]) {
      world.script.a = status;
      const { delivered, gaveUp } = await world.drain();
      totals.delivered += delivered;
      totals.gaveUp += gaveUp;
      world.clock.advance?.(1_000);
    }
    expect(world.sent.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(totals).toEqual({ delivered: 1, gaveUp: 0 });
  });

  it.each(['constructor', '__proto__', 'toString', '42'])(
    'drain() numbers the attempts of an event with the id %s',
    async (id) => {
      const world = draining({ script: { a: 503 } });
      await world.fire({ id }, { id: 'other' });
      for (let n = 0; n < 3; n += 1) {
        await world.drain();
        world.clock.advance?.(86_400_000);
      }
      world.script.a = 204;
      await world.drain();
      const attempts = world.sent.filter(({ event }) => event === id).map(({ attempt }) => attempt);
      expect(attempts).toEqual(attempts.map((_, index) => index + 1));
    },
  );

  it('drain() gives up all that has become too old at once, when its endpoint was tried often enough', async () => {
    const giveUpAfterMs = 10_000;
    const retry = { scheduleMs: [5_000], jitter: 0 };
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }, { a: { retry, giveUpAfterMs } }),
      script: { a: 503 },
    });
    await world.fire(...times(200));
    for (let tries = 1; tries < 8; tries += 1) {
      expect(await world.drain()).toMatchObject({ gaveUp: 0, owed: 200 });
      world.clock.advance?.(5_000);
    }
    const [young] = await world.fire({ time: new Date(world.clock.now()).toISOString() });
    expect(await world.drain()).toMatchObject({ gaveUp: 200, owed: 1 });
    expect(world.buried.every(({ why }) => why.reason === 'gave-up' && why.message.includes('503'))).toBe(
      true,
    );
    expect(world.told('gave-up')).toMatchObject([{ endpoint: { id: 'a' }, count: 200 }]);
    expect(world.buried.map(({ event }) => event)).not.toContain(young!.id);
    const attempts = world.buried.reduce((sum, { why }) => sum + why.attempts, 0);
    expect(attempts).toBe(world.sent.filter(({ event }) => event !== young!.id).length);
  });

  it('drain() ends when looking for what has become too old fails, though other endpoints wait to look', async () => {
    const limits = { retry: { scheduleMs: [5_000], jitter: 0 }, giveUpAfterMs: 10_000 };
    let sweeps = 0;
    const world = draining({
      hooks: hooksOf({ complete: ['a', 'b'] }, { a: limits, b: limits }),
      script: { a: 503, b: 503 },
      wrap: (side) =>
        withOwned(side, ({ claim }) => ({
          async claim(options) {
            if (options.limit < 8) return claim(options); // an attempt's
            sweeps += 1;
            await sleep(20); // the other one comes to wait
            throw new Error('made to fail');
          },
        })),
    });
    await world.fire(...times(20));
    for (let tries = 1; tries < 8; tries += 1) {
      await world.drain();
      world.clock.advance?.(5_000);
    }
    await expect(world.drain()).rejects.toThrow('made to fail');
    expect(sweeps).toBe(2);
  });

  it('drain() gives up what has become too old behind what has not', async () => {
    const world = draining({
      hooks: hooksOf(
        { complete: ['a'] },
        { a: { retry: { scheduleMs: [5_000], jitter: 0 }, giveUpAfterMs: 10_000 } },
      ),
      script: { a: 503 },
    });
    const soon = new Date(world.clock.now() + 33_000).toISOString();
    const young = await world.fire(...times(4).map(() => ({ time: soon })));
    await world.fire(...times(100));
    for (let tries = 1; tries < 8; tries += 1) {
      await world.drain();
      world.clock.advance?.(5_000);
    }
    expect(await world.drain()).toMatchObject({ gaveUp: 100, owed: 4 });
    world.script.a = 204;
    world.clock.advance?.(5_000);
    await world.drain();
    expect(world.sent.slice(-4).map(({ event }) => event)).toEqual(young.map(({ id }) => id));
  });
});
