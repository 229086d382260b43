import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Script } from '../../support/scripted-sender.js';
import { byEvent, idsSent, sickWorld } from '../../support/sick-world.js';

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
    expect(idsSent(world)).toEqual(['first', 'second', 'third', 'first', 'second']);
    expect(world.sent.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 2, 2]);
  });

  it('drain() probes with the one that failed the longest ago, where all have failed', async () => {
    const world = sickWorld({ concurrency: 1 }, { a: 500 });
    await world.fire({ id: 'first' }, { id: 'second' });
    for (let n = 0; n < 4; n += 1) {
      await world.drain();
      world.clock.advance?.(600_000);
    }
    expect(idsSent(world)).toEqual(['first', 'second', 'first', 'second']);
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
