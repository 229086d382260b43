import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../src/endpoint/endpoint.js';
import type { Health } from '../../../src/endpoint/health.js';
import { CapnhookError } from '../../../src/shared/errors.js';
import { type Draining, draining, hooksOf, type Script, withOwned } from '../../support/draining.js';
import { gate, until } from '../../support/world.js';

const scheduleMs = [1_000, 60_000, 600_000];

function sickWorld(
  settings: Partial<Endpoint> = {},
  script: Record<string, Script> = {},
  flows = false,
): Draining {
  const hooks = hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs, jitter: 0 }, ...settings } });
  return draining({ hooks, script, flows });
}

/** Answers by event id; 204 to all others. */
function byEvent(answers: Record<string, number>): Script {
  return ({ event }) => answers[event.id] ?? 204;
}

const ids = (world: Draining): string[] => world.sent.map(({ event }) => event);
const times = (count: number): object[] => Array.from({ length: count }, () => ({}));

describe('drain() and a sick endpoint', () => {
  it('drain() probes with a delivery other than the one that failed, and tries that one next', async () => {
    const world = sickWorld({ concurrency: 1 }, { a: 500 });
    await world.fire({ id: 'first' }, { id: 'second' }, { id: 'third' });
    await world.drain();
    world.clock.advance?.(1_000);
    await world.drain();
    world.clock.advance?.(60_000);
    world.script.a = 204;
    await world.drain();
    expect(ids(world)).toEqual(['first', 'second', 'third', 'first', 'second']);
    expect(world.sent.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 2, 2]);
  });

  it('drain() probes with the one that failed the longest ago, where all have failed', async () => {
    const world = sickWorld({ concurrency: 1 }, { a: 500 });
    await world.fire({ id: 'first' }, { id: 'second' });
    for (let n = 0; n < 4; n += 1) {
      await world.drain();
      world.clock.advance?.(600_000);
    }
    expect(ids(world)).toEqual(['first', 'second', 'first', 'second']);
  });

  it('drain() sets a poison delivery aside, and the rest flows; it ends dead when its schedule has ended', async () => {
    const world = sickWorld({}, { a: byEvent({ poison: 500 }) });
    await world.fire({ id: 'poison' }, ...times(20));
    expect(await world.drain()).toMatchObject({ delivered: 20, failed: 2, owed: 1 });
    expect(world.told('failed-alone')).toMatchObject([{ event: 'poison', what: '500' }]);
    let gaveUp = 0;
    for (let n = 0; n < 20 && gaveUp === 0; n += 1) {
      world.clock.advance?.(600_000);
      await world.fire({}, {});
      gaveUp = (await world.drain()).gaveUp;
    }
    expect(world.buried).toMatchObject([{ event: 'poison', why: { reason: 'gave-up' } }]);
    expect(world.buried[0]!.why.message).toBe('failed alone 8 times; last answer: 500');
    expect(await world.backlog('a')).toMatchObject({ waiting: 0, retrying: 0, dead: 1 });
  });

  it('drain() lets the concurrency grow from 1 after a recovery', async () => {
    const world = sickWorld({ concurrency: 8 }, { a: 500 });
    await world.fire(...times(100));
    await world.drain();
    world.clock.advance?.(1_000);
    const allowed: number[] = [];
    let inFlight = 0;
    world.script.a = async () => {
      inFlight += 1;
      allowed.push(inFlight);
      await new Promise((resolve) => setTimeout(resolve, 1));
      inFlight -= 1;
      return 204;
    };
    expect(await world.drain()).toMatchObject({ delivered: 100, owed: 0 });
    // The n-th attempt after 1 + 1 + 2 + … + (k − 1) successes may be one of k at once.
    const curve = (sent: number): number => {
      let most = 1;
      for (let succeeded = sent - 1; succeeded > most; most += 1) succeeded -= most;
      return most + 1;
    };
    for (const [index, atOnce] of allowed.entries()) expect(atOnce).toBeLessThanOrEqual(curve(index));
    expect(allowed.slice(0, 2)).toEqual([1, 1]);
    expect(Math.max(...allowed)).toBe(8);
    expect(await world.health('a')).toEqual({});
  });

  it('drain() delivers what lies behind a run of rejections, in the same pass and one at a time', async () => {
    let inFlight = 0;
    const most: number[] = [];
    const world = sickWorld({ concurrency: 4 }, {}, true);
    world.script.a = async ({ event }) => {
      inFlight += 1;
      most.push(inFlight);
      await setImmediate();
      inFlight -= 1;
      return event.id.startsWith('bad') ? 400 : 204;
    };
    await world.fire(...Array.from({ length: 14 }, (_, n) => ({ id: `bad${n}` })), ...times(3));
    expect(await world.drain()).toMatchObject({ delivered: 3, failed: 14, gaveUp: 0, owed: 14 });
    expect(world.told('parked')).toEqual([]);
    expect(await world.backlog('a')).toMatchObject({ waiting: 0, retrying: 14 });
    expect(most.slice(4, 14)).toEqual(Array.from({ length: 10 }, () => 1));
  });

  it('drain() gives up nothing that had no attempt of its own behind rejections, for as long as it takes', async () => {
    const answer: Script = ({ event }) => (event.id.startsWith('bad') ? 422 : 204);
    const world = sickWorld({ giveUpAfterMs: 60_000, concurrency: 1 }, { a: answer }, true);
    await world.fire(...Array.from({ length: 20 }, (_, n) => ({ id: `bad${n}` })), { id: 'good' });
    for (let n = 0; n < 12; n += 1) {
      await world.drain();
      world.clock.advance?.(600_000);
    }
    expect(world.to('a').filter(({ event }) => event === 'good')).toHaveLength(1);
    expect(world.buried).toHaveLength(20);
    expect(world.buried.every(({ why }) => why.attempts >= 8)).toBe(true);
  });

  it('drain() delays the one delivery that is rejected with Retry-After, and the others flow', async () => {
    const asks: Script = ({ event }) =>
      event.id === 'later' ? { kind: 'answer', status: 422, retryAfter: '3600.5' } : 204;
    const world = sickWorld({}, { a: asks });
    await world.fire({ id: 'later' }, ...times(5));
    expect(await world.drain()).toMatchObject({ delivered: 5, owed: 1 });
    expect(world.told('failed-alone')).toMatchObject([{ dueMs: world.clock.now() + 3_600_500 }]);
    world.clock.advance?.(3_600_000);
    expect(await world.drain()).toMatchObject({ failed: 0, owed: 1 });
  });

  it.each([302, 403, 404, 500])('drain() heeds Retry-After with %d', async (status) => {
    const world = sickWorld({}, { a: { kind: 'answer', status, retryAfter: '3600' } });
    await world.fire({});
    await world.drain();
    expect(await world.health('a')).toMatchObject({ parkedUntil: world.clock.now() + 3_600_000 });
  });

  it('drain() tells once of an endpoint that answers 200 and 429 by turns', async () => {
    let count = 0;
    const world = sickWorld(
      { concurrency: 1, onChange: ['tell'] },
      { a: () => (count++ % 2 === 0 ? 204 : 429) },
    );
    await world.fire(...times(10));
    for (let n = 0; n < 12; n += 1) {
      await world.drain();
      world.clock.advance?.(1_000);
    }
    expect(world.to('a').length).toBeGreaterThan(12);
    expect(world.told('parked')).toMatchObject([{ what: '429' }]);
    expect(world.told('well')).toEqual([]);
    world.script.a = 204;
    world.clock.advance?.(600_000);
    await world.fire({});
    await world.drain();
    expect(world.told('well')).toHaveLength(1);
    expect(world.ran).toHaveLength(2);
  });

  it('drain() gives up at once what the receiver wants never again, and the endpoint stays well', async () => {
    const refuse: Script = ({ event }) =>
      event.id === 'bad' ? { kind: 'answer', status: 500, delivery: 'abort-message' } : 204;
    const world = sickWorld({}, { a: refuse });
    await world.fire({ id: 'bad' }, {}, {});
    expect(await world.drain()).toMatchObject({ delivered: 2, failed: 1, gaveUp: 1, owed: 0 });
    expect(world.buried).toMatchObject([{ event: 'bad', why: { reason: 'refused', attempts: 1 } }]);
    expect(await world.health('a')).toEqual({});
    expect(world.journal.filter(({ event }) => event === 'bad').map(({ what }) => what)).toEqual([
      'refused',
      'refused',
    ]);
  });

  it.each([204, 500])(
    'drain() pauses an endpoint that answers %d with webhook-delivery: disable, and keeps its files',
    async (status) => {
      const world = sickWorld({ concurrency: 1 }, { a: { kind: 'answer', status, delivery: 'disable' } });
      await world.fire({}, {}, {});
      const delivered = status === 204 ? 1 : 0;
      expect(await world.drain()).toMatchObject({ delivered, owed: 3 - delivered });
      expect(world.told('paused')).toHaveLength(1);
      world.clock.advance?.(600_000);
      expect(await world.drain()).toMatchObject({ delivered: 0, failed: 0, owed: 3 - delivered });
    },
  );

  it('drain() does not give up when the clock jumps by ten years', async () => {
    const world = sickWorld({ giveUpAfterMs: 3 * 86_400_000 }, { a: 503 });
    await world.fire(...times(50));
    for (let n = 0; n < 7; n += 1) {
      await world.drain();
      world.clock.advance?.(600_000);
    }
    world.clock.jump?.(10 * 365 * 86_400_000);
    for (let n = 0; n < 7; n += 1) {
      expect(await world.drain()).toMatchObject({ gaveUp: 0, owed: 50 });
      world.clock.advance?.(600_000);
    }
  });

  it('drain() tries on after the clock was set back, without waiting for it to come again', async () => {
    const world = sickWorld({}, { a: 503 });
    await world.fire({});
    await world.drain();
    world.clock.jump?.(-86_400_000);
    world.clock.advance?.(1_000);
    world.script.a = 204;
    expect(await world.drain()).toMatchObject({ delivered: 1, owed: 0 });
  });
});

describe('drain() in strict order', () => {
  const strict = { order: 'strict', concurrency: 1 } as const;

  it('drain() gives up the head alone when that is rejected for too long, and tries the next one soon', async () => {
    const world = sickWorld(
      { ...strict, giveUpAfterMs: 3_600_000 },
      { a: byEvent({ bad1: 400, bad2: 400 }) },
    );
    await world.fire({ id: 'bad1' }, { id: 'bad2' }, { id: 'good' });
    for (let n = 0; world.buried.length === 0 && n < 20; n += 1) {
      await world.drain();
      world.clock.advance?.(600_000);
    }
    expect(world.buried.map(({ event }) => event)).toEqual(['bad1']);
    expect(await world.backlog('a')).toMatchObject({ waiting: 2 });
    await world.drain();
    world.clock.advance?.(1_000);
    expect(await world.drain()).toMatchObject({ delivered: 1, owed: 0 });
    expect(world.buried).toMatchObject([{ event: 'bad1' }, { event: 'bad2', why: { attempts: 1 } }]);
  });

  it('drain() sends one at a time, waits for the head, and keeps the order', async () => {
    const world = sickWorld(strict, { a: 500 });
    const fired = await world.fire(...times(5));
    await world.drain();
    world.clock.advance?.(1_000);
    world.script.a = 400;
    await world.drain();
    world.clock.advance?.(600_000);
    world.script.a = 204;
    await world.drain();
    const order = fired.map(({ id }) => id);
    expect(ids(world)).toEqual([order[0], order[0], ...order]);
    expect(world.most('a')).toBe(1);
  });

  it('drain() goes on without the one that fails alone, with onFailure: skip', async () => {
    const world = sickWorld({ ...strict, onFailure: 'skip' }, { a: byEvent({ bad: 400 }) });
    await world.fire({ id: 'one' }, { id: 'bad' }, { id: 'two' });
    expect(await world.drain()).toMatchObject({ delivered: 2, failed: 1, owed: 1 });
    expect(ids(world)).toEqual(['one', 'bad', 'two']);
    expect(await world.backlog('a')).toMatchObject({ waiting: 0, retrying: 1 });
  });
});

describe('drain() and the rate of an endpoint', () => {
  it('drain() sends no more than the rate in one pass, and the next pass goes on', async () => {
    const world = sickWorld({ rate: { count: 10, perMs: 60_000 } });
    await world.fire(...times(25));
    const delivered: number[] = [];
    for (let minute = 0; minute < 4; minute += 1) {
      delivered.push((await world.drain()).delivered);
      world.clock.advance?.(62_000);
    }
    expect(delivered).toEqual([10, 10, 5, 0]);
  });

  it('drain() that stays waits for the rate, and others do not', async () => {
    const rate = { count: 5, perMs: 1_000 };
    const world = draining({ hooks: hooksOf({ complete: ['a', 'b'] }, { a: { rate } }) });
    await world.fire(...times(8));
    const stop = new AbortController();
    const ended = world.drain({ until: 'daemon', rescanMs: 5, stop: stop.signal });
    while (world.to('b').length < 8 || world.to('a').length < 5) await new Promise((go) => setTimeout(go, 5));
    await new Promise((go) => setTimeout(go, 50));
    expect(world.to('a')).toHaveLength(5);
    world.clock.advance?.(1_100);
    while (world.to('a').length < 8) await new Promise((go) => setTimeout(go, 5));
    stop.abort();
    expect(await ended).toMatchObject({ delivered: 16 });
  });
});

describe('drain() and many endpoints', () => {
  it('drain() goes round robin: nobody waits for the backlog of another', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const world = draining({ hooks: { ...hooksOf({ complete: names, big: ['a'] }), maxInFlight: 1 } });
    await world.fire(...Array.from({ length: 50 }, () => ({ hook: 'big' })), ...times(3));
    await world.drain();
    const order = world.sent.map(({ endpoint }) => endpoint);
    for (const name of names) expect(order.indexOf(name)).toBeLessThan(8);
    expect(order.lastIndexOf('d')).toBeLessThan(14);
    for (const name of names) expect(world.most(name)).toBe(1);
  });

  it('drain() has as many of an endpoint in flight as the hooks file says for all', async () => {
    const slow: Script = () => new Promise((resolve) => setTimeout(resolve, 2, 204));
    const hooks = { ...hooksOf({ complete: ['a'] }, { a: { concurrency: 30 } }), maxInFlight: 7 };
    const world = draining({ hooks, script: { a: slow } });
    await world.fire(...times(60));
    expect(await world.drain()).toMatchObject({ delivered: 60 });
    expect(world.most()).toBe(7);
  });

  it('drain() starts the first attempt of an endpoint although others have taken all places', async () => {
    const { passed, open } = gate();
    const hanging = Array.from({ length: 30 }, (_, n) => `e${n}`);
    const script = Object.fromEntries(hanging.map((name) => [name, () => passed.then(() => 204)]));
    const hooks = { ...hooksOf({ bad: hanging, good: ['healthy'] }), maxInFlight: 8 };
    const world = draining({ hooks, script });
    await world.fire(...times(4).map(() => ({ hook: 'bad' })), { hook: 'good' });
    const drained = world.drain();
    await until('the healthy one has its event', () => world.to('healthy').length === 1);
    expect(world.inFlight()).toBeGreaterThanOrEqual(30);
    open();
    expect(await drained).toMatchObject({ delivered: 121, owed: 0 });
  });

  it('drain() acquires an endpoint a few times, however many deliveries it has', async () => {
    let acquired = 0;
    const names = Array.from({ length: 20 }, (_, n) => `e${n}`);
    const world = draining({
      hooks: hooksOf({ complete: names }),
      wrap: (side) => ({
        ...side,
        queues: {
          ...side.queues,
          async acquire(options) {
            const found = await side.queues.acquire(options);
            acquired += found.length;
            return found;
          },
        },
      }),
    });
    await world.fire(...times(100));
    expect(await world.drain()).toMatchObject({ delivered: 2_000 });
    expect(acquired).toBeLessThan(20 * 4);
  });
});

describe('drain() and changes of an endpoint', () => {
  const change = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

  it('drain() tells a command of each change once: what, since when, and how much is owed', async () => {
    const world = sickWorld({ onChange: ['tell', 'ops'] }, { a: 503 });
    await world.fire({}, {});
    const since = new Date(world.clock.now()).toISOString();
    await world.drain();
    world.clock.advance?.(1_000);
    await world.drain();
    world.clock.advance?.(60_000);
    world.script.a = 204;
    await world.drain();
    expect(world.ran.map(({ command }) => command)).toEqual([
      ['tell', 'ops'],
      ['tell', 'ops'],
    ]);
    expect(world.ran.every(({ input }) => input.endsWith('}\n'))).toBe(true);
    expect(world.ran.map(({ input }) => change(input))).toEqual([
      { endpoint: 'a', from: 'well', to: 'parked', since, owed: 2 },
      { endpoint: 'a', from: 'parked', to: 'well', since, owed: 0 },
    ]);
    expect(world.told('parked')).toHaveLength(1);
    expect(world.told('well')).toHaveLength(1);
  });

  it('drain() tells of what was given up', async () => {
    const world = sickWorld(
      { onChange: ['tell'] },
      { a: { kind: 'answer', status: 500, delivery: 'abort-message' } },
    );
    await world.fire({}, {});
    await world.drain();
    expect(world.ran.map(({ input }) => change(input))).toMatchObject([
      { endpoint: 'a', from: 'well', to: 'well', owed: 0, gaveUp: 2 },
    ]);
  });

  it('drain() says so when the command fails, and goes on', async () => {
    const hooks = hooksOf({ complete: ['a'] }, { a: { onChange: ['tell'] } });
    const world = draining({ hooks, script: { a: 503 }, ran: () => 'the command exited with 3' });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ failed: 1, owed: 1 });
    expect(world.told('alert-failed')).toEqual([
      { kind: 'alert-failed', via: 'onChange', endpoint: 'a', reason: 'the command exited with 3' },
    ]);
  });

  it('drain() fires the hook that is named in alert, and delivers it in the same pass', async () => {
    const hooks = { ...hooksOf({ complete: ['a'], trouble: ['ops'] }), alert: 'trouble' };
    const world = draining({ hooks, script: { a: 503 } });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ delivered: 1, failed: 1, owed: 1 });
    const [told] = world.to('ops');
    expect(change(told!.payload)).toMatchObject({ endpoint: 'a', from: 'well', to: 'parked', owed: 1 });
  });

  it('drain() says so when the hook that is named in alert cannot be fired, and goes on', async () => {
    const hooks = { ...hooksOf({ complete: ['a', 'b'], trouble: ['ops'] }), alert: 'trouble' };
    const fire = async (): Promise<void> => {
      throw new CapnhookError('TEMPORARY', 'Cannot fire: the spool is full');
    };
    const world = draining({ hooks, script: { a: 503 }, notifier: { fire } });
    await world.fire({}, {});
    expect(await world.drain()).toMatchObject({ delivered: 2, owed: 2 });
    expect(world.told('alert-failed')).toEqual([
      { kind: 'alert-failed', via: 'alert', endpoint: 'a', reason: 'Cannot fire: the spool is full' },
    ]);
  });

  it('drain() goes on where the spool cannot tell how much is owed just now', async () => {
    const asked: string[] = [];
    const world = draining({
      hooks: hooksOf({ complete: ['a', 'b'] }, { a: { onChange: ['tell'] } }),
      script: { a: 503 },
      wrap: (side) => ({
        ...side,
        byId: {
          ...side.byId,
          async owed(endpoint) {
            asked.push(endpoint);
            if (asked.length === 1) throw new CapnhookError('TEMPORARY', 'Cannot list the queue: EMFILE');
            return side.byId.owed(endpoint);
          },
        },
      }),
    });
    await world.fire({}, {});
    expect(await world.drain()).toMatchObject({ delivered: 2, owed: 2 });
    expect(world.told('alert-failed')).toMatchObject([{ endpoint: 'a' }]);
    expect(asked).toEqual(['a', 'a']); // once more for the summary
  });

  it('drain() that tells of a change lets a bug through', async () => {
    const hooks = { ...hooksOf({ complete: ['a'], trouble: ['ops'] }), alert: 'trouble' };
    const fire = async (): Promise<void> => {
      throw new TypeError('a bug');
    };
    const world = draining({ hooks, script: { a: 503 }, notifier: { fire } });
    await world.fire({});
    await expect(world.drain()).rejects.toThrow('a bug');
  });

  it('drain() never tells an endpoint of itself', async () => {
    const hooks = { ...hooksOf({ complete: ['ops'], trouble: ['ops'] }), alert: 'trouble' };
    const world = draining({ hooks, script: { ops: 503 } });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ failed: 1, owed: 1, waiting: 0 });
    expect(world.told('parked')).toHaveLength(1);
  });

  it('drain() ends where all who are told of changes refuse that', async () => {
    const hooks = { ...hooksOf({ complete: ['a'], trouble: ['x', 'y'] }), alert: 'trouble' };
    const world = draining({ hooks, script: { a: 503, x: 400, y: 503 } });
    await world.fire({});
    expect(await world.drain()).toMatchObject({ waiting: 0 });
    for (const endpoint of ['x', 'y']) expect(world.to(endpoint)).toHaveLength(1); // of `a`, and not of each other
  });

  it('drain() tells nobody where nobody is to be told, and asks nothing of the spool for it', async () => {
    let asked = 0;
    const world = draining({
      script: { a: 503 },
      wrap: (side) => ({
        ...side,
        byId: {
          ...side.byId,
          owed(endpoint) {
            asked += 1;
            return side.byId.owed(endpoint);
          },
        },
      }),
    });
    await world.fire({});
    await world.drain();
    expect(asked).toBe(1); // for the summary
  });
});

describe('drain() from one pass to the next', () => {
  it('drain() that lost the health of an endpoint loses its back-off and nothing else', async () => {
    const saved: Health[] = [];
    const world = draining({
      hooks: hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs, jitter: 0 } } }),
      script: { a: 503 },
      wrap: (side) => {
        const health = () => ({});
        const withoutHealth = { ...side, byId: { ...side.byId, health } };
        return withOwned(withoutHealth, () => ({
          health,
          saveHealth: async (each) => void saved.push(each),
        }));
      },
    });
    await world.fire({}, {});
    await world.drain();
    expect(saved.length).toBeGreaterThan(0);
    world.script.a = 204;
    expect(await world.drain()).toMatchObject({ delivered: 2, owed: 0 });
  });
});

describe('drain() and what it keeps', () => {
  it('drain() buries nothing of an endpoint that has just said it is gone', async () => {
    const world = sickWorld({ giveUpAfterMs: 1_000 }, { a: 503 });
    await world.fire({}, {}, {});
    for (let n = 0; n < 7; n += 1) {
      await world.drain();
      world.clock.advance?.(600_000);
    }
    world.script.a = 410;
    expect(await world.drain()).toMatchObject({ gaveUp: 0, owed: 3 });
    expect(world.told('paused')).toHaveLength(1);
  });

  it('drain() saves a change at once that it tells of, and what is no change later', async () => {
    const saved: Array<boolean | undefined> = [];
    const hooks = hooksOf({ complete: ['a'] }, { a: { retry: { scheduleMs, jitter: 0 } } });
    const world = draining({
      hooks,
      script: { a: 503 },
      wrap: (side) =>
        withOwned(side, ({ saveHealth }) => ({
          saveHealth(health, options) {
            saved.push(options?.isImmediate);
            return saveHealth(health, options);
          },
        })),
    });
    await world.fire({});
    await world.drain();
    world.clock.advance?.(1_000);
    await world.drain();
    world.clock.advance?.(60_000);
    world.script.a = 204;
    await world.drain();
    expect(saved).toEqual([true, false, true]);
  });
});
