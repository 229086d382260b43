import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { draining, hooksOf, withOwned } from '../../support/draining.js';
import { noUnhandledRejections } from '../../support/unhandled.js';
import { gate, until } from '../../support/world.js';

noUnhandledRejections();

const times = (count: number) => Array.from({ length: count }, () => ({}));

describe('drain() and what it gives up', () => {
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
