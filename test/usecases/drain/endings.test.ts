import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/shared/clock.js';
import type { Intake } from '../../../src/spool/intake.js';
import type { OwnedEndpoint } from '../../../src/spool/spool.js';
import { draining, hooksOf, nothingTaken, withIntake, withOwned } from '../../support/draining.js';
import { watchTimers } from '../../support/own-timers.js';
import { noUnhandledRejections } from '../../support/unhandled.js';
import { gate, until } from '../../support/world.js';

noUnhandledRejections();
const expectNoTimers = watchTimers();

/** Delivered, but not before. */
const deliveredAfter = (passed: Promise<unknown>): Promise<number> => passed.then(() => 204);

const times = (count: number) => Array.from({ length: count }, () => ({}));

describe('drain() that is stopped', () => {
  it('drain() finishes what is in flight, and claims nothing more', async () => {
    const { passed, open } = gate();
    const world = draining({ script: { a: () => deliveredAfter(passed) } });
    await world.fire(...times(10));
    const stop = new AbortController();
    const drained = world.drain({ stop: stop.signal });
    await until('it is full', () => world.inFlight() === 4);
    stop.abort();
    await sleep(20);
    open();
    expect(await drained).toMatchObject({ delivered: 4, owed: 6 });
    expect(world.sent).toHaveLength(4);
    await expectNoTimers();
  });

  it('drain() starts no attempt of what it was just claiming', async () => {
    const stop = new AbortController();
    const world = draining({
      wrap: (side) =>
        withOwned(side, ({ claim }) => ({
          claim(options) {
            stop.abort();
            return claim(options);
          },
        })),
    });
    await world.fire({});
    expect(await world.drain({ stop: stop.signal })).toMatchObject({ delivered: 0, owed: 1 });
    expect(world.sent).toEqual([]);
  });

  it('drain() cuts off after the grace time, and what was cut off is still owed', async () => {
    const world = draining({ script: { a: () => new Promise(() => {}) } });
    await world.fire(...times(10));
    const stop = new AbortController();
    const drained = world.drain({ stop: stop.signal, graceMs: 30 });
    await until('it is full', () => world.inFlight() === 4);
    stop.abort();
    expect(await drained).toMatchObject({ delivered: 0, failed: 0, owed: 10 });
    expect(await world.health('a')).toEqual({});
    expect(world.journal.map(({ what }) => what)).toEqual(['aborted', 'aborted', 'aborted', 'aborted']);
    world.script.a = 204;
    expect(await world.drain()).toMatchObject({ delivered: 10, owed: 0 });
  });

  it.each([
    ['name', 'the look-up of its host name has not answered'],
    ['connection', 'there is no connection to it yet'],
  ] as const)('drain() tells of what was cut off that it waited for a %s', async (waited, what) => {
    const stop = new AbortController();
    const cutOff = () => {
      stop.abort();
      return { kind: 'aborted', waitedFor: waited } as const;
    };
    const world = draining({ script: { a: cutOff } });
    await world.fire({});
    expect(await world.drain({ stop: stop.signal })).toMatchObject({
      queues: [{ endpoint: 'a', why: 'due', what }],
    });
  });

  it('drain() takes a grace time beyond what a timer can hold', async () => {
    const { passed, open } = gate();
    const world = draining({ script: { a: () => deliveredAfter(passed) } });
    await world.fire({});
    const stop = new AbortController();
    const drained = world.drain({ stop: stop.signal, graceMs: 1e12 });
    await until('it is in flight', () => world.inFlight() === 1);
    stop.abort();
    await sleep(20);
    open();
    expect(await drained).toMatchObject({ delivered: 1 });
  });

  it('drain() cuts off at once when it is aborted, and loses nothing', async () => {
    const world = draining({ script: { a: () => new Promise(() => {}) } });
    await world.fire(...times(6));
    const [stop, abort] = [new AbortController(), new AbortController()];
    const drained = world.drain({
      until: 'daemon',
      stop: stop.signal,
      abort: abort.signal,
      graceMs: 3_600_000,
    });
    await until('it is full', () => world.inFlight() === 4);
    stop.abort();
    await setImmediate();
    abort.abort();
    expect(await drained).toMatchObject({ delivered: 0, owed: 6 });
    await expectNoTimers();
  });

  it.each(['stop', 'abort'] as const)(
    'drain() with %s given before it begins touches nothing',
    async (name) => {
      const world = draining();
      await world.fire({});
      expect(await world.drain({ until: 'daemon', [name]: AbortSignal.abort() })).toMatchObject({
        delivered: 0,
        waiting: 1,
      });
      expect(world.sent).toEqual([]);
    },
  );
});

describe('drain() that waits', () => {
  it('drain() ends when nothing is left', async () => {
    const world = draining({
      clock: systemClock,
      hooks: hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs: [20], jitter: 0 } } }),
      script: { a: ({ attempt }) => (attempt < 3 ? 503 : 204) },
    });
    await world.fire({});
    expect(await world.drain({ until: 'wait', waitMs: 60_000 })).toMatchObject({
      delivered: 1,
      failed: 2,
      owed: 0,
    });
    await expectNoTimers();
  });

  it('drain() goes by a schedule that is shorter than the time between early tries', async () => {
    const world = draining({
      flows: true,
      hooks: hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs: [5], jitter: 0 } } }),
      script: { a: () => (world.sent.length % 3 === 0 ? 503 : 204) },
    });
    await world.fire(...times(20));
    expect(await world.drain({ until: 'wait', waitMs: 60_000 })).toMatchObject({ delivered: 20 });
    expect(world.clock.monotonic()).toBeLessThan(2_000);
  });

  it('drain() waits for a rejected delivery of its own time', async () => {
    const world = draining({
      clock: systemClock,
      hooks: hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs: [20, 20], jitter: 0 } } }),
      script: { a: ({ attempt }) => (attempt < 3 ? 400 : 204) },
    });
    await world.fire({});
    expect(await world.drain({ until: 'wait', waitMs: 60_000, rescanMs: 60_000 })).toMatchObject({
      delivered: 1,
      failed: 2,
      owed: 0,
    });
  });

  it('drain() ends when the time is over', async () => {
    const world = draining({ clock: systemClock, script: { a: 503 } });
    await world.fire({});
    expect(await world.drain({ until: 'wait', waitMs: 30 })).toMatchObject({ failed: 1, owed: 1 });
  });

  it('drain() lets what is in flight finish when the time is over', async () => {
    const world = draining({ clock: systemClock, script: { a: () => deliveredAfter(sleep(800)) } });
    await world.fire({});
    expect(await world.drain({ until: 'wait', waitMs: 500 })).toMatchObject({ delivered: 1, owed: 0 });
  });

  it('drain() waits for what is not taken in yet', async () => {
    let holding = true;
    const held = { ...nothingTaken, postponed: [{ name: 'x', reason: 'not now' }] };
    const world = draining({
      wrap: (side) =>
        withIntake(side, ({ take }) => ({
          take: () => (holding ? Promise.resolve(held) : take()),
        })),
    });
    await world.fire({});
    const drained = world.drain({ until: 'wait', waitMs: 60_000, rescanMs: 5 });
    await until('it has told', () => world.told('unread').length > 0);
    await sleep(30);
    expect(world.told('unread')).toHaveLength(1);
    holding = false;
    expect(await drained).toMatchObject({ delivered: 1, waiting: 0 });
  });
});

describe('drain() that loses its ground', () => {
  it('drain() ends with BUSY when its spool is not valid any more', async () => {
    let valid = true;
    const world = draining({ wrap: (side) => ({ ...side, isValid: () => valid }) });
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal });
    drained.catch(() => {});
    await sleep(10);
    valid = false;
    await world.fire({});
    await expect(drained).rejects.toMatchObject({ code: 'BUSY' });
    expect(world.sent).toEqual([]);
  });

  const failing: ReadonlyArray<keyof OwnedEndpoint | keyof Intake> = [
    'take',
    'place',
    'claim',
    'done',
    'health',
    'giveBack',
    'saveHealth',
    'defer',
    'bury',
  ];
  it.each(failing)(
    'drain() ends with the error of %s(), after what is in flight has been cut off',
    async (method) => {
      const error = new Error(`${method} failed`);
      const script = { a: 204, b: () => new Promise<number>(() => {}), c: 503, d: 400, e: 204 };
      let calls = 0;
      const world = draining({
        hooks: hooksOf({ complete: ['b', 'a', 'c', 'd'], other: ['e'] }),
        script,
        wrap(side) {
          function fail(...args: never[]): unknown {
            calls += 1;
            // The intake works at first, so that there is something in flight.
            if (!(method in side.intake) || calls > 1) throw error;
            return (side.intake[method as keyof Intake] as (...all: never[]) => unknown)(...args);
          }
          return method in side.intake
            ? withIntake(side, () => ({ [method]: fail }))
            : withOwned(side, () => ({ [method]: fail }));
        },
      });
      await world.fire(...times(3));
      if (method === 'bury') {
        world.script.a = world.script.b = world.script.c = world.script.d = 503;
        await world.drain();
        world.reload({ ...hooksOf({}), holdKeepMs: 0 });
      }
      const drained = world.drain({ until: 'daemon', rescanMs: 5, graceMs: 20 });
      if (method === 'place') void until('it is in flight', () => calls > 0).then(() => world.fire({}));
      await expect(drained).rejects.toBe(error);
      expect(world.inFlight()).toBe(0);
      await expectNoTimers();
    },
  );

  it('drain() stops its intake when a method of the spool has failed', async () => {
    const error = new Error('EIO');
    let steps = 0;
    const world = draining({
      wrap(side) {
        const endless = withIntake(side, ({ take }) => ({
          async take() {
            steps += 1;
            return { ...(await take()), more: steps < 1_000, checked: 1 };
          },
        }));
        return withOwned(endless, () => ({ done: () => Promise.reject(error) }));
      },
    });
    await world.fire({});
    await expect(world.drain()).rejects.toBe(error);
    expect(steps).toBeLessThan(20);
  });

  it('drain() ends with the error of a sender that throws, and the delivery is still owed', async () => {
    const world = draining({ script: { a: () => Promise.reject(new TypeError('a bug')) } });
    await world.fire({});
    await expect(world.drain()).rejects.toThrow('a bug');
    world.script.a = 204;
    expect(await world.drain()).toMatchObject({ delivered: 1, owed: 0 });
  });
});
