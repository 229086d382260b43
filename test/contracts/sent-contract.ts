/** What every spool must do with what was delivered and is to be kept, whatever stands behind it. */
import { describe, expect, it } from 'vitest';
import type { EntryQuery, InspectedEntry } from '../../src/spool/inspection.js';
import type { DrainSide, Spool } from '../../src/spool/spool.js';
import { event } from '../support/builders.js';
import { own } from '../support/own.js';
import { claimAll, fanOut, fanOutAll, sideOf } from '../support/spool-kit.js';

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
  });
}
