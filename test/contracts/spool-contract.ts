/** What every spool must do, whatever stands behind it. */
import { describe, expect, it } from 'vitest';
import { batchMemberId, createEventId } from '../../src/event/event-id.js';
import { randomBytes } from '../../src/shared/machine/random.js';
import { event } from '../support/builders.js';
import { own } from '../support/own.js';
import { fanOut } from '../support/spool-kit.js';
import { describeClaims } from './claims-contract.js';
import { claimAll, contractKit, ids, type SpoolUnderTest } from './contract-kit.js';
import { describeMoves } from './moves-contract.js';

export function describeSpool(name: string, open: () => SpoolUnderTest): void {
  const { opened, fannedOut } = contractKit(open);

  describeClaims(name, open);
  describeMoves(name, open);

  describe(name, () => {
    it('enqueue(), take(), place() and then claim() hands out the event as it was', async () => {
      const firedAt = Date.now();
      const fired = event({
        id: createEventId(firedAt, randomBytes(10)),
        time: new Date(firedAt).toISOString(),
        payload: Buffer.from('{"a": 1.0, "a":12345678901234567890}'),
        to: ['https://a.example/'],
      });
      const { side, step } = await fannedOut([fired], ['a']);
      expect(step).toMatchObject({
        events: 1,
        deliveries: 1,
        unclaimed: [],
        quarantined: [],
        postponed: [],
        more: false,
      });
      const [delivery] = await claimAll(side, 'a');
      expect(delivery).toMatchObject({ endpoint: 'a', attempts: 0 });
      expect(delivery!.acceptedAt).toBeGreaterThanOrEqual(firedAt);
      expect(delivery!.acceptedAt).toBeLessThanOrEqual(Date.now());
      expect({ ...delivery!.event, payload: Buffer.from(delivery!.event.payload).toString() }).toEqual({
        ...fired,
        payload: fired.payload.toString(),
      });
      await side.close();
    });

    it('bind() keeps the first hooks file, until another one is to take its place', async () => {
      const { spool } = open();
      expect(await spool.boundTo()).toBeUndefined();
      const { side } = await opened({ spool });
      expect(await spool.bind('/a/hooks.yaml')).toBe('/a/hooks.yaml');
      expect(await spool.bind('/b/hooks.yaml')).toBe('/a/hooks.yaml');
      expect(await spool.boundTo()).toBe('/a/hooks.yaml');
      expect(await spool.bind('/b/hooks.yaml', { again: true })).toBe('/b/hooks.yaml');
      expect(await spool.boundTo()).toBe('/b/hooks.yaml');
      await side.close();
    });

    it('enqueue() of a batch makes an event of each payload, numbered from 1', async () => {
      const { spool, side } = await opened();
      const { payload: _, ...header } = event();
      await spool.enqueue({ ...header, payloads: [Buffer.from('1'), Buffer.from('"two"')] });
      while ((await fanOut(side, () => ['a'])).more);
      const claimed = await claimAll(side, 'a');
      expect(ids(claimed)).toEqual([batchMemberId(header.id, 1), batchMemberId(header.id, 2)]);
      expect(claimed.map((delivery) => Buffer.from(delivery.event.payload).toString())).toEqual([
        '1',
        '"two"',
      ]);
      await side.close();
    });

    it('the intake keeps an event that nobody is registered for, or drops it', async () => {
      const { spool, side } = await opened();
      const [kept, dropped] = [event({ hook: 'kept' }), event({ hook: 'dropped' })];
      for (const each of [kept, dropped]) await spool.enqueue(each);
      const { unclaimed } = await fanOut(side, () => [], {
        nobody: ({ hook }) => (hook === 'kept' ? 'nobody wants it' : undefined),
      });
      expect(unclaimed).toEqual([
        { id: kept.id, hook: 'kept', events: 1, isKept: true },
        { id: dropped.id, hook: 'dropped', events: 1, isKept: false },
      ]);
      expect(await spool.waiting()).toBe(0);
      expect(side.byId.owing()).toEqual([]);
      expect(await spool.restoreUnclaimed()).toBe(1);
      await fanOut(side, () => ['a']);
      expect(ids(await claimAll(side, 'a'))).toEqual([kept.id]);
      await side.close();
    });

    it('restoreUnclaimed() puts back the events of one hook, those of a batch too', async () => {
      const { spool, side } = await opened();
      const { payload: _, ...header } = event({ hook: 'wanted' });
      await spool.enqueue({ ...header, payloads: [Buffer.from('1'), Buffer.from('2')] });
      await spool.enqueue(event({ hook: 'other' }));
      while ((await fanOut(side, () => [])).more);
      expect(await spool.restoreUnclaimed({ hook: 'wanted' })).toBe(2);
      while ((await fanOut(side, () => ['a'])).more);
      expect(ids(await claimAll(side, 'a'))).toEqual([1, 2].map((n) => batchMemberId(header.id, n)));
      await side.close();
    });

    it('the intake leaves an event where it is while it is not known who gets it', async () => {
      const { spool, side } = await opened();
      const [hidden, known] = [event({ hook: 'hidden' }), event({ hook: 'known' })];
      for (const each of [hidden, known]) await spool.enqueue(each);
      const step = await fanOut(side, ({ hook }) => (hook === 'known' ? ['a'] : 'unknown'));
      expect(step).toMatchObject({ events: 1, unclaimed: [], postponed: [], more: false });
      expect(step.unknown).toHaveLength(1);
      expect(ids(await claimAll(side, 'a'))).toEqual([known.id]);
      expect(await spool.waiting()).toBe(1);
      await fanOut(side, () => ['a']);
      expect(ids(await claimAll(side, 'a'))).toEqual([hidden.id]);
      await side.close();
    });

    it('expireUnclaimed() removes what was kept for long enough', async () => {
      const { spool, side } = await opened();
      const old = event({ hook: 'old' });
      await spool.enqueue(old);
      await fanOut(side, () => []);
      expect(await side.expireUnclaimed({ keepMs: 3_600_000 })).toEqual([]);
      expect(await side.expireUnclaimed({ keepMs: 0 })).toEqual([{ id: old.id, hook: 'old', events: 1 }]);
      expect(await spool.restoreUnclaimed()).toBe(0);
      await side.close();
    });

    it('unclaimedReports() has what was saved, until no event is unclaimed', async () => {
      const { spool, side } = await opened();
      expect(await side.unclaimedReports()).toEqual({ hooks: [], others: 0 });
      await spool.enqueue(event());
      await fanOut(side, () => []);
      await side.saveUnclaimedReports({ hooks: ['complte'], others: 3 });
      expect(await side.unclaimedReports()).toEqual({ hooks: ['complte'], others: 3 });
      await side.expireUnclaimed({ keepMs: 0 });
      expect(await side.unclaimedReports()).toEqual({ hooks: [], others: 0 });
      await side.close();
    });

    it('the intake says that there is more until all are queued', async () => {
      const { spool, side } = await opened();
      for (let n = 0; n < 300; n += 1) await spool.enqueue(event());
      const steps = [];
      do steps.push(await fanOut(side, () => ['a']));
      while (steps.at(-1)?.more);
      expect(steps.length).toBeGreaterThan(1);
      expect(steps.reduce((sum, { events }) => sum + events, 0)).toBe(300);
      expect(await side.byId.owed('a')).toBe(300);
      await side.close();
    });

    it('close() gives claimed deliveries back, and the next drain finds all that is owed', async () => {
      const under = open();
      const { spool, side } = await opened(under);
      const fired = [event(), event()];
      for (const each of fired) await spool.enqueue(each);
      await fanOut(side, () => ['a']);
      await claimAll(side, 'a');
      await side.close();
      const next = await opened(under);
      expect(ids(await claimAll(next.side, 'a'))).toEqual(fired.map(({ id }) => id));
      await next.side.close();
    });

    it('saveHealth() lasts from one drain to the next', async () => {
      const under = open();
      const { side } = await opened(under);
      await side.byId.saveHealth('a', {
        failures: 2,
        parkedUntil: 7000,
        failedAt: [1, 2],
        last: '503',
        failedDeliveries: [
          ['x', 1],
          ['42', 2],
        ],
      });
      expect(side.byId.health('a')).toMatchObject({ failures: 2 });
      await side.close();
      const next = await opened(under);
      expect(next.side.byId.health('a')).toEqual({
        failures: 2,
        parkedUntil: 7000,
        failedAt: [1, 2],
        last: '503',
        failedDeliveries: [
          ['x', 1],
          ['42', 2],
        ],
      });
      await next.side.byId.saveHealth('a', {});
      expect(next.side.byId.health('a')).toEqual({});
      await next.side.close();
    });

    it('join() is for one at a time, and holder() tells by whom', async () => {
      const under = open();
      under.setNow(Date.parse('2026-11-23T12:00:00.000Z'));
      expect(await under.spool.holder()).toBeUndefined();
      const { side } = await opened(under);
      const holder = { pid: process.pid, mode: 'pass', since: '2026-11-23T12:00:00.000Z' };
      expect(await under.spool.join('daemon')).toMatchObject({ joined: false, by: holder });
      expect(await under.spool.holder()).toMatchObject(holder);
      expect(side.isValid()).toBe(true);
      await side.close();
      expect(await under.spool.holder()).toBeUndefined();
      const again = await opened(under);
      await again.side.close();
    });

    it('idle() says whether there is nothing to drain and nobody drains', async () => {
      const under = open();
      const { spool } = under;
      expect(await spool.idle()).toBe(true);
      await spool.enqueue(event());
      expect(await spool.idle()).toBe(false);
      const { side } = await opened(under);
      await fanOut(side, () => ['a']);
      const [delivery] = await claimAll(side, 'a');
      await own.defer(side, delivery!, { dueMs: 5_000, attempts: 1 });
      await side.close();
      expect(await spool.idle()).toBe(false);
      const again = await opened(under);
      const [retried] = await claimAll(again.side, 'a', 5_000);
      await own.done(again.side, retried!);
      expect(await spool.idle()).toBe(false);
      await again.side.close();
      expect(await spool.idle()).toBe(true);
    });

    it('saveHealth() keeps the pause of a person from one drain to the next', async () => {
      const under = open();
      const { side } = await opened(under);
      const paused = { paused: 'jed paused it', pause: { by: 'jed', at: 1_000, until: 2_000 } };
      await side.byId.saveHealth('a', paused, { isDurable: true });
      await side.close();
      const next = await opened(under);
      expect(next.side.byId.health('a')).toEqual(paused);
      await next.side.byId.saveHealth('a', {}, { isDurable: true });
      expect(next.side.byId.health('a')).toEqual({});
      await next.side.close();
    });

    it('onHint() calls back after an enqueue, until it is told to stop', async () => {
      const { spool, side } = await opened();
      const hinted = new Promise<void>((resolve) => {
        const stop = side.onHint(() => {
          stop();
          resolve();
        });
      });
      await spool.enqueue(event());
      await hinted;
      expect(await side.waiting()).toBe(1);
      await side.close();
    });
  });
}
