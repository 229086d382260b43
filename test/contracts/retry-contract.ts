/** What every spool must do when it is asked to send now what waits, whatever stands behind it. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/event/event.js';
import type { Selection } from '../../src/spool/selection.js';
import type { Delivery, DrainSide, RetriedEntry, Spool } from '../../src/spool/spool.js';
import { event } from '../support/builders.js';
import { own } from '../support/own.js';
import { claimAll, fanOut, farFuture, ids } from '../support/spool-kit.js';

const why = {
  reason: 'gave-up',
  message: 'it failed for too long',
  attempts: 9,
  time: '2026-11-23T12:00:00.000Z',
};
const flushed = { reason: 'flushed', message: 'it was flushed', time: '2026-11-23T12:00:00.000Z' };

async function sideOf(spool: Spool): Promise<DrainSide> {
  const result = await spool.join('pass');
  if (!result.joined) throw new Error('the spool is held');
  return result.side;
}

/** All that is retried, the steps together. */
async function retryAll(side: DrainSide, select: Selection) {
  const request = { select };
  const entries: RetriedEntry[] = [];
  const endpoints = new Set<string>();
  for (let isDone = false; !isDone; ) {
    const step = await side.retry(request);
    entries.push(...step.entries);
    for (const endpoint of step.endpoints) endpoints.add(endpoint);
    isDone = step.isDone;
  }
  const moved = entries.map(({ event: id, from, endpoint }) => `${from} ${endpoint ?? '-'} ${id}`);
  return { moved: moved.sort(), endpoints: [...endpoints].sort() };
}

async function claimOne(side: DrainSide, endpoint: string, id: string): Promise<Delivery> {
  const claimed = await claimAll(side, endpoint);
  const wanted = claimed.find((each) => each.event.id === id);
  for (const each of claimed) if (each !== wanted) await own.giveBack(side, each);
  if (wanted === undefined) throw new Error(`${id} cannot be claimed`);
  return wanted;
}

/** A spool with a delivery for `a` in each state, one for `b` that waits, and two events without an endpoint. */
async function filled(spool: Spool) {
  const side = await sideOf(spool);
  const events: Record<string, Event> = {
    queued: event({ hook: 'build.failed' }),
    deferred: event(),
    dead: event(),
    unclaimed: event({ hook: 'lost' }),
    other: event(),
    dropped: event({ hook: 'dropped' }),
  };
  const { dropped, ...first } = events as Record<
    'queued' | 'deferred' | 'dead' | 'unclaimed' | 'other' | 'dropped',
    Event
  >;
  for (const each of Object.values(first)) await spool.enqueue(each);
  const route = ({ id }: { id: string }) =>
    id === first.unclaimed.id ? [] : id === first.other.id ? ['b'] : ['a'];
  while ((await fanOut(side, route)).more);
  await own.bury(side, await claimOne(side, 'a', first.dead.id), why);
  await own.defer(side, await claimOne(side, 'a', first.deferred.id), { dueMs: farFuture, attempts: 2 });
  await spool.enqueue(dropped);
  const request = { select: { hook: 'dropped' }, incoming: true, why: flushed };
  while (!(await side.discard(request)).isDone);
  return { side, ...first, dropped };
}

export function describeRetry(name: string, open: () => Spool): void {
  describe(`retry() of ${name}`, () => {
    it('retry() of everything lets all that waits be sent now, each once', async () => {
      const spool = open();
      const { side, queued, deferred, dead, unclaimed, other, dropped } = await filled(spool);
      expect(ids(await claimAll(side, 'a')).length).toBe(1);
      await side.close();
      const again = await sideOf(spool);
      expect(await retryAll(again, {})).toEqual({
        moved: [
          `dead - ${dropped.id}`,
          `dead a ${dead.id}`,
          `retry a ${deferred.id}`,
          `unclaimed - ${unclaimed.id}`,
        ],
        endpoints: ['a', 'b'],
      });
      while ((await fanOut(again, () => ['a'])).more);
      const all = [queued, deferred, dead, unclaimed, dropped].map(({ id }) => id);
      const claimed = await claimAll(again, 'a', Date.now());
      expect(ids(claimed).sort()).toEqual(all.sort());
      expect(ids(await claimAll(again, 'b'))).toEqual([other.id]);
      for await (const { dead: left } of spool.backlog('a')) expect(left).toBe(0);
      for (const each of claimed) await own.done(again, each);
      expect(await retryAll(again, { endpoints: ['a'], reasons: ['gave-up'] })).toEqual({
        moved: [],
        endpoints: [],
      });
      await again.close();
    });

    it('retry() gives a dead delivery its attempts again, and a deferred one keeps them', async () => {
      const { side, deferred, dead } = await filled(open());
      await retryAll(side, { endpoints: ['a'] });
      const claimed = await claimAll(side, 'a', Date.now());
      const attempts = (id: string) => claimed.find((each) => each.event.id === id)?.attempts;
      expect([attempts(deferred.id), attempts(dead.id)]).toEqual([2, 0]);
      await own.bury(side, claimed.find((each) => each.event.id === dead.id)!, why);
      await side.close();
    });

    it.each<
      [what: string, select: (ids: Record<string, string>) => Selection, moved: string[], endpoints: string[]]
    >([
      ['an endpoint', () => ({ endpoints: ['b'] }), [], ['b']],
      ['the dead', () => ({ states: ['dead'] }), ['dead - dropped', 'dead a dead'], ['a']],
      ['what was given up', () => ({ reasons: ['gave-up'] }), ['dead a dead'], ['a']],
      ['what was flushed', () => ({ reasons: ['flushed'] }), ['dead - dropped'], []],
      ['the unclaimed', () => ({ states: ['unclaimed'] }), ['unclaimed - unclaimed'], []],
      ['a hook', () => ({ hook: 'build.*' }), [], ['a']],
      ['a hook of unclaimed events', () => ({ hook: 'lost' }), ['unclaimed - unclaimed'], []],
      ['ids', ({ dead, other }) => ({ ids: [dead!, other!] }), ['dead a dead'], ['a', 'b']],
      ['a time', () => ({ since: Date.now() + 3_600_000 }), [], []],
    ])('retry() of %s retries nothing else', async (_, select, moved, endpoints) => {
      const { side, ...events } = await filled(open());
      const byName = Object.fromEntries(Object.entries(events).map(([key, { id }]) => [key, id]));
      const named = (text: string) =>
        Object.entries(byName).reduce((all, [key, id]) => all.replace(id, key), text);
      const retried = await retryAll(side, select(byName));
      expect(retried.moved.map(named)).toEqual(moved);
      expect(retried.endpoints).toEqual(endpoints);
      await side.close();
    });

    it('retry() leaves what is claimed, and its endpoint is one to try', async () => {
      const { side, deferred } = await filled(open());
      const claimed = await own.claim(side, 'a', { limit: 9, now: farFuture });
      expect(ids(claimed.deliveries)).toContain(deferred.id);
      expect(await retryAll(side, { endpoints: ['a'], states: ['retry'] })).toEqual({
        moved: [],
        endpoints: ['a'],
      });
      for (const each of claimed.deliveries) await own.done(side, each);
      await side.close();
    });

    it('retry() moves a batch that nobody was registered for back whole', async () => {
      const spool = open();
      const side = await sideOf(spool);
      const { payload: _, ...header } = event();
      await spool.enqueue({ ...header, payloads: ['1', '2'].map((each) => Buffer.from(each)) });
      while ((await fanOut(side, () => [])).more);
      const { entries } = await side.retry({ select: { ids: [header.id] } });
      expect(entries).toMatchObject([{ event: header.id, events: 2, from: 'unclaimed' }]);
      while ((await fanOut(side, () => ['a'])).more);
      expect(ids(await claimAll(side, 'a'))).toEqual([`${header.id}_1`, `${header.id}_2`]);
      await side.close();
    });
  });
}
