/** What every spool must do with what was delivered and is to be kept, whatever stands behind it. */
import { describe, expect, it } from 'vitest';
import type { EntryQuery, InspectedEntry } from '../../src/spool/inspection.js';
import type { DrainSide, ReplayRequest, RetriedEntry, Spool } from '../../src/spool/spool.js';
import { event } from '../support/builders.js';
import { own } from '../support/own.js';
import { claimAll, fanOut, fanOutAll, farFuture, sideOf } from '../support/spool-kit.js';

const dayMs = 86_400_000;

async function kept(spool: Spool, query: Omit<EntryQuery, 'states'> = {}): Promise<InspectedEntry[]> {
  const entries: InspectedEntry[] = [];
  for await (const entry of spool.inspection.entries({ ...query, states: ['sent'] })) entries.push(entry);
  return entries;
}

const ids = (entries: readonly InspectedEntry[]) => entries.map(({ header }) => header.id).sort();

async function deliverAll(side: DrainSide, endpoint: string, keepMaxBytes?: number): Promise<void> {
  const options = keepMaxBytes === undefined ? undefined : { keepMaxBytes };
  for (const delivery of await claimAll(side, endpoint)) await own.done(side, delivery, options);
}

export function describeSent(name: string, open: () => { spool: Spool; setNow(ms: number): void }): void {
  describe(`sent of ${name}`, () => {
    it('done() keeps what was delivered where it is told to, and nothing else', async () => {
      const { spool, setNow } = open();
      const now = Date.now();
      setNow(now);
      const side = await sideOf(spool);
      const fired = event({ payload: Buffer.from('{"a": 1.0, "a":12345678901234567890}') });
      await spool.enqueue(fired);
      await fanOut(side, () => ['a', 'b']);
      await deliverAll(side, 'a', 1_000);
      await deliverAll(side, 'b');
      const [entry, other] = await kept(spool);
      expect(other).toBeUndefined();
      expect(entry).toMatchObject({
        state: 'sent',
        endpoint: 'a',
        header: { id: fired.id, hook: fired.hook },
      });
      expect(Buffer.from(entry!.payload!)).toEqual(Buffer.from(fired.payload));
      expect(Math.abs(entry!.sentAt! - now)).toBeLessThan(60_000);
      expect(side.byId.owing()).toEqual([]);
      await side.close();
    });

    it('done() keeps what is sent without a queue, and each event of a batch', async () => {
      const { spool, setNow } = open();
      setNow(Date.now());
      const side = await sideOf(spool);
      const single = event();
      await spool.enqueue(single);
      await fanOut(side, () => ['a'], { canSendNow: () => true });
      await deliverAll(side, 'a', 1_000);
      const { payload: _, ...header } = event();
      const payloads = ['1', '[2, 3]'].map((each) => Buffer.from(each));
      await spool.enqueue({ ...header, payloads });
      await fanOutAll(side, () => ['a']);
      await deliverAll(side, 'a', 1_000);
      const entries = await kept(spool, { endpoints: ['a'] });
      expect(ids(entries)).toEqual([single.id, `${header.id}_1`, `${header.id}_2`].sort());
      const second = entries.find((each) => each.header.id === `${header.id}_2`);
      expect(Buffer.from(second!.payload!).toString()).toBe('[2, 3]');
      expect(side.byId.owing()).toEqual([]);
      await side.close();
    });

    it('entries() tells what was delivered only where it is asked for', async () => {
      const { spool, setNow } = open();
      setNow(Date.now());
      const side = await sideOf(spool);
      for (const hook of ['x', 'y']) await spool.enqueue(event({ hook }));
      await fanOutAll(side, () => ['a']);
      await deliverAll(side, 'a', 1_000);
      const all: InspectedEntry[] = [];
      for await (const entry of spool.inspection.entries()) all.push(entry);
      expect(all).toEqual([]);
      expect(await kept(spool, { hook: 'x' })).toHaveLength(1);
      expect(await kept(spool, { endpoints: ['b'] })).toEqual([]);
      await side.close();
    });

    it('pruneSent() removes what was delivered on days that ended too long ago', async () => {
      const { spool, setNow } = open();
      const endOfDay = (Math.floor(Date.now() / dayMs) + 1) * dayMs;
      setNow(endOfDay - 1);
      const side = await sideOf(spool);
      await spool.enqueue(event());
      await fanOut(side, () => ['a', 'b']);
      await deliverAll(side, 'a', 1_000);
      await deliverAll(side, 'b', 1_000);
      const keepMsOf = (endpoint: string) => (endpoint === 'a' ? dayMs : 3 * dayMs);
      setNow(endOfDay + dayMs - 1);
      await spool.pruneSent(keepMsOf);
      expect(await kept(spool)).toHaveLength(2);
      setNow(endOfDay + dayMs);
      await spool.pruneSent(keepMsOf);
      expect((await kept(spool)).map(({ endpoint }) => endpoint)).toEqual(['b']);
      setNow(endOfDay + 3 * dayMs);
      await spool.pruneSent(keepMsOf);
      expect(await kept(spool)).toEqual([]);
      await side.close();
    });

    it('done() removes the oldest where an endpoint has more than its maximum', async () => {
      const { spool, setNow } = open();
      setNow(Date.now());
      const side = await sideOf(spool);
      const payload = Buffer.from(JSON.stringify('x'.repeat(10_000)));
      const fired = Array.from({ length: 40 }, () => event({ payload }));
      for (const each of fired) await spool.enqueue(each);
      await fanOutAll(side, () => ['a', 'b']);
      for (const endpoint of ['a', 'b'])
        for (const delivery of await claimAll(side, endpoint)) {
          await own.done(side, delivery, { keepMaxBytes: endpoint === 'a' ? 100_000 : 1_000_000 });
          await new Promise(setImmediate);
        }
      await side.close();
      const left = ids(await kept(spool, { endpoints: ['a'] }));
      expect(left.length).toBeGreaterThan(5);
      expect(left.length).toBeLessThan(12);
      const newest = fired.map(({ id }) => id).sort();
      expect(left).toEqual(newest.slice(-left.length));
      expect(await kept(spool, { endpoints: ['b'] })).toHaveLength(40);
    });

    /** Three events, delivered to `a` and `b` and kept. */
    async function delivered() {
      const { spool, setNow } = open();
      setNow(Date.now());
      const side = await sideOf(spool);
      const fired = [event({ hook: 'x' }), event({ hook: 'y' }), event({ hook: 'x' })];
      for (const each of fired) await spool.enqueue(each);
      await fanOutAll(side, () => ['a', 'b']);
      for (const endpoint of ['a', 'b']) await deliverAll(side, endpoint, 100_000);
      return { spool, side, setNow, fired: fired.map(({ id }) => id) };
    }

    it('replay() queues again what is selected of what was delivered', async () => {
      const { spool, side, fired } = await delivered();
      const moved = await replayAll(side, { select: { hook: 'x', endpoints: ['a'] } });
      expect(moved.map(({ event: id, endpoint, from }) => `${from} ${endpoint} ${id}`)).toEqual([
        `sent a ${fired[0]}`,
        `sent a ${fired[2]}`,
      ]);
      const claimed = await claimAll(side, 'a', farFuture);
      expect(claimed.map(({ event: { id }, attempts }) => [id, attempts])).toEqual([
        [fired[0], 0],
        [fired[2], 0],
      ]);
      expect(await claimAll(side, 'b', farFuture)).toEqual([]);
      for (const each of claimed) await own.done(side, each, { keepMaxBytes: 100_000 });
      expect(ids(await kept(spool, { endpoints: ['a'] }))).toEqual([...fired].sort());
      await side.close();
    });

    it('replay() that is repeated queues nothing a second time, what was sent again meanwhile neither', async () => {
      const { side, setNow } = await delivered();
      await new Promise((resolve) => setTimeout(resolve, 20));
      const before = Date.now();
      setNow(before + 1);
      const request = { select: { endpoints: ['a'], since: before - 60_000, before } };
      expect(await replayAll(side, request)).toHaveLength(3);
      expect(await replayAll(side, { ...request })).toHaveLength(0);
      for (const each of await claimAll(side, 'a', farFuture))
        await own.done(side, each, { keepMaxBytes: 100_000 });
      expect(await replayAll(side, { ...request })).toHaveLength(0);
      expect(await replayAll(side, { select: { endpoints: ['a'], before: farFuture } })).toHaveLength(3);
      await side.close();
    });

    it('replay() goes by the time of the delivery', async () => {
      const { side } = await delivered();
      const now = Date.now();
      expect(await replayAll(side, { select: { since: now + 60_000 } })).toEqual([]);
      expect(await replayAll(side, { select: { before: now - 60_000 } })).toEqual([]);
      expect(await replayAll(side, { select: { since: now - 60_000 } })).toHaveLength(6);
      await side.close();
    });

    it('replay() makes deliveries due as far apart as its rate says, for each endpoint by itself', async () => {
      const { side, setNow } = await delivered();
      const now = Date.now() + 1_000;
      setNow(now);
      await replayAll(side, { select: {}, rate: { count: 2, perMs: 10_000 } });
      for (const endpoint of ['a', 'b']) {
        expect(await claimAll(side, endpoint, now - 1)).toHaveLength(0);
        expect(await claimAll(side, endpoint, now)).toHaveLength(1);
        expect(await claimAll(side, endpoint, now + 9_999)).toHaveLength(1);
        expect(await claimAll(side, endpoint, now + 10_000)).toHaveLength(1);
      }
      await side.close();
    });

    it('replay() leaves what is not wanted any more', async () => {
      const { spool, side } = await delivered();
      const moved = await replayAll(side, { select: {}, isWanted: (_, endpoint) => endpoint === 'b' });
      expect(moved).toHaveLength(3);
      expect(await kept(spool, { endpoints: ['a'] })).toHaveLength(3);
      await side.close();
    });

    it('retry() queues nothing again that was delivered', async () => {
      const { side } = await delivered();
      expect(await side.retry({ select: {} })).toMatchObject({ entries: [], isDone: true });
      expect(await own.acquire(side)).toEqual([]);
      await side.close();
    });
  });
}

/** All that is replayed, the steps together. */
async function replayAll(side: DrainSide, request: ReplayRequest): Promise<RetriedEntry[]> {
  const entries: RetriedEntry[] = [];
  for (;;) {
    const step = await side.replay(request);
    entries.push(...step.entries);
    if (step.isDone) return entries;
  }
}
