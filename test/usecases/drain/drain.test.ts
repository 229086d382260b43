import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draining, hooksOf, withOwned } from '../../support/draining.js';
import { fakeClock } from '../../support/fake-clock.js';
import type { Script } from '../../support/scripted-sender.js';
import { noUnhandledRejections } from '../../support/unhandled.js';
import { gate, until } from '../../support/world.js';

noUnhandledRejections();

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
      unclaimed: 0,
      corrupt: 0,
      owed: 0,
      onHold: 0,
      waiting: 0,
      misconfigured: 0,
      queues: [],
      moreQueues: 0,
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
    expect(await world.drain()).toMatchObject({ delivered: 0, unclaimed: 1, owed: 0, waiting: 0 });
    expect(world.journal).toMatchObject([{ what: 'unclaimed', event: fired!.id, hook: 'nobody' }]);
    expect(world.told('set-apart')).toMatchObject([{ event: fired!.id, hook: 'nobody' }]);
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

describe('drain() and its limits', () => {
  it("drain() never exceeds an endpoint's concurrency, nor maxInFlight by more than it says, and is done with all", async () => {
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
          // Beyond it: the first attempts of endpoints, and a quarter of it that slow ones leave to quick ones.
          expect(world.most()).toBeLessThanOrEqual(Math.ceil(1.25 * maxInFlight) + endpoints.length);
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
      wrap: (side) =>
        withOwned(side, ({ claim }) => ({
          claim(options) {
            claims += 1;
            return claim(options);
          },
        })),
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
          const world = draining({ clock, hooks: hooksOf({ complete: ids }, settings), script, flows: true });
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
