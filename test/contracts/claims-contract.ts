/** How deliveries are claimed and finished, on every spool. */
import { describe, expect, it } from 'vitest';
import { batchMemberId } from '../../src/event/event-id.js';
import { event } from '../support/builders.js';
import { own } from '../support/own.js';
import { fanOut } from '../support/spool-kit.js';

import { claimAll, contractKit, ids, type SpoolUnderTest } from './contract-kit.js';

export function describeClaims(name: string, open: () => SpoolUnderTest): void {
  const { opened, fannedOut } = contractKit(open);

  describe(`${name}: claims`, () => {
    it('the intake makes one delivery for each endpoint, and claim() keeps them apart', async () => {
      const fired = event();
      const { side } = await fannedOut([fired], ['a', 'b']);
      expect(await own.acquire(side)).toEqual(['a', 'b']);
      expect(ids(await claimAll(side, 'a'))).toEqual([fired.id]);
      expect(ids(await claimAll(side, 'b'))).toEqual([fired.id]);
      await side.close();
    });

    it('hold() keeps a delivery from being claimed until resume(), and it is owed all the while', async () => {
      const fired = [event(), event(), event()];
      const { side } = await fannedOut(fired, ['a', 'b']);
      const [first, second, third] = await claimAll(side, 'a');
      await own.hold(side, first!);
      await own.hold(side, third!);
      expect(side.byId.onHold('a')).toBe(2);
      expect(side.byId.onHold('b')).toBe(0);
      expect(await claimAll(side, 'a')).toEqual([]);
      await own.done(side, second!);
      expect(await own.acquire(side)).toEqual(['b']);
      expect([...side.byId.owing()].sort()).toEqual(['a', 'b']);
      expect(await side.byId.owed('a')).toBe(2);
      side.byId.resume('b');
      expect(side.byId.onHold('a')).toBe(2);
      side.byId.resume();
      expect(side.byId.onHold('a')).toBe(0);
      expect(ids(await claimAll(side, 'a'))).toEqual([fired[0]!.id, fired[2]!.id]);
      await side.close();
    });

    it('hold() keeps a retry and events of a batch, too, and what comes behind them can be claimed', async () => {
      const { spool, side, step } = await fannedOut([event()], ['a']);
      expect(step.events).toBe(1);
      const [retry] = await claimAll(side, 'a');
      await own.defer(side, retry!, { dueMs: 5, attempts: 1 });
      const { payload: _, ...header } = event();
      await spool.enqueue({ ...header, payloads: [Buffer.from('1'), Buffer.from('2')] });
      const last = event();
      await spool.enqueue(last);
      while ((await fanOut(side, () => ['a'])).more);
      const claimed = await claimAll(side, 'a', 10);
      expect(claimed).toHaveLength(4);
      for (const delivery of claimed) if (delivery.event.id !== last.id) await own.hold(side, delivery);
      await own.done(side, claimed.find(({ event: { id } }) => id === last.id)!);
      expect(side.byId.onHold('a')).toBe(3);
      expect(await side.byId.owed('a')).toBe(3);
      expect(await claimAll(side, 'a', 10)).toEqual([]);
      expect(side.byId.nextDue('a')).toBeUndefined();
      side.byId.resume('a');
      expect(ids(await claimAll(side, 'a', 10)).sort()).toEqual(
        [retry!.event.id, batchMemberId(header.id, 1), batchMemberId(header.id, 2)].sort(),
      );
      await side.close();
    });

    it('claim() hands out in order, each delivery once, at most `limit`', async () => {
      const fired = [event(), event(), event()];
      const { side } = await fannedOut(fired, ['a']);
      const first = await own.claim(side, 'a', { limit: 2, now: 0 });
      expect(ids(first.deliveries)).toEqual([fired[0]!.id, fired[1]!.id]);
      expect(ids(await claimAll(side, 'a'))).toEqual([fired[2]!.id]);
      expect(await claimAll(side, 'a')).toEqual([]);
      expect(await own.acquire(side)).toEqual([]);
      expect(side.byId.owing()).toEqual(['a']);
      await side.close();
    });

    it('claim() of an endpoint that is owed nothing hands out nothing', async () => {
      const { side } = await opened();
      expect(await claimAll(side, 'nobody')).toEqual([]);
      await side.close();
    });

    it('giveBack() gives a delivery back to its old place', async () => {
      const fired = [event(), event(), event()];
      const { side } = await fannedOut(fired, ['a']);
      const [first, second] = await claimAll(side, 'a');
      await own.giveBack(side, second!);
      await own.giveBack(side, first!);
      expect(await own.acquire(side)).toEqual(['a']);
      expect(ids(await claimAll(side, 'a'))).toEqual([fired[0]!.id, fired[1]!.id]);
      await side.close();
    });

    it('done() ends a delivery, and a delivery is settled once', async () => {
      const { side } = await fannedOut([event()], ['a']);
      const [delivery] = await claimAll(side, 'a');
      await own.done(side, delivery!);
      expect(side.byId.owing()).toEqual([]);
      expect(await side.byId.owed('a')).toBe(0);
      await expect(own.done(side, delivery!)).rejects.toThrow('settled once');
      await side.close();
    });

    it('defer() keeps a delivery back until it is due, then hands it out first with its attempts', async () => {
      const fired = [event(), event()];
      const { side } = await fannedOut(fired, ['a']);
      const { deliveries } = await own.claim(side, 'a', { limit: 1, now: 0 });
      await own.defer(side, deliveries[0]!, { dueMs: 5000, attempts: 2 });
      expect(side.byId.nextDue('a')).toBe(5000);
      expect(ids((await own.claim(side, 'a', { limit: 1, now: 4999 })).deliveries)).toEqual([fired[1]!.id]);
      expect((await own.claim(side, 'a', { limit: 1, now: 4999 })).deliveries).toEqual([]);
      expect(await own.acquire(side, 4999)).toEqual([]);
      expect(await own.acquire(side, 5000)).toEqual(['a']);
      const [retry] = await claimAll(side, 'a', 5000);
      expect(retry).toMatchObject({ attempts: 2, event: { id: fired[0]!.id } });
      expect(side.byId.nextDue('a')).toBeUndefined();
      await side.close();
    });

    it('claim() takes a retry for due that is later than `latest`, after those that are due', async () => {
      const fired = [event(), event(), event(), event()];
      const { side } = await fannedOut(fired, ['a']);
      const claimed = await claimAll(side, 'a');
      for (const [n, dueMs] of [9000, 5000, 8000, 1000].entries())
        await own.defer(side, claimed[n]!, { dueMs, attempts: 1 });
      expect((await own.claim(side, 'a', { limit: 9, now: 0, latest: 9000 })).deliveries).toEqual([]);
      const [latest, ...others] = (await own.claim(side, 'a', { limit: 9, now: 0, latest: 8999 })).deliveries;
      expect([latest!.event.id, others]).toEqual([fired[0]!.id, []]);
      await own.giveBack(side, latest!);
      const { deliveries } = await own.claim(side, 'a', { limit: 9, now: 1000, latest: 7999 });
      expect(ids(deliveries)).toEqual([fired[3]!.id, fired[2]!.id, fired[0]!.id]);
      expect(side.byId.nextDue('a')).toBe(5000);
      await side.close();
    });

    it('claim() with `probe` hands out others first, then what failed the longest ago, wherever it waits', async () => {
      const fired = [event(), event(), event(), event(), event()];
      const { side } = await fannedOut(fired, ['a']);
      const [first, second, ...others] = await claimAll(side, 'a');
      for (const delivery of others) await own.giveBack(side, delivery);
      await own.defer(side, first!, { dueMs: 10, attempts: 1 });
      await own.defer(side, second!, { dueMs: 20, attempts: 1 });
      const [due, failedDue, failed, other, failedLast] = fired.map(({ id }) => id);
      const probe = [failed!, 'evt_elsewhere', failedDue!, failedLast!];
      expect(await own.acquire(side, 5)).toEqual(['a']);
      for (const next of [other, due, failed, failedDue, failedLast]) {
        const { deliveries } = await own.claim(side, 'a', { limit: 1, now: 20, probe });
        expect(ids(deliveries)).toEqual([next]);
      }
      expect((await own.claim(side, 'a', { limit: 1, now: 20, probe })).deliveries).toEqual([]);
      await side.close();
    });

    it('claim() with `probe` leaves what it passes over at its place', async () => {
      const fired = [event(), event(), event(), event()];
      const all = fired.map(({ id }) => id);
      const { side } = await fannedOut(fired, ['a']);
      const { deliveries } = await own.claim(side, 'a', { limit: 1, now: 0, probe: all.slice(0, 2) });
      expect(ids(deliveries)).toEqual([all[2]]);
      await own.giveBack(side, deliveries[0]!);
      expect(ids(await claimAll(side, 'a'))).toEqual(all);
      await side.close();
    });

    it('claim() with `probe` hands out no retry before its time, failed or not', async () => {
      const { side } = await fannedOut([event(), event()], ['a']);
      const claimed = await claimAll(side, 'a');
      for (const delivery of claimed) await own.defer(side, delivery, { dueMs: 10, attempts: 1 });
      const probe = [claimed[0]!.event.id];
      expect((await own.claim(side, 'a', { limit: 9, now: 9, probe })).deliveries).toEqual([]);
      expect(ids((await own.claim(side, 'a', { limit: 9, now: 10, probe })).deliveries)).toEqual(
        [claimed[1]!, claimed[0]!].map((delivery) => delivery.event.id),
      );
      await side.close();
    });

    it('giveBack() of a retry keeps its due time', async () => {
      const { side } = await fannedOut([event()], ['a']);
      await own.defer(side, (await claimAll(side, 'a'))[0]!, { dueMs: 5000, attempts: 1 });
      await own.giveBack(side, (await claimAll(side, 'a', 6000))[0]!);
      expect(side.byId.nextDue('a')).toBe(5000);
      await side.close();
    });

    it('bury() ends a delivery as dead, and backlog() counts it', async () => {
      const { spool, side } = await fannedOut([event(), event(), event()], ['a']);
      const [first, second] = await claimAll(side, 'a');
      const time = new Date(0).toISOString();
      await own.bury(side, first!, { reason: 'gave-up', message: 'too old', attempts: 9, time });
      await own.defer(side, second!, { dueMs: 1, attempts: 1 });
      const backlog = [];
      for await (const each of spool.backlog()) backlog.push(each);
      expect(backlog).toEqual([{ endpoint: 'a', waiting: 1, retrying: 1, dead: 1, health: {} }]);
      const nobody = [];
      for await (const each of spool.backlog('nobody')) nobody.push(each);
      expect(nobody).toEqual([]);
      await side.close();
    });
  });
}
