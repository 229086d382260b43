import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/shared/clock.js';
import { CapnhookError } from '../../../src/shared/errors.js';
import type { Delivery, DrainSide } from '../../../src/spool/spool.js';
import { draining, hooksOf, nothingTaken, withIntake, withOwned } from '../../support/draining.js';
import { gate, until } from '../../support/world.js';

const two = hooksOf({ complete: ['a', 'b'] });
const times = (count: number) => Array.from({ length: count }, () => ({}));
const refusal = () => new CapnhookError('SPOOL_WRITE', 'Cannot drain the spool: the disk reported an error');
const temporary = () => new CapnhookError('TEMPORARY', 'Cannot drain the spool: no space is left');

interface RefusingOptions {
  keepsClaim?: boolean;
  isRefusing?: () => boolean;
}

/** A drain's side that refuses a change for one event to `a`, as a disk does; `keepsClaim` as long as it has it still. */
function refusing(
  method: 'done' | 'defer' | 'bury',
  event: string,
  { keepsClaim = true, isRefusing = () => true }: RefusingOptions = {},
): (side: DrainSide) => DrainSide {
  return (side) =>
    withOwned(side, (owned) => ({
      async [method](delivery: Delivery, ...rest: never[]) {
        if (delivery.event.id !== event || delivery.endpoint !== 'a' || !isRefusing())
          return (owned[method] as (...all: unknown[]) => Promise<void>)(delivery, ...rest);
        if (!keepsClaim) owned.giveBack(delivery);
        throw refusal();
      },
    }));
}

describe('drain() on a spool that refuses', () => {
  it.each([true, false])(
    'drain() goes on when done() fails, and sends nothing twice (%s)',
    async (keepsClaim) => {
      const world = draining({ hooks: two, wrap: refusing('done', 'bad', { keepsClaim }) });
      await world.fire({ id: 'bad' }, ...times(10));
      const summary = await world.drain();
      expect(world.to('b')).toHaveLength(11);
      expect(world.sent.filter(({ event }) => event === 'bad')).toHaveLength(2);
      expect(summary.owed).toBeGreaterThanOrEqual(1);
      expect(world.told('unread').map(({ entry }) => entry.name)).toEqual(['bad for a']);
      expect(world.told('unread')[0]!.entry.reason).toMatch(/^it cannot be settled now: Cannot drain/);
    },
  );

  it('drain() as a daemon settles later what could not be settled, and does not send it again', async () => {
    let isRefusing = true;
    let passed = 0;
    const clock = {
      now: () => systemClock.now() + passed,
      monotonic: () => systemClock.monotonic() + passed,
    };
    const world = draining({ clock, wrap: refusing('done', 'bad', { isRefusing: () => isRefusing }) });
    await world.fire({ id: 'bad' });
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('it is told', () => world.told('unread').length === 1);
    await sleep(30);
    isRefusing = false;
    passed = 5_000;
    await until('it is settled', async () => (await world.backlog('a'))?.waiting === 0);
    stop.abort();
    expect(await drained).toMatchObject({ delivered: 1, owed: 0 });
    expect(world.sent).toHaveLength(1);
    expect(world.told('unread')).toHaveLength(1);
  });

  it('drain() goes on when defer() fails', async () => {
    const world = draining({
      hooks: two,
      script: { a: ({ event }) => (event.id === 'bad' ? 400 : 204) },
      wrap: refusing('defer', 'bad'),
    });
    await world.fire({ id: 'bad' }, ...times(10));
    await world.drain();
    expect(world.to('b')).toHaveLength(11);
    expect(world.to('a').filter(({ event }) => event === 'bad')).toHaveLength(1);
    expect(world.told('unread')).toHaveLength(1);
    expect(world.told('failed-alone')).toEqual([]);
  });

  it('drain() goes on when bury() of what was on hold for too long fails', async () => {
    const world = draining({ hooks: two, script: { a: 503 }, wrap: refusing('bury', 'bad') });
    await world.fire({ id: 'bad' });
    await world.drain();
    await world.fire({});
    await world.drain(); // the second one waits behind it
    world.reload({ ...hooksOf({ complete: ['b'] }), holdKeepMs: 0 });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 1, gaveUp: 1, owed: 1 });
    expect(world.told('unread')).toHaveLength(1);
  });

  it('drain() goes on when bury() of what has become too old fails', async () => {
    const retry = { scheduleMs: [1_000], jitter: 0 };
    const world = draining({
      hooks: hooksOf({ complete: ['a', 'b'] }, { a: { retry, giveUpAfterMs: 1_000, concurrency: 1 } }),
      script: { a: 503 },
      wrap: refusing('bury', 'bad'),
    });
    // One is tried in each pass, and the eighth time it is the turn of the first one again.
    await world.fire({ id: 'bad' }, ...times(6));
    for (let n = 0; n < 8; n += 1) {
      await world.drain();
      world.clock.advance?.(1_000);
    }
    expect(world.told('unread')).toHaveLength(1);
    expect(await world.backlog('a')).toMatchObject({ dead: 0, waiting: 7 });
  });

  it('drain() lets what is in flight finish when its intake fails', async () => {
    const { passed, open } = gate();
    let isFailing = false;
    const error = refusal();
    const world = draining({
      script: { a: () => passed.then(() => 204) },
      wrap: (side) =>
        withIntake(side, ({ take }) => ({ take: () => (isFailing ? Promise.reject(error) : take()) })),
    });
    await world.fire({});
    const drained = world.drain({ until: 'daemon', rescanMs: 5 });
    drained.catch(() => {});
    await until('it is in flight', () => world.inFlight() === 1);
    isFailing = true;
    await sleep(30);
    open();
    await expect(drained).rejects.toBe(error);
    expect(world.journal).toMatchObject([{ what: 'delivered' }]);
    expect(await world.backlog('a')).toMatchObject({ waiting: 0 });
  });

  it('drain() as a daemon outlives an intake that fails for a while, and tells once', async () => {
    let isFailing = true;
    const world = draining({
      wrap: (side) =>
        withIntake(side, ({ take }) => ({ take: () => (isFailing ? Promise.reject(temporary()) : take()) })),
    });
    await world.fire({});
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 5 });
    await until('it is told', () => world.told('intake-failed').length === 1);
    await sleep(30);
    isFailing = false;
    await until('it is sent', () => world.sent.length === 1);
    stop.abort();
    expect(await drained).toMatchObject({ delivered: 1 });
    expect(world.told('intake-failed')).toHaveLength(1);
  });

  it('drain() for one pass ends with the error of an intake that fails for a while', async () => {
    const error = temporary();
    const world = draining({
      wrap: (side) => withIntake(side, () => ({ take: () => Promise.reject(error) })),
    });
    await expect(world.drain()).rejects.toBe(error);
  });
});

describe('drain() and an intake that does not get on', () => {
  const entries = (from: number) =>
    Array.from({ length: 256 }, (_, n) => ({ name: `${from + n}.json`, reason: 'not now' }));

  it('drain() gets past many entries that cannot be taken in', async () => {
    let nth = 0;
    const world = draining({
      wrap: (side) =>
        withIntake(side, ({ take }) => ({
          async take() {
            nth += 1;
            return nth < 4 ? { ...nothingTaken, postponed: entries(nth * 256), more: true } : take();
          },
        })),
    });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 1 });
  });

  it('drain() does not turn in a circle over entries that cannot be taken in', async () => {
    let steps = 0;
    const world = draining({
      wrap: (side) =>
        withIntake(side, () => ({
          async take() {
            steps += 1;
            return { ...nothingTaken, postponed: entries(0), more: true };
          },
        })),
    });
    await world.drain();
    expect(steps).toBe(2);
  });

  it('drain() goes on after a step that only checked a part of a batch', async () => {
    let nth = 0;
    const world = draining({
      wrap: (side) =>
        withIntake(side, ({ take }) => ({
          async take() {
            nth += 1;
            return nth < 4 ? { ...nothingTaken, checked: 1, more: true } : take();
          },
        })),
    });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 1 });
  });
});

describe('drain() while the hooks file is being written', () => {
  it('drain() takes nothing in, goes on sending, and a pass waits', async () => {
    const world = draining({ clock: systemClock, script: { a: 503 } });
    await world.fire({});
    await world.drain();
    world.script.a = 204;
    world.refreshes.push({ kind: 'unsettled' }, { kind: 'unsettled' });
    await world.fire({ hook: 'late' });
    const drained = world.drain();
    await sleep(50);
    expect(await world.spool.waiting()).toBe(1);
    world.reload(hooksOf({ complete: ['a'], late: ['b'] }));
    const started = performance.now();
    expect(await drained).toMatchObject({ delivered: 1, unclaimed: 0 });
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('drain() on a machine in trouble', () => {
  it.each(['EMFILE', 'ENFILE', 'ENOMEM', 'EADDRNOTAVAIL', 'ENOBUFS'])(
    'drain() does not blame an endpoint for %s, and a pass ends',
    async (code) => {
      const world = draining({
        clock: systemClock,
        hooks: two,
        script: { a: { kind: 'error', code, message: '' } },
      });
      await world.fire(...times(10));
      expect(await world.drain()).toMatchObject({ delivered: 10, failed: 0, owed: 10 });
      expect(await world.health('a')).toEqual({});
      expect(world.to('a').length).toBeLessThanOrEqual(4);
      expect(world.journal.filter(({ endpoint }) => endpoint === 'a')[0]).toMatchObject({
        what: 'aborted',
        error: code,
      });
    },
  );

  it('drain() as a daemon waits a little, and tries again', async () => {
    let tries = 0;
    const world = draining({
      clock: systemClock,
      script: { a: () => (++tries === 1 ? { kind: 'error', code: 'EMFILE', message: '' } : 204) },
    });
    await world.fire({});
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, rescanMs: 3_600_000 });
    await until('it is sent', () => world.sent.length === 2);
    stop.abort();
    expect(await drained).toMatchObject({ delivered: 1, failed: 0 });
  });

  it('drain() holds no more than some payloads in memory at once', async () => {
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }, { a: { concurrency: 256 } }),
      script: { a: () => sleep(5).then(() => 204) },
    });
    const payload = Buffer.alloc(24 * 2 ** 20, 0x20);
    await world.fire(...times(12).map(() => ({ payload })));
    expect(await world.drain()).toMatchObject({ delivered: 12 });
    expect(world.most()).toBe(2);
  });
});

describe('drain() for one pass, with a schedule that does not wait', () => {
  const retry = { scheduleMs: [0], jitter: 0 };
  const hooks = hooksOf({ complete: ['a'] }, { a: { retry: { ...retry, scheduleMs: [0, 0, 0, 0, 0] } } });

  it.each([503, 400])('drain() ends although what is answered with %d is due at once', async (status) => {
    const world = draining({ clock: systemClock, hooks, script: { a: () => sleep(3).then(() => status) } });
    await world.fire({}, {});
    expect(await world.drain()).toMatchObject({ failed: 2, owed: 2 });
  });

  it('drain() ends although no time passes at all', async () => {
    const world = draining({ hooks, script: { a: 400 } });
    await world.fire({}, {});
    expect(await world.drain()).toMatchObject({ failed: 2, owed: 2 });
  });

  it('drain() goes on in a pass after a failure that a success contradicts', async () => {
    let nth = 0;
    const world = draining({ script: { a: () => (++nth === 2 ? 503 : sleep(5).then(() => 204)) } });
    await world.fire(...times(20));
    expect(await world.drain()).toMatchObject({ failed: 1, delivered: 20, owed: 0 });
  });
});
