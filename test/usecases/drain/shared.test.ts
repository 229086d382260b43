/** Several drains that share a spool. */
import { describe, expect, it } from 'vitest';
import { createMemorySpool } from '../../../src/spool/memory/memory-spool.js';
import { type Draining, draining, hooksOf } from '../../support/draining.js';
import { fakeClock } from '../../support/fake-clock.js';
import type { Script } from '../../support/scripted-sender.js';
import { fanOutAll, sideOf } from '../../support/spool-kit.js';
import { until } from '../../support/world.js';

const leaseMs = 30_000;

function twoDrains(hooks: ReturnType<typeof hooksOf>, script: Record<string, Script> = {}) {
  const clock = fakeClock();
  const spool = createMemorySpool({ now: clock.now, shared: { leaseMs } });
  const world = (answers: Record<string, Script>): Draining =>
    draining({ clock, spool, hooks, script: answers });
  return { clock, spool, one: world(script), other: world({}) };
}

describe('drain() beside another one', () => {
  it('drain() sends to endpoints that the other does not own, and each event arrives once', async () => {
    const names = Array.from({ length: 40 }, (_, n) => `e${n}`);
    const { spool, one, other } = twoDrains(hooksOf({ complete: names }));
    const fired = await one.fire(...Array.from({ length: 5 }, () => ({})));
    const placing = await sideOf(spool);
    await fanOutAll(placing, () => names);
    await placing.close();
    await Promise.all([one.drain(), other.drain()]);
    const sent = [...one.sent, ...other.sent].map(({ endpoint, event }) => `${endpoint} ${event}`);
    const expected = names.flatMap((name) => fired.map(({ id }) => `${name} ${id}`));
    expect(sent.sort()).toEqual(expected.sort());
  });

  it.each([
    [503, 'its failure counts for nothing'],
    [204, 'what was delivered is not sent again'],
  ])('drain() that loses an endpoint in mid-flight, to be answered %d: %s', async (status) => {
    let answer = (_status: number) => {};
    const answered = new Promise<number>((resolve) => (answer = resolve));
    const { clock, spool, one, other } = twoDrains(hooksOf({ complete: ['a'] }), { a: () => answered });
    await one.fire({});
    const slow = one.drain();
    await until('the attempt is in flight', () => one.inFlight() === 1);
    clock.advance(leaseMs);
    if (status === 503) expect(await other.drain()).toMatchObject({ delivered: 1, owed: 0 });
    else await takeOver();
    answer(status);
    expect(await slow).toMatchObject({ delivered: status === 204 ? 1 : 0, failed: 0, owed: 0 });
    expect(await one.health('a')).toEqual({});
    expect(one.told('parked')).toEqual([]);

    /** Another drain takes the endpoint over, and has claimed nothing yet. */
    async function takeOver(): Promise<void> {
      const { queues } = await sideOf(spool);
      expect(await queues.acquire({ limit: 1, now: clock.now() })).toHaveLength(1);
    }
  });
});
