import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/shared/clock.js';
import { CapnhookError } from '../../../src/shared/errors.js';
import type { Lease } from '../../../src/spool/spool.js';
import { draining, fakeClock, hooksOf, type Script } from '../../support/draining.js';
import { gate, until } from '../../support/world.js';

const unhandled: unknown[] = [];
let ownTimers = 0;
const note = (reason: unknown) => unhandled.push(reason);
beforeAll(() => {
  process.on('unhandledRejection', note);
});
beforeEach(() => {
  ownTimers = allTimers();
});
afterAll(async () => {
  await setImmediate();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

/** Delivered, but not before. */
const deliveredAfter = (passed: Promise<unknown>): Promise<number> => passed.then(() => 204);

const two = hooksOf({ complete: ['a', 'b'] });
const times = (count: number) => Array.from({ length: count }, () => ({}));

describe('drain() for one pass', () => {
  it('drain() attempts every due delivery, and ends', async () => {
    const world = draining({ hooks: two });
    const events = await world.fire(...times(50));
    expect(await world.drain()).toEqual({
      delivered: 100,
      failed: 0,
      gaveUp: 0,
      noReceivers: 0,
      corrupt: 0,
      owed: 0,
      waiting: 0,
    });
    for (const id of ['a', 'b']) {
      expect(
        world
          .to(id)
          .map((sent) => sent.event)
          .sort(),
      ).toEqual(events.map((event) => event.id).sort());
    }
  });

  it('drain() with nothing to do ends with nothing done', async () => {
    const world = draining();
    expect(await world.drain()).toMatchObject({ delivered: 0, owed: 0, waiting: 0 });
    expect(world.sent).toEqual([]);
  });

  it('drain() sends what is fired while it drains', async () => {
    const world = draining({
      script: {
        async a({ event }) {
          if (event.hook === 'complete' && world.sent.length < 3) await world.fire({});
          return 204;
        },
      },
    });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 3, waiting: 0 });
  });

  it('drain() leaves nothing behind when all attempts come back at the same moment', async () => {
    const { passed, open } = gate();
    const world = draining({
      hooks: hooksOf({ complete: ['a', 'b'] }),
      script: { a: () => deliveredAfter(passed), b: () => 204 },
    });
    await world.fire(...times(12));
    const drained = world.drain();
    await until('a is full', () => world.inFlight() === 4 && world.to('b').length === 12);
    // What rings now finds the endpoint full; what comes back right after must start the next ones.
    await world.fire({});
    open();
    expect(await drained).toMatchObject({ owed: 0, waiting: 0 });
  });

  it('drain() ends only when no attempt could be started since the last one came back', async () => {
    // An answer that comes while the drain yields is the last one in flight.
    const world = draining({
      hooks: hooksOf({ complete: ['a', 'b'] }, { a: { concurrency: 1 }, b: { concurrency: 1 } }),
      script: {
        a: () => deliveredAfter(setImmediate()),
        b: () => deliveredAfter(setImmediate().then(() => setImmediate())),
      },
    });
    await world.fire(...times(40));
    expect(await world.drain()).toMatchObject({ delivered: 80, owed: 0 });
  });

  it('drain() tells the attempt its number, its time and the payload as it was fired', async () => {
    const world = draining();
    await world.fire({ payload: Buffer.from('{"a": 1.0}') });
    await world.drain();
    expect(world.sent[0]).toMatchObject({
      attempt: 1,
      payload: '{"a": 1.0}',
      timestamp: world.clock.now() / 1000,
    });
  });

  it('drain() counts, journals and tells what has no receivers', async () => {
    const world = draining();
    const [fired] = await world.fire({ hook: 'nobody' });
    expect(await world.drain()).toMatchObject({ delivered: 0, noReceivers: 1, owed: 0, waiting: 0 });
    expect(world.journal).toMatchObject([{ what: 'no-receivers', event: fired!.id, hook: 'nobody' }]);
    expect(world.told('no-receivers')).toMatchObject([{ event: fired!.id, hook: 'nobody' }]);
  });

  it('drain() journals and tells each attempt', async () => {
    const world = draining({
      hooks: two,
      script: { a: 503, b: { kind: 'error', code: 'ECONNREFUSED', message: 'nobody listens' } },
    });
    const [fired] = await world.fire({});
    await world.drain();
    const byEndpoint = [...world.journal].sort((x, y) => (x.endpoint! < y.endpoint! ? -1 : 1));
    expect(byEndpoint).toMatchObject([
      { what: 'failed', endpoint: 'a', event: fired!.id, hook: 'complete', attempt: 1, status: 503 },
      { what: 'failed', endpoint: 'b', event: fired!.id, attempt: 1, error: 'ECONNREFUSED' },
    ]);
    expect(world.told('attempt')).toHaveLength(2);
    expect(JSON.stringify(world.journal)).not.toContain('example');
  });
});

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
    world.clock.advance?.(365 * 86_400_000);
    expect(await world.drain()).toMatchObject({ delivered: 0, owed: 10 });
    expect(world.told('paused')).toMatchObject([{ why: 'it answered 410 Gone' }]);
    expect(world.told('parked')).toEqual([]);
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
});

describe('drain() and the hooks', () => {
  it('drain() buries what a deregistered endpoint is owed, and sends what named the URL itself', async () => {
    const hooks = hooksOf({ complete: ['a'] });
    const world = draining({ hooks, script: { a: 503 } });
    const named = { hook: 'complete', to: ['https://a.example/in'] };
    await world.fire({}, named, {});
    await world.drain();
    world.clock.advance?.(5_000);
    // It is registered no more, and still defined.
    world.reload({ ...hooksOf({ other: ['b'] }), endpoints: hooks.endpoints });
    world.script.a = 204;
    expect(await world.drain()).toMatchObject({ delivered: 1, gaveUp: 2, owed: 0 });
    expect(world.buried.map(({ why }) => why.reason)).toEqual(['deregistered', 'deregistered']);
    expect(world.told('gave-up')).toMatchObject([{ endpoint: { id: 'a' }, count: 2 }]);
  });

  it.each(['parked', 'paused'])(
    'drain() buries what a deregistered endpoint is owed while it is %s',
    async (state) => {
      const world = draining({ script: { a: state === 'parked' ? 503 : 410 } });
      await world.fire(...times(500));
      await world.drain();
      world.reload(hooksOf({}, { a: {} }));
      expect(await world.drain()).toMatchObject({ gaveUp: 500, owed: 0, failed: 0 });
    },
  );

  it('drain() keeps hearing others while it buries many', async () => {
    const world = draining({ hooks: hooksOf({ complete: ['a'], other: ['b'] }), script: { a: 503 } });
    await world.fire(...times(2_000));
    await world.drain();
    world.reload(hooksOf({ other: ['b'] }));
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal });
    await setImmediate();
    await until('some are buried', () => world.buried.length > 10);
    expect(world.buried.length).toBeLessThan(2_000);
    stop.abort();
    const { owed, gaveUp } = await drained;
    expect(owed).toBeGreaterThan(0);
    expect(owed + gaveUp).toBe(2_000);
  });

  it('drain() buries few at once, however many endpoints were deregistered', async () => {
    const ids = Array.from({ length: 40 }, (_, n) => `e${n}`);
    const world = draining({
      hooks: hooksOf({ complete: ids }),
      script: Object.fromEntries(ids.map((id) => [id, 503])),
    });
    await world.fire(...times(10));
    await world.drain();
    world.reload(hooksOf({}));
    let most = 0;
    let done = false;
    const watching = (async () => {
      for (let before = 0; !done; before = world.buried.length) {
        await setImmediate();
        most = Math.max(most, world.buried.length - before);
      }
    })();
    expect(await world.drain()).toMatchObject({ gaveUp: 400 });
    done = true;
    await watching;
    expect(most).toBeLessThan(10);
  });

  it('drain() honours a registration that was made before the event was fired, in the middle of its work', async () => {
    const { passed, open } = gate();
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }),
      script: { a: () => deliveredAfter(passed) },
    });
    await world.fire({});
    const drained = world.drain();
    await until('it is at work', () => world.inFlight() === 1);
    world.reload(hooksOf({ complete: ['a'], late: ['b'] }));
    await world.fire({ hook: 'late' });
    open();
    expect(await drained).toMatchObject({ delivered: 2, noReceivers: 0 });
    expect(world.told('hooks-reloaded')).toHaveLength(1);
  });

  it('drain() looks at the hooks before each step of its intake', async () => {
    const world = draining({
      wrap: (lease) => ({
        ...lease,
        async fanOut(route) {
          const step = await lease.fanOut(route);
          if (step.events === 256) {
            world.reload(hooksOf({ complete: ['a'], late: ['b'] }));
            await world.fire({ hook: 'late' });
            return { ...step, more: true };
          }
          return step;
        },
      }),
    });
    await world.fire(...times(256));
    expect(await world.drain()).toMatchObject({ delivered: 257, noReceivers: 0 });
  });

  it('drain() keeps the old hooks when the new ones are broken, and tells', async () => {
    const world = draining();
    const error = new CapnhookError('HOOKS_FILE', 'Cannot use the hooks file: it has a problem');
    world.refreshes.push({ kind: 'broken', error });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 1 });
    expect(world.told('hooks-broken')).toEqual([{ kind: 'hooks-broken', error }]);
  });
});

describe('drain() and its limits', () => {
  it("drain() never exceeds an endpoint's concurrency or maxInFlight, and is done with all", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ concurrency: fc.integer({ min: 1, max: 5 }), count: fc.integer({ min: 0, max: 12 }) }),
          { minLength: 1, maxLength: 5 },
        ),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 10, maxLength: 10 }),
        async (endpoints, maxInFlight, latencies) => {
          let nth = 0;
          const slow: Script = async () => {
            for (let turns = latencies[nth++ % latencies.length]!; turns > 0; turns -= 1)
              await setImmediate();
            return 204;
          };
          const ids = endpoints.map((_, index) => `e${index}`);
          const table = Object.fromEntries(ids.map((id) => [id, [id]]));
          const settings = Object.fromEntries(
            endpoints.map(({ concurrency }, index) => [ids[index]!, { concurrency }]),
          );
          const world = draining({
            hooks: hooksOf(table, settings),
            script: Object.fromEntries(ids.map((id) => [id, slow])),
          });
          const events = endpoints.flatMap(({ count }, index) =>
            Array.from({ length: count }, () => ({ hook: ids[index]! })),
          );
          await world.fire(...events);
          expect(await world.drain({ maxInFlight })).toMatchObject({
            delivered: events.length,
            owed: 0,
            waiting: 0,
          });
          expect(world.most()).toBeLessThanOrEqual(maxInFlight);
          endpoints.forEach(({ concurrency }, index) => {
            expect(world.most(ids[index])).toBeLessThanOrEqual(concurrency);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([1, 2, 3, 5])(
    'drain() takes turns between endpoints when only %d attempts may be in flight',
    async (maxInFlight) => {
      const ids = ['a', 'b', 'c'];
      const world = draining({
        hooks: hooksOf({ complete: ids }),
        script: Object.fromEntries(ids.map((id) => [id, () => deliveredAfter(setImmediate())])),
      });
      await world.fire(...times(60));
      await world.drain({ maxInFlight });
      for (let upTo = 3; upTo <= 180; upTo += 1) {
        const counts = ids.map(
          (id) => world.sent.slice(0, upTo).filter((sent) => sent.endpoint === id).length,
        );
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2 * maxInFlight);
      }
    },
  );

  it("drain() sends an endpoint up to four deliveries before it is the next one's turn", async () => {
    const world = draining({ hooks: hooksOf({ complete: ['a', 'b'] }) });
    await world.fire(...times(6));
    await world.drain({ maxInFlight: 100 });
    expect(world.sent.map(({ endpoint }) => endpoint).join('')).toBe('aaaabbbbaabb');
  });

  it('drain() has its first attempts under way before it claims more', async () => {
    const ids = Array.from({ length: 100 }, (_, n) => `e${n}`);
    let claims = 0;
    let claimsAtFirst: number | undefined;
    const world = draining({
      hooks: hooksOf({ complete: ids }),
      script: {
        e0: async () => {
          await setImmediate();
          claimsAtFirst = claims;
          return 204;
        },
      },
      wrap: (lease) => ({
        ...lease,
        claim(endpoint, options) {
          claims += 1;
          return lease.claim(endpoint, options);
        },
      }),
    });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 100 });
    expect(claimsAtFirst).toBeLessThan(10);
  });

  it('drain() probes a sick endpoint with one attempt at a time', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(10));
    await world.drain();
    world.clock.advance?.(5_000);
    const before = world.sent.length;
    await world.drain();
    expect(world.sent.length - before).toBe(1);
  });
});

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
    expect(timers()).toBeLessThanOrEqual(0);
  });

  it('drain() starts no attempt of what it was just claiming', async () => {
    const stop = new AbortController();
    const world = draining({
      wrap: (lease) => ({
        ...lease,
        claim(endpoint, options) {
          stop.abort();
          return lease.claim(endpoint, options);
        },
      }),
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
    expect(timers()).toBeLessThanOrEqual(0);
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
    expect(timers()).toBeLessThanOrEqual(0);
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
    const world = draining({ clock: systemClock, script: { a: () => deliveredAfter(sleep(80)) } });
    await world.fire({});
    expect(await world.drain({ until: 'wait', waitMs: 20 })).toMatchObject({ delivered: 1, owed: 0 });
  });

  it('drain() waits for what is not taken in yet', async () => {
    let holding = true;
    const world = draining({
      wrap: (lease) => ({
        ...lease,
        fanOut: (route) =>
          holding
            ? Promise.resolve({
                events: 0,
                deliveries: 0,
                noReceivers: [],
                corrupt: [],
                unread: [{ name: 'x', reason: 'not now' }],
                checked: 0,
                more: false,
              })
            : lease.fanOut(route),
      }),
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

describe('drain() as a daemon', () => {
  function daemon(
    world: ReturnType<typeof draining>,
    options: Parameters<ReturnType<typeof draining>['drain']>[0] = {},
  ) {
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal, ...options });
    return () => {
      stop.abort();
      return drained;
    };
  }

  it('drain() wakes by a hint', async () => {
    const world = draining();
    const end = daemon(world, { rescanMs: 3_600_000 });
    await sleep(10);
    await world.fire({});
    await until('it is sent', () => world.sent.length === 1);
    expect(await end()).toMatchObject({ delivered: 1, owed: 0 });
  });

  it('drain() sends what is fired while it buries many, however long each takes', async () => {
    let buriedThen = Infinity;
    const world = draining({
      hooks: hooksOf({ complete: ['a'], other: ['b'] }),
      script: {
        a: 503,
        b: () => {
          buriedThen = world.buried.length;
          return 204;
        },
      },
      wrap: (lease) => ({
        ...lease,
        bury(delivery, why) {
          world.clock.advance?.(5);
          return lease.bury(delivery, why);
        },
      }),
    });
    await world.fire(...times(2_500));
    await world.drain();
    world.reload(hooksOf({ other: ['b'] }));
    const end = daemon(world);
    await until('some are buried', () => world.buried.length > 1_100); // it claims many at once then
    const before = world.buried.length;
    await world.fire({ hook: 'other' });
    await until('it is sent', () => world.to('b').length === 1);
    expect(buriedThen - before).toBeLessThan(40);
    await end();
  });

  it('drain() wakes by a rescan where there are no hints', async () => {
    const world = draining({ wrap: (lease) => ({ ...lease, onHint: () => () => {} }) });
    const end = daemon(world, { rescanMs: 5 });
    await sleep(10);
    await world.fire({});
    await until('it is sent', () => world.sent.length === 1);
    await end();
  });

  it('drain() wakes when a parked endpoint is due', async () => {
    const world = draining({
      clock: systemClock,
      hooks: hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs: [15], jitter: 0 } } }),
      script: { a: ({ attempt }) => (attempt < 4 ? 503 : 204) },
    });
    await world.fire({});
    const end = daemon(world, { rescanMs: 3_600_000 });
    await until('it is sent', () => world.sent.length === 4);
    expect(await end()).toMatchObject({ delivered: 1 });
  });

  it('drain() stops listening for hints when it ends', async () => {
    let listening = 0;
    const world = draining({
      wrap: (lease) => ({
        ...lease,
        onHint(hint) {
          listening += 1;
          const stop = lease.onHint(hint);
          return () => {
            listening -= 1;
            stop();
          };
        },
      }),
    });
    const end = daemon(world);
    await until('it listens', () => listening === 1);
    await end();
    expect(listening).toBe(0);
    expect(timers()).toBeLessThanOrEqual(0);
  });

  it('drain() gathers what it gives up into one line', async () => {
    const world = draining({ script: { a: 503 } });
    await world.fire(...times(100));
    const end = daemon(world);
    await until('it is sick', () => world.told('parked').length === 1);
    world.reload(hooksOf({}));
    await world.fire({ hook: 'wake' });
    await until('all are buried', () => world.buried.length === 100);
    await end();
    expect(world.told('gave-up').reduce((sum, { count }) => sum + count, 0)).toBe(100);
    expect(world.told('gave-up').length).toBeLessThan(10);
  });
});

describe('drain() that loses its ground', () => {
  it('drain() ends with BUSY when its lease is not valid any more', async () => {
    let valid = true;
    const world = draining({ wrap: (lease) => ({ ...lease, valid: () => valid }) });
    const stop = new AbortController();
    const drained = world.drain({ until: 'daemon', stop: stop.signal });
    drained.catch(() => {});
    await sleep(10);
    valid = false;
    await world.fire({});
    await expect(drained).rejects.toMatchObject({ code: 'BUSY' });
    expect(world.sent).toEqual([]);
  });

  const failing: ReadonlyArray<keyof Lease> = [
    'fanOut',
    'ready',
    'claim',
    'done',
    'health',
    'release',
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
        wrap: (lease) => ({
          ...lease,
          [method]: (...args: never[]) => {
            calls += 1;
            // fanOut works at first, so that there is something in flight.
            if (method !== 'fanOut' || calls > 1) throw error;
            return (lease[method] as (...all: never[]) => unknown)(...args);
          },
        }),
      });
      await world.fire(...times(3));
      if (method === 'bury') {
        world.script.a = world.script.b = world.script.c = world.script.d = 503;
        await world.drain();
        world.reload(hooksOf({}));
      }
      await expect(world.drain({ until: 'daemon', rescanMs: 5, graceMs: 20 })).rejects.toBe(error);
      expect(world.inFlight()).toBe(0);
      expect(timers()).toBeLessThanOrEqual(0);
    },
  );

  it('drain() stops its intake when a lease method has failed', async () => {
    const error = new Error('EIO');
    let steps = 0;
    const world = draining({
      wrap: (lease) => ({
        ...lease,
        async fanOut(route) {
          steps += 1;
          return { ...(await lease.fanOut(route)), more: steps < 1_000, events: 1 };
        },
        done: () => Promise.reject(error),
      }),
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

describe('drain() and what cannot be read', () => {
  it('drain() counts, journals and tells what was put aside, at intake, in a claim and in a sweep', async () => {
    const entry = { name: 'x.json', reason: 'it is empty' };
    let fanned = false;
    let claimed = false;
    const world = draining({
      wrap: (lease) => ({
        ...lease,
        async fanOut(route) {
          const step = await lease.fanOut(route);
          const corrupt = fanned ? [] : [entry];
          fanned = true;
          return { ...step, corrupt };
        },
        async claim(endpoint, options) {
          if (claimed) return lease.claim(endpoint, options);
          claimed = true;
          return { deliveries: [], corrupt: [entry], unread: [{ name: 'y.json', reason: 'EIO' }] };
        },
      }),
    });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 1, corrupt: 2 });
    expect(world.told('corrupt')).toHaveLength(2);
    expect(world.told('unread')).toHaveLength(1);
    expect(world.journal.filter(({ what }) => what === 'corrupt')).toMatchObject([
      { event: 'x.json', error: 'it is empty' },
      {},
    ]);
  });

  it('drain() notes what a sweep of old deliveries cannot read', async () => {
    const retry = { scheduleMs: [1_000], jitter: 0 };
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }, { a: { retry, giveUpAfterMs: 1_000 } }),
      script: { a: 503 },
      wrap: (lease) => ({
        ...lease,
        async claim(endpoint, options) {
          const claim = await lease.claim(endpoint, options);
          return options.limit === 1 ? claim : { ...claim, corrupt: [{ name: 'z', reason: 'torn' }] };
        },
      }),
    });
    await world.fire(...times(3));
    let corrupt = 0;
    for (let n = 0; n < 8; n += 1) {
      corrupt += (await world.drain()).corrupt;
      world.clock.advance?.(1_000);
    }
    expect(world.buried).toHaveLength(3);
    expect(corrupt).toBe(1);
  });
});

describe('drain() over any history', () => {
  it('drain() never loses nor repeats: accepted = delivered ∪ owed ∪ dead, and each endpoint gets an event once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.constantFrom(204, 503, 400, 410, 429), { minLength: 1, maxLength: 6 }), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.integer({ min: 1, max: 15 }),
        fc.integer({ min: 1, max: 12 }),
        async (answers, count, passes) => {
          const ids = answers.map((_, index) => `e${index}`);
          const nth = new Map<string, number>();
          const got = new Map<string, string[]>(ids.map((id) => [id, []]));
          const script: Record<string, Script> = {};
          for (const [index, list] of answers.entries()) {
            script[ids[index]!] = async ({ event, endpoint }) => {
              await setImmediate();
              const at = nth.get(endpoint.id) ?? 0;
              nth.set(endpoint.id, at + 1);
              const status = list[at % list.length]!;
              if (status === 204) got.get(endpoint.id)!.push(event.id);
              return status;
            };
          }
          const clock = fakeClock();
          const settings = Object.fromEntries(
            ids.map((id) => [
              id,
              { giveUpAfterMs: 3_600_000, retry: { scheduleMs: [5_000, 60_000], jitter: 0.2 } },
            ]),
          );
          const world = draining({ clock, hooks: hooksOf({ complete: ids }, settings), script });
          await world.fire(...times(count));
          for (let pass = 0; pass < passes; pass += 1) {
            await world.drain();
            clock.advance(pass % 3 === 0 ? 72_000 : 3_600_000);
          }
          for (const id of ids) {
            const { waiting = 0, retrying = 0, dead = 0 } = (await world.backlog(id)) ?? {};
            const delivered = got.get(id)!;
            expect(new Set(delivered).size).toBe(delivered.length);
            expect(delivered.length + waiting + retrying + dead).toBe(count);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** How many timers there are beside those that the test began with. */
function timers(): number {
  return allTimers() - ownTimers;
}

function allTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
