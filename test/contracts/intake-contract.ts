/** What the intake and the outbox of every spool must do. */
import { describe, expect, it } from 'vitest';
import { batchMemberId } from '../../src/event/event-id.js';
import type { Entry, Intake } from '../../src/spool/intake.js';
import type { OutboxEntry } from '../../src/spool/outbox.js';
import type { DrainSide, Spool } from '../../src/spool/spool.js';
import { event } from '../support/builders.js';
import { own } from '../support/own.js';
import { claimAll, ids, sideOf } from '../support/spool-kit.js';

export interface IntakeKnobs {
  /** Sets the newest hooks that the spool knows of, where it compares them with those that were used. */
  setNewestHooks?: (hooks: string) => void;
}

/** Takes until this pass is over. */
async function takeAll({ take }: Intake): Promise<Entry[]> {
  const all: Entry[] = [];
  for (;;) {
    const { entries, more } = await take();
    all.push(...entries);
    if (!more) return all;
  }
}

function idsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ header }) => header.id);
}

/** What was handed on, as text. */
function textsOf(entries: readonly OutboxEntry[]): string[][] {
  return entries.map(({ payloads }) => [...payloads()].map((payload) => Buffer.from(payload).toString()));
}

function to(endpoint: string): (entry: Entry) => { entry: Entry; endpoints: string[] } {
  return (entry) => ({ entry, endpoints: [endpoint] });
}

export function describeIntake(name: string, open: () => { spool: Spool } & IntakeKnobs): void {
  async function opened(): Promise<{ spool: Spool; side: DrainSide; knobs: IntakeKnobs }> {
    const { spool, ...knobs } = open();
    return { spool, side: await sideOf(spool), knobs };
  }

  async function fireBatch(spool: Spool, payloads: readonly string[]): Promise<string> {
    const { payload: _, ...header } = event();
    await spool.enqueue({ ...header, payloads: payloads.map((each) => Buffer.from(each)) });
    return header.id;
  }

  describe(`${name}: intake`, () => {
    it('take() gives the oldest entries first, with how many events each has', async () => {
      const { spool, side } = await opened();
      const first = event();
      await spool.enqueue(first);
      const batch = await fireBatch(spool, ['1', '2', '3']);
      const taken = await takeAll(side.intake);
      expect(taken.map(({ header, events }) => [header.id, events])).toEqual([
        [first.id, 1],
        [batch, 3],
      ]);
      expect(taken[0]?.header).toMatchObject({ hook: first.hook, time: first.time });
      expect(await spool.waiting()).toBe(2);
      await side.close();
    });

    it('take() says that there is more until all were taken, once each', async () => {
      const { spool, side } = await opened();
      const fired = [];
      for (let n = 0; n < 300; n += 1) fired.push(event());
      for (const each of fired) await spool.enqueue(each);
      expect(idsOf(await takeAll(side.intake))).toEqual(
        idsOf(fired.map((header) => ({ header, events: 1 }))),
      );
      await side.close();
    });

    it('take() gives entries that were not placed again in the next pass, also to the next drain', async () => {
      const { spool, side } = await opened();
      const [left, placed] = [event(), event()];
      for (const each of [left, placed]) await spool.enqueue(each);
      const { entries, more } = await side.intake.take();
      expect([idsOf(entries), more]).toEqual([[left.id, placed.id], false]);
      expect(await side.intake.place([entries[1]!].map(to('a')))).toMatchObject({ events: 1, more: false });
      expect(idsOf((await side.intake.take()).entries)).toEqual([left.id]);
      await side.close();
      const next = await sideOf(spool);
      expect(idsOf(await takeAll(next.intake))).toEqual([left.id]);
      expect(ids(await claimAll(next, 'a'))).toEqual([placed.id]);
      await next.close();
    });

    it('place() makes a delivery for each endpoint, of each event of a batch', async () => {
      const { spool, side } = await opened();
      const batch = await fireBatch(spool, ['1', '2']);
      const [entry] = await takeAll(side.intake);
      expect(await side.intake.place([{ entry: entry!, endpoints: ['a', 'b'] }])).toMatchObject({
        events: 2,
        deliveries: 4,
        unclaimed: [],
        isStale: false,
      });
      for (const endpoint of ['a', 'b'])
        expect(ids(await claimAll(side, endpoint))).toEqual([1, 2].map((n) => batchMemberId(batch, n)));
      expect(await spool.waiting()).toBe(0);
      await side.close();
    });

    it('place() can be called several times for what was taken', async () => {
      const { spool, side } = await opened();
      const fired = [event(), event()];
      for (const each of fired) await spool.enqueue(each);
      const { entries } = await side.intake.take();
      for (const entry of entries) await side.intake.place([entry].map(to(entry.header.id.toLowerCase())));
      for (const { id } of fired) expect(ids(await claimAll(side, id.toLowerCase()))).toEqual([id]);
      await side.close();
    });

    it('place() of an event that can be sent now makes a delivery that is claimed and finished as any other', async () => {
      const { spool, side } = await opened();
      const fired = [event(), event(), event()];
      for (const each of fired) await spool.enqueue(each);
      const { entries } = await side.intake.take();
      const routed = entries.map((entry) => ({ entry, endpoints: ['a'], canSendNow: true }));
      expect(await side.intake.place(routed)).toMatchObject({ events: 3, deliveries: 3 });
      expect(await own.acquire(side)).toEqual(['a']);
      const [first, second] = await claimAll(side, 'a');
      await own.done(side, first!);
      await own.defer(side, second!, { dueMs: 5, attempts: 1 });
      await side.close();
      const next = await sideOf(spool);
      await takeAll(next.intake).then((left) => next.intake.place(left.map(to('a'))));
      expect(ids(await claimAll(next, 'a', 10)).sort()).toEqual([fired[1]!.id, fired[2]!.id].sort());
      await next.close();
    });

    it('place() keeps what nobody gets, unless it is to be dropped', async () => {
      const { spool, side } = await opened();
      const [kept, dropped] = [event(), event()];
      for (const each of [kept, dropped]) await spool.enqueue(each);
      const { entries } = await side.intake.take();
      const routed = entries.map((entry) => ({
        entry,
        endpoints: [],
        isDropped: entry.header.id === dropped.id,
      }));
      const { unclaimed } = await side.intake.place(routed);
      expect(unclaimed.map(({ id, isKept }) => [id, isKept])).toEqual([
        [kept.id, true],
        [dropped.id, false],
      ]);
      expect(await spool.restoreUnclaimed()).toBe(1);
      await side.close();
    });

    it('place() places nothing by hooks that are not the newest, where the spool knows those', async () => {
      const { spool, side, knobs } = await opened();
      await spool.enqueue(event());
      const { entries } = await side.intake.take();
      knobs.setNewestHooks?.('new');
      const placement = await side.intake.place(entries.map(to('a')), { hooks: () => 'old' });
      const isStale = knobs.setNewestHooks !== undefined;
      expect(placement).toMatchObject({ isStale, events: isStale ? 0 : 1 });
      expect(await spool.waiting()).toBe(isStale ? 1 : 0);
      if (isStale)
        expect(await side.intake.place(entries.map(to('b')), { hooks: () => 'new' })).toMatchObject({
          isStale: false,
          events: 1,
        });
      expect(side.byId.owing()).toEqual([isStale ? 'b' : 'a']);
      await side.close();
    });

    it('remove() removes what was taken, for good', async () => {
      const { spool, side } = await opened();
      await spool.enqueue(event());
      await fireBatch(spool, ['1', '2']);
      const left = event();
      await spool.enqueue(left);
      for (let more = true; more; ) {
        const taken = await side.intake.take();
        await side.intake.remove(taken.entries.filter(({ header }) => header.id !== left.id));
        ({ more } = taken);
      }
      expect(await spool.waiting()).toBe(1);
      expect(side.byId.owing()).toEqual([]);
      await side.close();
      const next = await sideOf(spool);
      expect(idsOf(await takeAll(next.intake))).toEqual([left.id]);
      await next.close();
    });
  });

  describe(`${name}: outbox`, () => {
    it('handOn() hands on the oldest entries with their payloads, which are gone when it resolves', async () => {
      const { spool, side } = await opened();
      const fired = event({ payload: Buffer.from('{"a": 1.0}') });
      await spool.enqueue(fired);
      const batch = await fireBatch(spool, ['1', '"two"']);
      const handed: Array<{ id: string; isBatch: boolean; texts: string[][] }> = [];
      let events = 0;
      for (let more = true; more; ) {
        const step = await side.outbox.handOn(async (entries) => {
          for (const entry of entries)
            handed.push({ id: entry.header.id, isBatch: entry.isBatch, texts: textsOf([entry]) });
        });
        ({ more } = step);
        events += step.events;
      }
      expect(handed).toEqual([
        { id: fired.id, isBatch: false, texts: [['{"a": 1.0}']] },
        { id: batch, isBatch: true, texts: [['1', '"two"']] },
      ]);
      expect([events, await spool.waiting(), side.byId.owing()]).toEqual([3, 0, []]);
      await side.close();
      const next = await sideOf(spool);
      expect(await takeAll(next.intake)).toEqual([]);
      await next.close();
    });

    it('handOn() does not call back where nothing was accepted', async () => {
      const { side } = await opened();
      const step = await side.outbox.handOn(() => Promise.reject(new Error('called')));
      expect(step).toMatchObject({ events: 0, more: false });
      await side.close();
    });

    it('handOn() keeps everything, and hands it on again, where the callback rejects', async () => {
      const { spool, side } = await opened();
      const fired = event();
      await spool.enqueue(fired);
      const error = Object.assign(new Error('no connection'), { code: 'ECONNREFUSED' });
      await expect(side.outbox.handOn(() => Promise.reject(error))).rejects.toBe(error);
      expect(await spool.waiting()).toBe(1);
      const again: string[] = [];
      const step = await side.outbox.handOn(async (entries) => void again.push(...idsOf(entries)));
      expect([again, step.events, await spool.waiting()]).toEqual([[fired.id], 1, 0]);
      await side.close();
    });

    it('handOn() keeps what it was handing on when the drain ended', async () => {
      const { spool, side } = await opened();
      const fired = event();
      await spool.enqueue(fired);
      let isCalled = () => {};
      const called = new Promise<void>((resolve) => (isCalled = resolve));
      const handing = side.outbox.handOn(() => {
        isCalled();
        return new Promise(() => {});
      });
      handing.catch(() => {});
      await called;
      await side.close();
      const next = await sideOf(spool);
      expect(idsOf(await takeAll(next.intake))).toEqual([fired.id]);
      await next.close();
    });
  });
}
