/** What the inspection of every spool must tell, whatever stands behind it. */
import { describe, expect, it } from 'vitest';
import type { QueueAges } from '../../src/spool/ages.js';
import type { EntryQuery, InspectedEntry } from '../../src/spool/inspection.js';
import type { DrainSide, Spool } from '../../src/spool/spool.js';
import { event } from '../support/builders.js';
import { own } from '../support/own.js';
import { fanOut } from '../support/spool-kit.js';

const reason = {
  reason: 'gave-up',
  message: 'it was refused',
  attempts: 3,
  time: '2026-11-23T12:00:00.000Z',
};

async function sideOf(spool: Spool): Promise<DrainSide> {
  const result = await spool.join('pass');
  if (!result.joined) throw new Error('the spool is held');
  return result.side;
}

async function read(spool: Spool, query?: EntryQuery): Promise<InspectedEntry[]> {
  const entries: InspectedEntry[] = [];
  for await (const entry of spool.inspection.entries(query)) entries.push(entry);
  return entries;
}

function ids(entries: readonly InspectedEntry[]): string[] {
  return entries.map(({ header }) => header.id);
}

/** A spool with an entry in each state; the endpoints are `a` and `b`. */
async function filled(spool: Spool) {
  const side = await sideOf(spool);
  const [dead, retry, queued, lost] = [event(), event(), event(), event({ hook: 'lost' })];
  for (const each of [dead, retry, queued, lost]) await spool.enqueue(each);
  const route = ({ id }: { id: string }) => (id === lost.id ? [] : id === queued.id ? ['a', 'b'] : ['a']);
  while ((await fanOut(side, route)).more);
  for (const delivery of (await own.claim(side, 'a', { limit: 10, now: 0 })).deliveries) {
    const { id } = delivery.event;
    if (id === dead.id) await own.bury(side, delivery, reason);
    else if (id === retry.id)
      await own.defer(side, delivery, {
        dueMs: 4_102_444_800_000,
        attempts: 2,
        answer: { event: retry.id, time: reason.time, status: 503, body: 'busy' },
      });
    else await own.giveBack(side, delivery);
  }
  const waiting = event({ hook: 'build.failed' });
  await spool.enqueue(waiting);
  return { side, dead, retry, queued, lost, waiting };
}

export function describeInspection(name: string, open: () => Spool): void {
  describe(`inspection of ${name}`, () => {
    it('entries() tells every entry with its state, in the order of the states', async () => {
      const spool = open();
      const { side, dead, retry, queued, lost, waiting } = await filled(spool);
      expect(await read(spool)).toMatchObject([
        { state: 'incoming', header: { id: waiting.id, hook: 'build.failed' }, events: 1 },
        { state: 'queued', header: { id: queued.id }, endpoint: 'a', attempts: 0 },
        { state: 'queued', header: { id: queued.id }, endpoint: 'b', attempts: 0 },
        {
          state: 'retry',
          header: { id: retry.id },
          endpoint: 'a',
          attempts: 2,
          dueMs: 4_102_444_800_000,
        },
        { state: 'unclaimed', header: { id: lost.id, hook: 'lost' }, events: 1 },
        { state: 'dead', header: { id: dead.id }, endpoint: 'a', attempts: 3, why: reason },
      ]);
      await side.close();
    });

    it('entries() goes on after an entry, so that pages of it hold each entry once', async () => {
      const spool = open();
      const { side } = await filled(spool);
      const all = await read(spool);
      const paged: InspectedEntry[] = [];
      for (let after: EntryQuery['after']; ; ) {
        const [next] = await read(spool, after === undefined ? {} : { after });
        if (next === undefined) break;
        paged.push(next);
        after = { state: next.state, endpoint: next.endpoint, id: next.header.id };
        expect(paged.length).toBeLessThanOrEqual(all.length);
      }
      expect(paged).toEqual(all);
      const [dead] = await read(spool, {
        states: ['dead'],
        after: { state: 'dead', endpoint: 'a', id: '0' },
      });
      expect(dead).toMatchObject({ state: 'dead', endpoint: 'a' });
      await side.close();
    });

    it('entries() tells the payload, byte for byte', async () => {
      const spool = open();
      const side = await sideOf(spool);
      const payload = Buffer.from('{"a": 1.0, "a":12345678901234567890}');
      await spool.enqueue(event({ payload }));
      const [entry] = await read(spool);
      expect(Buffer.from(entry!.payload!)).toEqual(payload);
      await side.close();
    });

    it('entries() finds what a query asks for', async () => {
      const spool = open();
      const { side, dead, retry, queued, lost, waiting } = await filled(spool);
      expect(ids(await read(spool, { states: ['dead', 'retry'] }))).toEqual([retry.id, dead.id]);
      expect(ids(await read(spool, { endpoints: ['b'] }))).toEqual([queued.id]);
      expect(ids(await read(spool, { endpoints: ['c'] }))).toEqual([]);
      expect(ids(await read(spool, { hook: 'lost' }))).toEqual([lost.id]);
      expect(ids(await read(spool, { hook: 'build.failed', states: ['queued'] }))).toEqual([]);
      expect(ids(await read(spool, { id: waiting.id.slice(0, -1), hook: 'build.failed' }))).toEqual([
        waiting.id,
      ]);
      expect(ids(await read(spool, { id: 'evt_none' }))).toEqual([]);
      expect(ids(await read(spool, { ids: [dead.id, queued.id, 'evt_none'] }))).toEqual([
        queued.id,
        queued.id,
        dead.id,
      ]);
      expect(ids(await read(spool, { ids: [retry.id, waiting.id, lost.id] }))).toEqual([
        waiting.id,
        retry.id,
        lost.id,
      ]);
      expect(ids(await read(spool, { ids: [dead.id.slice(0, -1)] }))).toEqual([]);
      await side.close();
    });

    it('entries() tells a batch as one entry, and its deliveries one by one', async () => {
      const spool = open();
      const side = await sideOf(spool);
      const { payload: _, ...header } = event();
      const batch = { ...header, payloads: ['1', '2', '3'].map((each) => Buffer.from(each)) };
      await spool.enqueue(batch);
      expect(await read(spool)).toMatchObject([{ state: 'incoming', header: { id: batch.id }, events: 3 }]);
      while ((await fanOut(side, () => ['a'])).more);
      expect(ids(await read(spool))).toEqual([1, 2, 3].map((n) => `${batch.id}_${n}`));
      expect(ids(await read(spool, { id: `${batch.id}_2` }))).toEqual([`${batch.id}_2`]);
      expect(ids(await read(spool, { ids: [`${batch.id}_3`] }))).toEqual([`${batch.id}_3`]);
      expect(ids(await read(spool, { id: batch.id.slice(0, 20) }))).toHaveLength(3);
      await side.close();
    });

    it('entries() tells the events of a batch that is not queued where it is asked to', async () => {
      const spool = open();
      const side = await sideOf(spool);
      const { payload: _, ...header } = event();
      const batch = { ...header, payloads: ['1', '[2, 3]'].map((each) => Buffer.from(each)) };
      await spool.enqueue(batch);
      const told = async (query: EntryQuery) =>
        (await read(spool, { ...query, splitBatches: true })).map(
          ({ header: { id }, payload }) => `${id} ${Buffer.from(payload!).toString()}`,
        );
      const all = [`${batch.id}_1 1`, `${batch.id}_2 [2, 3]`];
      expect(await told({})).toEqual(all);
      expect(await told({ id: `${batch.id}_2` })).toEqual([all[1]]);
      while ((await fanOut(side, () => [])).more);
      expect(await told({ states: ['unclaimed'] })).toEqual(all);
      await side.close();
    });

    it('remove() removes dead, unclaimed and delivered entries by their places, and nothing else', async () => {
      const spool = open();
      const { side } = await filled(spool);
      await spool.enqueue(event({ id: 'made' }));
      while ((await fanOut(side, ({ hook }) => (hook === 'lost' ? [] : ['c']))).more);
      for (const each of (await own.claim(side, 'c', { limit: 10, now: 0 })).deliveries)
        await own.done(side, each, { keepMaxBytes: 1_000 });
      const states = ['queued', 'retry', 'unclaimed', 'dead', 'sent'] as const;
      const before = await read(spool, { states });
      expect(new Set(before.map(({ place }) => place)).size).toBe(before.length);
      async function* places() {
        for (const { place } of before) yield place;
        yield '../../etc/passwd';
        yield 'dead/../lock';
      }
      const gone = before.filter(({ state }) => ['unclaimed', 'dead', 'sent'].includes(state));
      expect(gone.length).toBeGreaterThan(2);
      expect(await spool.remove(places())).toBe(gone.length);
      const left = await read(spool, { states });
      expect(left.map(({ place }) => place)).toEqual(
        before.filter((each) => !gone.includes(each)).map(({ place }) => place),
      );
      expect(await spool.remove(places())).toBe(0);
      await side.close();
    });

    it('entries() tells no delivery that was made', async () => {
      const spool = open();
      const side = await sideOf(spool);
      await spool.enqueue(event());
      await fanOut(side, () => ['a']);
      for (const delivery of (await own.claim(side, 'a', { limit: 1, now: 0 })).deliveries)
        await own.done(side, delivery);
      expect(await read(spool)).toEqual([]);
      await side.close();
    });

    it('health() and answer() tell what is known of endpoints', async () => {
      const spool = open();
      const { side, retry, queued } = await filled(spool);
      const answerTo = ({ id }: { id: string }) => ({
        event: id,
        time: reason.time,
        status: 503,
        body: 'busy',
      });
      (await side.queues.acquireOne('a'))?.noteAnswer(answerTo(queued));
      await side.byId.saveHealth('a', { failures: 2, last: '503' });
      await side.close();
      const { inspection } = spool;
      expect(await inspection.health('a')).toMatchObject({ failures: 2, last: '503' });
      expect(await inspection.health('c')).toEqual({});
      expect(await inspection.answer('a')).toEqual(answerTo(queued));
      expect(await inspection.answer('a', queued.id)).toEqual(answerTo(queued));
      expect(await inspection.answer('a', retry.id)).toEqual(answerTo(retry));
      expect(await inspection.answer('b')).toBeUndefined();
    });

    it('entries() and quarantined() find nothing in a spool that was not used yet', async () => {
      const spool = open();
      expect(await read(spool)).toEqual([]);
      const quarantined = [];
      for await (const entry of spool.inspection.quarantined()) quarantined.push(entry);
      expect(quarantined).toEqual([]);
    });

    it('queueAges() tells what each endpoint is owed by age, with its health', async () => {
      const spool = open();
      const { side, dead, retry, queued } = await filled(spool);
      await side.byId.saveHealth('b', { failures: 1, last: '503' }, { isImmediate: true });
      const ages = async (now: number, endpoints?: string[]) => {
        const found: QueueAges[] = [];
        for await (const each of spool.inspection.queueAges({ now, boundsMs: [1_000, 60_000], endpoints }))
          found.push(each);
        return found;
      };
      const at = ({ time }: { time: string }) => Date.parse(time);
      const a = { endpoint: 'a', waiting: 1, retrying: 1, dead: 1, nextDueMs: 4_102_444_800_000 };
      const b = { endpoint: 'b', waiting: 1, retrying: 0, dead: 0, nextDueMs: undefined };
      expect(at(dead)).toBeLessThan(at(retry));
      expect(await ages(at(retry))).toMatchObject([
        { ...a, counts: [2, 0, 0], oldestAt: at(retry) },
        { ...b, counts: [1, 0, 0], oldestAt: at(queued), health: { failures: 1, last: '503' } },
      ]);
      expect(await ages(at(retry) + 1_000)).toMatchObject([{ counts: [1, 1, 0] }, { counts: [1, 0, 0] }]);
      expect(await ages(at(retry) + 60_000, ['a'])).toMatchObject([{ counts: [0, 1, 1] }]);
      expect((await spool.inspection.endpoints()).toSorted()).toEqual(['a', 'b']);
      await side.close();
    });

    it('queueAges() counts what a batch is still owed', async () => {
      const spool = open();
      const side = await sideOf(spool);
      const { payload: _, ...header } = event();
      const payloads = ['1', '2', '3'].map((each) => Buffer.from(each));
      await spool.enqueue({ ...header, payloads });
      const query = { now: Date.parse(header.time), boundsMs: [1_000] };
      const incoming = { entries: 1, events: 3, counts: [3, 0], oldestAt: query.now };
      expect(await spool.inspection.incomingAges(query)).toEqual(incoming);
      while ((await fanOut(side, () => ['a'])).more);
      const [first] = (await own.claim(side, 'a', { limit: 1, now: 0 })).deliveries;
      await own.done(side, first!);
      const found: QueueAges[] = [];
      for await (const each of spool.inspection.queueAges(query)) found.push(each);
      expect(found).toMatchObject([{ waiting: 2, counts: [2, 0], oldestAt: query.now }]);
      await side.close();
    });

    it('incomingAges() and totals() count what no endpoint has', async () => {
      const spool = open();
      const { side, waiting } = await filled(spool);
      const at = Date.parse(waiting.time);
      expect(await spool.inspection.incomingAges({ now: at + 5, boundsMs: [5] })).toEqual({
        entries: 1,
        events: 1,
        counts: [0, 1],
        oldestAt: at,
      });
      expect(await spool.inspection.totals()).toMatchObject({ unclaimed: 1, corrupt: 0, deadUnrouted: 0 });
      await side.close();
    });

    it('ages and totals of a spool that was not used yet are none', async () => {
      const { inspection } = open();
      const query = { now: 0, boundsMs: [1] };
      const none = { entries: 0, events: 0, counts: [0, 0], oldestAt: undefined };
      expect(await inspection.incomingAges(query)).toEqual(none);
      for await (const each of inspection.queueAges(query)) expect(each).toBeUndefined();
      expect(await inspection.totals()).toMatchObject({ unclaimed: 0, corrupt: 0, deadUnrouted: 0 });
    });
  });
}
