/** What every spool must do, whatever stands behind it. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/event/event.js';
import { batchMemberId, createEventId } from '../../src/event/event-id.js';
import { randomBytes } from '../../src/shared/machine/random.js';
import type { ControlRequest, Delivery, DrainSide, Selection, Spool, Wish } from '../../src/spool/spool.js';
import { event } from '../support/builders.js';
import { own } from '../support/own.js';
import { discardAll, fanOut, farFuture } from '../support/spool-kit.js';

/** A spool to test: a new one at each call of `open`, and the same one again by `reopen`. */
export interface SpoolUnderTest {
  spool: Spool;
  /** Sets the spool's clock, ms since the epoch. */
  setNow(ms: number): void;
}

export function describeSpool(name: string, open: () => SpoolUnderTest): void {
  async function opened(under: SpoolUnderTest = open()): Promise<{ spool: Spool; side: DrainSide }> {
    const result = await under.spool.join('pass');
    if (!result.joined) throw new Error('the spool is held');
    return { spool: under.spool, side: result.side };
  }

  async function claimAll(side: DrainSide, endpoint: string, now = 0): Promise<readonly Delivery[]> {
    return (await own.claim(side, endpoint, { limit: 1000, now })).deliveries;
  }

  function ids(deliveries: readonly Delivery[]): string[] {
    return deliveries.map((delivery) => delivery.event.id);
  }

  async function fannedOut(events: readonly Event[], endpoints: readonly string[]) {
    const { spool, side } = await opened();
    for (const each of events) await spool.enqueue(each);
    const step = await fanOut(side, () => endpoints);
    return { spool, side, step };
  }

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
      const { side } = await opened({ spool, setNow() {} });
      expect(await spool.bind('/a/hooks.yaml')).toBe('/a/hooks.yaml');
      expect(await spool.bind('/b/hooks.yaml')).toBe('/a/hooks.yaml');
      expect(await spool.boundTo()).toBe('/a/hooks.yaml');
      expect(await spool.bind('/b/hooks.yaml', { again: true })).toBe('/b/hooks.yaml');
      expect(await spool.boundTo()).toBe('/b/hooks.yaml');
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

    it('the intake makes one delivery for each endpoint, and claim() keeps them apart', async () => {
      const fired = event();
      const { side } = await fannedOut([fired], ['a', 'b']);
      expect(await own.acquire(side)).toEqual(['a', 'b']);
      expect(ids(await claimAll(side, 'a'))).toEqual([fired.id]);
      expect(ids(await claimAll(side, 'b'))).toEqual([fired.id]);
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

    it('the intake says that there is more until all are fanned out', async () => {
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

    const why = { reason: 'flushed', message: 'it was flushed', time: '2026-11-23T12:00:00.000Z' };

    it('discard() moves events and deliveries that match to the dead, and no others', async () => {
      const { spool, side } = await opened();
      await spool.enqueue(event({ hook: 'x' }));
      await spool.enqueue(event({ hook: 'y' }));
      await fanOut(side, () => ['a', 'b']);
      await spool.enqueue(event({ hook: 'x' }));
      await spool.enqueue(event({ hook: 'y' }));
      const request = { incoming: true, select: { hook: 'x' } };
      let surveyed = 0;
      for await (const { events } of spool.survey(request)) surveyed += events;
      expect(surveyed).toBe(3);
      const { entries, isDone, claimed } = await discardAll(side, { ...request, why });
      expect({ isDone, claimed, hooks: entries.map(({ hook }) => hook) }).toEqual({
        isDone: true,
        claimed: [],
        hooks: ['x', 'x', 'x'],
      });
      expect(entries.map(({ endpoint }) => endpoint ?? '').sort()).toEqual(['', 'a', 'b']);
      expect(await spool.waiting()).toBe(1);
      expect(await side.byId.owed('a')).toBe(1);
      for await (const { dead } of spool.backlog('a')) expect(dead).toBe(1);
      expect((await claimAll(side, 'a')).map((delivery) => delivery.event.hook)).toEqual(['y']);
      await side.close();
    });

    it('discard() leaves what is claimed, takes what is on hold, and asks of some endpoints alone', async () => {
      const { side } = await fannedOut([event({ hook: 'x' }), event({ hook: 'y' })], ['a', 'b']);
      const [held, claimed] = await claimAll(side, 'a');
      await own.hold(side, held!);
      const step = await discardAll(side, { select: { endpoints: ['a'] }, why });
      expect(step.entries.map((entry) => entry.event)).toEqual([held!.event.id]);
      expect(step.claimed).toEqual([{ event: claimed!.event.id, endpoint: 'a' }]);
      expect(await side.byId.owed('b')).toBe(2);
      await own.giveBack(side, claimed!);
      expect(ids(await claimAll(side, 'a'))).toEqual([claimed!.event.id]);
      await discardAll(side, { select: {}, why });
      expect(side.byId.owing().filter((endpoint) => endpoint === 'b')).toEqual([]);
      await side.close();
    });

    it('discard() asks for times, ids and states', async () => {
      const under = open();
      const { side, spool } = await opened(under);
      const fired = [event(), event(), event()];
      const [first, second] = fired.map(({ id }) => id);
      for (const each of fired) await spool.enqueue(each);
      await fanOut(side, () => ['a']);
      const dropped = async (select: Selection): Promise<string[]> => {
        const { entries } = await discardAll(side, { select, incoming: true, why });
        return entries.map((entry) => entry.event);
      };
      expect(await dropped({ before: 0 })).toEqual([]);
      expect(await dropped({ states: ['incoming', 'retry', 'dead'] })).toEqual([]);
      expect(await dropped({ reasons: ['gave-up'] })).toEqual([]);
      expect(await dropped({ ids: [second!, 'other'], states: ['queued'] })).toEqual([second]);
      const [claimed] = await claimAll(side, 'a');
      await own.defer(side, claimed!, { dueMs: farFuture, attempts: 1 });
      expect(await dropped({ states: ['retry'] })).toEqual([first]);
      expect(await side.byId.owed('a')).toBe(1);
      await side.close();
    });

    it('request() is there for the drain until it is finished, and tells of progress', async () => {
      const under = open();
      const { spool, side } = await opened(under);
      const select = { endpoints: ['a'], hook: 'build.*', ids: ['e1'], since: 1, before: 5, reasons: ['x'] };
      const request: ControlRequest = { id: '1-a', wish: { kind: 'deregister', select } };
      await spool.request(request);
      expect(await spool.hasRequest('1-a')).toBe(true);
      expect(side.requests()).toEqual({ requests: [request], unknown: [] });
      const before = await spool.requestProgress('1-a');
      under.setNow(farFuture);
      side.noteProgress('1-a');
      expect(await spool.requestProgress('1-a')).not.toBe(before);
      expect(side.requests().requests).toEqual([request]);
      side.finishRequest('1-a');
      expect(await spool.requestProgress('1-a')).toBeUndefined();
      side.noteProgress('1-a');
      expect(await spool.hasRequest('1-a')).toBe(false);
      expect(side.requests().requests).toEqual([]);
      await side.close();
    });

    it('requests() tells every kind of wish as it was made, oldest first', async () => {
      const { spool, side } = await opened();
      const wishes: Wish[] = [
        { kind: 'deregister', select: { endpoints: ['a'] } },
        { kind: 'pause', select: { endpoints: ['a'] }, by: 'jed', why: 'it is moved', until: 7_000 },
        { kind: 'resume', select: { endpoints: ['a', 'b'] } },
        { kind: 'retry', select: {} },
        { kind: 'drop', select: { ids: ['e1'], before: 9 }, by: 'jed' },
        { kind: 'retry', select: { hook: 'build.*', states: ['dead'], reasons: ['gave-up'], since: 5 } },
      ];
      const requests = wishes.map((wish, index) => ({ id: `${index}`, wish }));
      for (const request of requests) await spool.request(request);
      expect(side.requests()).toEqual({ requests, unknown: [] });
      await side.close();
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
