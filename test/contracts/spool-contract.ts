/** What every spool must do, whatever stands behind it. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/event/event.js';
import { batchMemberId, createEventId } from '../../src/event/event-id.js';
import { randomBytes } from '../../src/shared/machine/random.js';
import type { ControlRequest, Delivery, Lease, Selection, Spool, Wish } from '../../src/spool/spool.js';
import { event } from '../support/builders.js';
import { discardAll, fanOut, farFuture } from '../support/spool-kit.js';

/** A spool to test: a new one at each call of `open`, and the same one again by `reopen`. */
export interface SpoolUnderTest {
  spool: Spool;
  /** Sets the spool's clock, ms since the epoch. */
  setNow(ms: number): void;
}

export function describeSpool(name: string, open: () => SpoolUnderTest): void {
  async function leased(under: SpoolUnderTest = open()): Promise<{ spool: Spool; lease: Lease }> {
    const result = await under.spool.lease('pass');
    if (result.held) throw new Error('the spool is held');
    return { spool: under.spool, lease: result.lease };
  }

  async function claimAll(lease: Lease, endpoint: string, now = 0): Promise<readonly Delivery[]> {
    return (await lease.claim(endpoint, { limit: 1000, now })).deliveries;
  }

  function ids(deliveries: readonly Delivery[]): string[] {
    return deliveries.map((delivery) => delivery.event.id);
  }

  async function fannedOut(events: readonly Event[], endpoints: readonly string[]) {
    const { spool, lease } = await leased();
    for (const each of events) await spool.enqueue(each);
    const step = await fanOut(lease, () => endpoints);
    return { spool, lease, step };
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
      const { lease, step } = await fannedOut([fired], ['a']);
      expect(step).toMatchObject({
        events: 1,
        deliveries: 1,
        unclaimed: [],
        quarantined: [],
        postponed: [],
        more: false,
      });
      const [delivery] = await claimAll(lease, 'a');
      expect(delivery).toMatchObject({ endpoint: 'a', attempts: 0 });
      expect(delivery!.acceptedAt).toBeGreaterThanOrEqual(firedAt);
      expect(delivery!.acceptedAt).toBeLessThanOrEqual(Date.now());
      expect({ ...delivery!.event, payload: Buffer.from(delivery!.event.payload).toString() }).toEqual({
        ...fired,
        payload: fired.payload.toString(),
      });
      await lease.close();
    });

    it('bind() keeps the first hooks file, until another one is to take its place', async () => {
      const { spool } = open();
      expect(await spool.boundTo()).toBeUndefined();
      const { lease } = await leased({ spool, setNow() {} });
      expect(await spool.bind('/a/hooks.yaml')).toBe('/a/hooks.yaml');
      expect(await spool.bind('/b/hooks.yaml')).toBe('/a/hooks.yaml');
      expect(await spool.boundTo()).toBe('/a/hooks.yaml');
      expect(await spool.bind('/b/hooks.yaml', { again: true })).toBe('/b/hooks.yaml');
      expect(await spool.boundTo()).toBe('/b/hooks.yaml');
      await lease.close();
    });

    it('hold() keeps a delivery from being claimed until resume(), and it is owed all the while', async () => {
      const fired = [event(), event(), event()];
      const { lease } = await fannedOut(fired, ['a', 'b']);
      const [first, second, third] = await claimAll(lease, 'a');
      lease.hold(first!);
      lease.hold(third!);
      expect(lease.onHold('a')).toBe(2);
      expect(lease.onHold('b')).toBe(0);
      expect(await claimAll(lease, 'a')).toEqual([]);
      await lease.done(second!);
      expect(lease.ready({ now: 0 })).toEqual(['b']);
      expect([...lease.owing()].sort()).toEqual(['a', 'b']);
      expect(await lease.owed('a')).toBe(2);
      lease.resume('b');
      expect(lease.onHold('a')).toBe(2);
      lease.resume();
      expect(lease.onHold('a')).toBe(0);
      expect(ids(await claimAll(lease, 'a'))).toEqual([fired[0]!.id, fired[2]!.id]);
      await lease.close();
    });

    it('hold() keeps a retry and events of a batch, too, and what comes behind them can be claimed', async () => {
      const { spool, lease, step } = await fannedOut([event()], ['a']);
      expect(step.events).toBe(1);
      const [retry] = await claimAll(lease, 'a');
      await lease.defer(retry!, { dueMs: 5, attempts: 1 });
      const { payload: _, ...header } = event();
      await spool.enqueue({ ...header, payloads: [Buffer.from('1'), Buffer.from('2')] });
      const last = event();
      await spool.enqueue(last);
      while ((await fanOut(lease, () => ['a'])).more);
      const claimed = await claimAll(lease, 'a', 10);
      expect(claimed).toHaveLength(4);
      for (const delivery of claimed) if (delivery.event.id !== last.id) lease.hold(delivery);
      await lease.done(claimed.find(({ event: { id } }) => id === last.id)!);
      expect(lease.onHold('a')).toBe(3);
      expect(await lease.owed('a')).toBe(3);
      expect(await claimAll(lease, 'a', 10)).toEqual([]);
      expect(lease.nextDue('a')).toBeUndefined();
      lease.resume('a');
      expect(ids(await claimAll(lease, 'a', 10)).sort()).toEqual(
        [retry!.event.id, batchMemberId(header.id, 1), batchMemberId(header.id, 2)].sort(),
      );
      await lease.close();
    });

    it('enqueue() of a batch makes an event of each payload, numbered from 1', async () => {
      const { spool, lease } = await leased();
      const { payload: _, ...header } = event();
      await spool.enqueue({ ...header, payloads: [Buffer.from('1'), Buffer.from('"two"')] });
      while ((await fanOut(lease, () => ['a'])).more);
      const claimed = await claimAll(lease, 'a');
      expect(ids(claimed)).toEqual([batchMemberId(header.id, 1), batchMemberId(header.id, 2)]);
      expect(claimed.map((delivery) => Buffer.from(delivery.event.payload).toString())).toEqual([
        '1',
        '"two"',
      ]);
      await lease.close();
    });

    it('the intake makes one delivery for each endpoint, and claim() keeps them apart', async () => {
      const fired = event();
      const { lease } = await fannedOut([fired], ['a', 'b']);
      expect([...lease.ready({ now: 0 })].sort()).toEqual(['a', 'b']);
      expect(ids(await claimAll(lease, 'a'))).toEqual([fired.id]);
      expect(ids(await claimAll(lease, 'b'))).toEqual([fired.id]);
      await lease.close();
    });

    it('the intake keeps an event that nobody is registered for, or drops it', async () => {
      const { spool, lease } = await leased();
      const [kept, dropped] = [event({ hook: 'kept' }), event({ hook: 'dropped' })];
      for (const each of [kept, dropped]) await spool.enqueue(each);
      const { unclaimed } = await fanOut(lease, () => [], {
        nobody: ({ hook }) => (hook === 'kept' ? 'nobody wants it' : undefined),
      });
      expect(unclaimed).toEqual([
        { id: kept.id, hook: 'kept', events: 1, isKept: true },
        { id: dropped.id, hook: 'dropped', events: 1, isKept: false },
      ]);
      expect(await spool.waiting()).toBe(0);
      expect(lease.owing()).toEqual([]);
      expect(await spool.restoreUnclaimed()).toBe(1);
      await fanOut(lease, () => ['a']);
      expect(ids(await claimAll(lease, 'a'))).toEqual([kept.id]);
      await lease.close();
    });

    it('restoreUnclaimed() puts back the events of one hook, those of a batch too', async () => {
      const { spool, lease } = await leased();
      const { payload: _, ...header } = event({ hook: 'wanted' });
      await spool.enqueue({ ...header, payloads: [Buffer.from('1'), Buffer.from('2')] });
      await spool.enqueue(event({ hook: 'other' }));
      while ((await fanOut(lease, () => [])).more);
      expect(await spool.restoreUnclaimed({ hook: 'wanted' })).toBe(2);
      while ((await fanOut(lease, () => ['a'])).more);
      expect(ids(await claimAll(lease, 'a'))).toEqual([1, 2].map((n) => batchMemberId(header.id, n)));
      await lease.close();
    });

    it('the intake leaves an event where it is while it is not known who gets it', async () => {
      const { spool, lease } = await leased();
      const [hidden, known] = [event({ hook: 'hidden' }), event({ hook: 'known' })];
      for (const each of [hidden, known]) await spool.enqueue(each);
      const step = await fanOut(lease, ({ hook }) => (hook === 'known' ? ['a'] : 'unknown'));
      expect(step).toMatchObject({ events: 1, unclaimed: [], postponed: [], more: false });
      expect(step.unknown).toHaveLength(1);
      expect(ids(await claimAll(lease, 'a'))).toEqual([known.id]);
      expect(await spool.waiting()).toBe(1);
      await fanOut(lease, () => ['a']);
      expect(ids(await claimAll(lease, 'a'))).toEqual([hidden.id]);
      await lease.close();
    });

    it('expireUnclaimed() removes what was kept for long enough', async () => {
      const { spool, lease } = await leased();
      const old = event({ hook: 'old' });
      await spool.enqueue(old);
      await fanOut(lease, () => []);
      expect(await lease.expireUnclaimed({ keepMs: 3_600_000 })).toEqual([]);
      expect(await lease.expireUnclaimed({ keepMs: 0 })).toEqual([{ id: old.id, hook: 'old', events: 1 }]);
      expect(await spool.restoreUnclaimed()).toBe(0);
      await lease.close();
    });

    it('unclaimedReports() has what was saved, until no event is unclaimed', async () => {
      const { spool, lease } = await leased();
      expect(await lease.unclaimedReports()).toEqual({ hooks: [], others: 0 });
      await spool.enqueue(event());
      await fanOut(lease, () => []);
      await lease.saveUnclaimedReports({ hooks: ['complte'], others: 3 });
      expect(await lease.unclaimedReports()).toEqual({ hooks: ['complte'], others: 3 });
      await lease.expireUnclaimed({ keepMs: 0 });
      expect(await lease.unclaimedReports()).toEqual({ hooks: [], others: 0 });
      await lease.close();
    });

    it('the intake says that there is more until all are fanned out', async () => {
      const { spool, lease } = await leased();
      for (let n = 0; n < 300; n += 1) await spool.enqueue(event());
      const steps = [];
      do steps.push(await fanOut(lease, () => ['a']));
      while (steps.at(-1)?.more);
      expect(steps.length).toBeGreaterThan(1);
      expect(steps.reduce((sum, { events }) => sum + events, 0)).toBe(300);
      expect(await lease.owed('a')).toBe(300);
      await lease.close();
    });

    it('claim() hands out in order, each delivery once, at most `limit`', async () => {
      const fired = [event(), event(), event()];
      const { lease } = await fannedOut(fired, ['a']);
      const first = await lease.claim('a', { limit: 2, now: 0 });
      expect(ids(first.deliveries)).toEqual([fired[0]!.id, fired[1]!.id]);
      expect(ids(await claimAll(lease, 'a'))).toEqual([fired[2]!.id]);
      expect(await claimAll(lease, 'a')).toEqual([]);
      expect(lease.ready({ now: 0 })).toEqual([]);
      expect(lease.owing()).toEqual(['a']);
      await lease.close();
    });

    it('claim() of an endpoint that is owed nothing hands out nothing', async () => {
      const { lease } = await leased();
      expect(await claimAll(lease, 'nobody')).toEqual([]);
      await lease.close();
    });

    it('release() gives a delivery back to its old place', async () => {
      const fired = [event(), event(), event()];
      const { lease } = await fannedOut(fired, ['a']);
      const [first, second] = await claimAll(lease, 'a');
      lease.release(second!);
      lease.release(first!);
      expect(lease.ready({ now: 0 })).toEqual(['a']);
      expect(ids(await claimAll(lease, 'a'))).toEqual([fired[0]!.id, fired[1]!.id]);
      await lease.close();
    });

    it('done() ends a delivery, and a delivery is settled once', async () => {
      const { lease } = await fannedOut([event()], ['a']);
      const [delivery] = await claimAll(lease, 'a');
      await lease.done(delivery!);
      expect(lease.owing()).toEqual([]);
      expect(await lease.owed('a')).toBe(0);
      await expect(lease.done(delivery!)).rejects.toThrow('settled once');
      await lease.close();
    });

    it('defer() keeps a delivery back until it is due, then hands it out first with its attempts', async () => {
      const fired = [event(), event()];
      const { lease } = await fannedOut(fired, ['a']);
      const { deliveries } = await lease.claim('a', { limit: 1, now: 0 });
      await lease.defer(deliveries[0]!, { dueMs: 5000, attempts: 2 });
      expect(lease.nextDue('a')).toBe(5000);
      expect(ids((await lease.claim('a', { limit: 1, now: 4999 })).deliveries)).toEqual([fired[1]!.id]);
      expect(lease.ready({ now: 4999 })).toEqual([]);
      expect(lease.ready({ now: 5000 })).toEqual(['a']);
      const [retry] = await claimAll(lease, 'a', 5000);
      expect(retry).toMatchObject({ attempts: 2, event: { id: fired[0]!.id } });
      expect(lease.nextDue('a')).toBeUndefined();
      await lease.close();
    });

    it('claim() and ready() take a retry for due that is later than `latest`, after those that are due', async () => {
      const fired = [event(), event(), event(), event()];
      const { lease } = await fannedOut(fired, ['a']);
      const claimed = await claimAll(lease, 'a');
      for (const [n, dueMs] of [9000, 5000, 8000, 1000].entries())
        await lease.defer(claimed[n]!, { dueMs, attempts: 1 });
      expect(lease.ready({ now: 0, latest: 9000 })).toEqual([]);
      expect(lease.ready({ now: 0, latest: 8999 })).toEqual(['a']);
      const { deliveries } = await lease.claim('a', { limit: 9, now: 1000, latest: 7999 });
      expect(ids(deliveries)).toEqual([fired[3]!.id, fired[2]!.id, fired[0]!.id]);
      expect(lease.nextDue('a')).toBe(5000);
      await lease.close();
    });

    it('claim() with `probe` hands out others first, then what failed the longest ago, wherever it waits', async () => {
      const fired = [event(), event(), event(), event(), event()];
      const { lease } = await fannedOut(fired, ['a']);
      const [first, second] = await claimAll(lease, 'a').then((all) => {
        for (const delivery of all.slice(2)) lease.release(delivery);
        return all;
      });
      await lease.defer(first!, { dueMs: 10, attempts: 1 });
      await lease.defer(second!, { dueMs: 20, attempts: 1 });
      const [due, failedDue, failed, other, failedLast] = fired.map(({ id }) => id);
      const probe = [failed!, 'evt_elsewhere', failedDue!, failedLast!];
      expect(lease.ready({ now: 5 })).toEqual(['a']);
      for (const next of [other, due, failed, failedDue, failedLast]) {
        const { deliveries } = await lease.claim('a', { limit: 1, now: 20, probe });
        expect(ids(deliveries)).toEqual([next]);
      }
      expect((await lease.claim('a', { limit: 1, now: 20, probe })).deliveries).toEqual([]);
      await lease.close();
    });

    it('claim() with `probe` leaves what it passes over at its place', async () => {
      const fired = [event(), event(), event(), event()];
      const all = fired.map(({ id }) => id);
      const { lease } = await fannedOut(fired, ['a']);
      const { deliveries } = await lease.claim('a', { limit: 1, now: 0, probe: all.slice(0, 2) });
      expect(ids(deliveries)).toEqual([all[2]]);
      lease.release(deliveries[0]!);
      expect(ids(await claimAll(lease, 'a'))).toEqual(all);
      await lease.close();
    });

    it('claim() with `probe` hands out no retry before its time, failed or not', async () => {
      const { lease } = await fannedOut([event(), event()], ['a']);
      const claimed = await claimAll(lease, 'a');
      for (const delivery of claimed) await lease.defer(delivery, { dueMs: 10, attempts: 1 });
      const probe = [claimed[0]!.event.id];
      expect((await lease.claim('a', { limit: 9, now: 9, probe })).deliveries).toEqual([]);
      expect(ids((await lease.claim('a', { limit: 9, now: 10, probe })).deliveries)).toEqual(
        [claimed[1]!, claimed[0]!].map((delivery) => delivery.event.id),
      );
      await lease.close();
    });

    it('release() of a retry keeps its due time', async () => {
      const { lease } = await fannedOut([event()], ['a']);
      await lease.defer((await claimAll(lease, 'a'))[0]!, { dueMs: 5000, attempts: 1 });
      lease.release((await claimAll(lease, 'a', 6000))[0]!);
      expect(lease.nextDue('a')).toBe(5000);
      await lease.close();
    });

    it('bury() ends a delivery as dead, and backlog() counts it', async () => {
      const { spool, lease } = await fannedOut([event(), event(), event()], ['a']);
      const [first, second] = await claimAll(lease, 'a');
      const time = new Date(0).toISOString();
      await lease.bury(first!, { reason: 'gave-up', message: 'too old', attempts: 9, time });
      await lease.defer(second!, { dueMs: 1, attempts: 1 });
      const backlog = [];
      for await (const each of spool.backlog()) backlog.push(each);
      expect(backlog).toEqual([{ endpoint: 'a', waiting: 1, retrying: 1, dead: 1, health: {} }]);
      const nobody = [];
      for await (const each of spool.backlog('nobody')) nobody.push(each);
      expect(nobody).toEqual([]);
      await lease.close();
    });

    it('close() gives claimed deliveries back, and the next lease finds all that is owed', async () => {
      const under = open();
      const { spool, lease } = await leased(under);
      const fired = [event(), event()];
      for (const each of fired) await spool.enqueue(each);
      await fanOut(lease, () => ['a']);
      await claimAll(lease, 'a');
      await lease.close();
      const next = await leased(under);
      expect(ids(await claimAll(next.lease, 'a'))).toEqual(fired.map(({ id }) => id));
      await next.lease.close();
    });

    it('saveHealth() lasts from one lease to the next', async () => {
      const under = open();
      const { lease } = await leased(under);
      await lease.saveHealth('a', {
        failures: 2,
        parkedUntil: 7000,
        failedAt: [1, 2],
        last: '503',
        failedDeliveries: [
          ['x', 1],
          ['42', 2],
        ],
      });
      expect(lease.health('a')).toMatchObject({ failures: 2 });
      await lease.close();
      const next = await leased(under);
      expect(next.lease.health('a')).toEqual({
        failures: 2,
        parkedUntil: 7000,
        failedAt: [1, 2],
        last: '503',
        failedDeliveries: [
          ['x', 1],
          ['42', 2],
        ],
      });
      await next.lease.saveHealth('a', {});
      expect(next.lease.health('a')).toEqual({});
      await next.lease.close();
    });

    it('lease() is held by one at a time, and holder() tells by whom', async () => {
      const under = open();
      under.setNow(Date.parse('2026-11-23T12:00:00.000Z'));
      expect(await under.spool.holder()).toBeUndefined();
      const { lease } = await leased(under);
      const holder = { pid: process.pid, mode: 'pass', since: '2026-11-23T12:00:00.000Z' };
      expect(await under.spool.lease('daemon')).toMatchObject({ held: true, holder });
      expect(await under.spool.holder()).toMatchObject(holder);
      expect(lease.valid()).toBe(true);
      await lease.close();
      expect(await under.spool.holder()).toBeUndefined();
      const again = await leased(under);
      await again.lease.close();
    });

    it('idle() says whether there is nothing to drain and nobody drains', async () => {
      const under = open();
      const { spool } = under;
      expect(await spool.idle()).toBe(true);
      await spool.enqueue(event());
      expect(await spool.idle()).toBe(false);
      const { lease } = await leased(under);
      await fanOut(lease, () => ['a']);
      const [delivery] = await claimAll(lease, 'a');
      await lease.defer(delivery!, { dueMs: 5_000, attempts: 1 });
      await lease.close();
      expect(await spool.idle()).toBe(false);
      const again = await leased(under);
      const [retried] = await claimAll(again.lease, 'a', 5_000);
      await again.lease.done(retried!);
      expect(await spool.idle()).toBe(false);
      await again.lease.close();
      expect(await spool.idle()).toBe(true);
    });

    const why = { reason: 'flushed', message: 'it was flushed', time: '2026-11-23T12:00:00.000Z' };

    it('discard() moves events and deliveries that match to the dead, and no others', async () => {
      const { spool, lease } = await leased();
      await spool.enqueue(event({ hook: 'x' }));
      await spool.enqueue(event({ hook: 'y' }));
      await fanOut(lease, () => ['a', 'b']);
      await spool.enqueue(event({ hook: 'x' }));
      await spool.enqueue(event({ hook: 'y' }));
      const request = { incoming: true, select: { hook: 'x' } };
      let surveyed = 0;
      for await (const { events } of spool.survey(request)) surveyed += events;
      expect(surveyed).toBe(3);
      const { entries, isDone, claimed } = await discardAll(lease, { ...request, why });
      expect({ isDone, claimed, hooks: entries.map(({ hook }) => hook) }).toEqual({
        isDone: true,
        claimed: [],
        hooks: ['x', 'x', 'x'],
      });
      expect(entries.map(({ endpoint }) => endpoint ?? '').sort()).toEqual(['', 'a', 'b']);
      expect(await spool.waiting()).toBe(1);
      expect(await lease.owed('a')).toBe(1);
      for await (const { dead } of spool.backlog('a')) expect(dead).toBe(1);
      expect((await claimAll(lease, 'a')).map((delivery) => delivery.event.hook)).toEqual(['y']);
      await lease.close();
    });

    it('discard() leaves what is claimed, takes what is on hold, and asks of some endpoints alone', async () => {
      const { lease } = await fannedOut([event({ hook: 'x' }), event({ hook: 'y' })], ['a', 'b']);
      const [held, claimed] = await claimAll(lease, 'a');
      lease.hold(held!);
      const step = await discardAll(lease, { select: { endpoints: ['a'] }, why });
      expect(step.entries.map((entry) => entry.event)).toEqual([held!.event.id]);
      expect(step.claimed).toEqual([{ event: claimed!.event.id, endpoint: 'a' }]);
      expect(await lease.owed('b')).toBe(2);
      lease.release(claimed!);
      expect(ids(await claimAll(lease, 'a'))).toEqual([claimed!.event.id]);
      await discardAll(lease, { select: {}, why });
      expect(lease.owing().filter((endpoint) => endpoint === 'b')).toEqual([]);
      await lease.close();
    });

    it('discard() asks for times, ids and states', async () => {
      const under = open();
      const { lease, spool } = await leased(under);
      const fired = [event(), event(), event()];
      const [first, second] = fired.map(({ id }) => id);
      for (const each of fired) await spool.enqueue(each);
      await fanOut(lease, () => ['a']);
      const dropped = async (select: Selection): Promise<string[]> => {
        const { entries } = await discardAll(lease, { select, incoming: true, why });
        return entries.map((entry) => entry.event);
      };
      expect(await dropped({ before: 0 })).toEqual([]);
      expect(await dropped({ states: ['incoming', 'retry', 'dead'] })).toEqual([]);
      expect(await dropped({ reasons: ['gave-up'] })).toEqual([]);
      expect(await dropped({ ids: [second!, 'other'], states: ['queued'] })).toEqual([second]);
      const [claimed] = await claimAll(lease, 'a');
      await lease.defer(claimed!, { dueMs: farFuture, attempts: 1 });
      expect(await dropped({ states: ['retry'] })).toEqual([first]);
      expect(await lease.owed('a')).toBe(1);
      await lease.close();
    });

    it('request() is there for the lease until it is finished, and tells of progress', async () => {
      const under = open();
      const { spool, lease } = await leased(under);
      const select = { endpoints: ['a'], hook: 'build.*', ids: ['e1'], since: 1, before: 5, reasons: ['x'] };
      const request: ControlRequest = { id: '1-a', wish: { kind: 'deregister', select } };
      await spool.request(request);
      expect(await spool.hasRequest('1-a')).toBe(true);
      expect(lease.requests()).toEqual({ requests: [request], unknown: [] });
      const before = await spool.requestProgress('1-a');
      under.setNow(farFuture);
      lease.noteProgress('1-a');
      expect(await spool.requestProgress('1-a')).not.toBe(before);
      expect(lease.requests().requests).toEqual([request]);
      lease.finishRequest('1-a');
      expect(await spool.requestProgress('1-a')).toBeUndefined();
      lease.noteProgress('1-a');
      expect(await spool.hasRequest('1-a')).toBe(false);
      expect(lease.requests().requests).toEqual([]);
      await lease.close();
    });

    it('requests() tells every kind of wish as it was made, oldest first', async () => {
      const { spool, lease } = await leased();
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
      expect(lease.requests()).toEqual({ requests, unknown: [] });
      await lease.close();
    });

    it('saveHealth() keeps the pause of a person from one lease to the next', async () => {
      const under = open();
      const { lease } = await leased(under);
      const paused = { paused: 'jed paused it', pause: { by: 'jed', at: 1_000, until: 2_000 } };
      await lease.saveHealth('a', paused, { isDurable: true });
      await lease.close();
      const next = await leased(under);
      expect(next.lease.health('a')).toEqual(paused);
      await next.lease.saveHealth('a', {}, { isDurable: true });
      expect(next.lease.health('a')).toEqual({});
      await next.lease.close();
    });

    it('onHint() calls back after an enqueue, until it is told to stop', async () => {
      const { spool, lease } = await leased();
      const hinted = new Promise<void>((resolve) => {
        const stop = lease.onHint(() => {
          stop();
          resolve();
        });
      });
      await spool.enqueue(event());
      await hinted;
      expect(await lease.waiting()).toBe(1);
      await lease.close();
    });
  });
}
