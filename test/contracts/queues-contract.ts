/** How a drain owns endpoints, on every spool. */
import { describe, expect, it } from 'vitest';
import { event } from '../support/builders.js';
import {
  acquired,
  claimed,
  drainOf,
  ids,
  idsAcquired,
  type OpenSpool,
  queue,
  queued,
  why,
} from './queues-kit.js';

export function describeQueues(name: string, open: OpenSpool): void {
  describe(`${name}: queues`, () => {
    it('acquire() takes each endpoint with something to send once, at most `limit` at a time', async () => {
      const { side } = await queued(open, [event()], ['a', 'b', 'c']);
      const first = await idsAcquired(side, 0, 2);
      const second = await idsAcquired(side, 0, 2);
      expect(first).toHaveLength(2);
      expect([...first, ...second].sort()).toEqual(['a', 'b', 'c']);
      expect(await idsAcquired(side)).toEqual([]);
      await side.close();
    });

    it('claim() of an owned endpoint hands out in order, and its deliveries are finished there', async () => {
      const fired = [event(), event(), event(), event()];
      const { spool, side } = await queued(open, fired);
      const [owned] = await acquired(side);
      const [first, second, third, fourth] = await claimed(owned!);
      expect(ids([first!, second!, third!, fourth!])).toEqual(fired.map(({ id }) => id));
      await owned!.done(first!);
      await owned!.defer(second!, { dueMs: 5_000, attempts: 1 });
      await owned!.bury(third!, why);
      owned!.giveBack(fourth!);
      expect(owned!.nextDue()).toBe(5_000);
      const backlog = [];
      for await (const each of spool.backlog()) backlog.push(each);
      expect(backlog).toMatchObject([{ endpoint: 'a', waiting: 1, retrying: 1, dead: 1 }]);
      await expect(owned!.done(first!)).rejects.toThrow('settled once');
      expect(ids(await claimed(owned!, { now: 5_000 }))).toEqual([fired[1]!.id, fired[3]!.id]);
      await side.close();
    });

    it('acquire() tells again of an endpoint that is ours and has got something since a claim found nothing', async () => {
      const { spool, side } = await queued(open, [event()]);
      const [owned] = await acquired(side);
      const [first] = await claimed(owned!);
      expect(await idsAcquired(side)).toEqual([]);
      await queue({ spool, side }, [event()]);
      expect(await idsAcquired(side)).toEqual(['a']);
      expect(owned!.isOurs()).toBe(true);
      const [second] = await claimed(owned!);
      await owned!.defer(first!, { dueMs: 5_000, attempts: 1 });
      expect(await idsAcquired(side, 4_999)).toEqual([]);
      expect(await idsAcquired(side, 5_000)).toEqual(['a']);
      expect(await claimed(owned!, { now: 4_999 })).toEqual([]);
      owned!.giveBack(second!);
      expect(await idsAcquired(side, 4_999)).toEqual(['a']);
      await side.close();
    });

    it('release() lets an endpoint be acquired again, as soon as it has something to send', async () => {
      const { spool, side } = await queued(open, [event()]);
      const [owned] = await acquired(side);
      await owned!.release();
      expect(owned!.isOurs()).toBe(false);
      expect(await side.queues.nextReady()).toBeLessThanOrEqual(0);
      const [again] = await acquired(side);
      const [delivery] = await claimed(again!);
      await again!.defer(delivery!, { dueMs: 5_000, attempts: 1 });
      await again!.release();
      expect(await side.queues.nextReady()).toBe(5_000);
      expect(await idsAcquired(side, 4_999)).toEqual([]);
      const [third] = await acquired(side, 5_000);
      await third!.done((await claimed(third!, { now: 5_000 }))[0]!);
      await third!.release();
      expect(await side.queues.nextReady()).toBeUndefined();
      expect(await idsAcquired(side, 9_000)).toEqual([]);
      await queue({ spool, side }, [event()]);
      expect(await idsAcquired(side, 9_000)).toEqual(['a']);
      await side.close();
    });

    it('release() until a time keeps an endpoint from being acquired sooner, whatever is queued for it', async () => {
      const { spool, side } = await queued(open, [event()]);
      const [owned] = await acquired(side);
      await owned!.release({ until: 7_000 });
      expect(await side.queues.nextReady()).toBe(7_000);
      await queue({ spool, side }, [event()]);
      expect(await idsAcquired(side, 6_999)).toEqual([]);
      expect(await idsAcquired(side, 7_000)).toEqual(['a']);
      await side.close();
    });

    it('acquire() takes endpoints before their time if it is told so, or the clock was set back', async () => {
      const { side } = await queued(open, [event()], ['a', 'paused']);
      for (const owned of await acquired(side, 1_000))
        await owned.release({ until: owned.id === 'a' ? 7_000 : Infinity });
      expect(await idsAcquired(side, 6_999)).toEqual([]);
      const early = await side.queues.acquire({ limit: 9, now: 6_999, isEarly: true });
      expect(early.map(({ id }) => id).sort()).toEqual(['a', 'paused']);
      for (const owned of early) await owned.release({ until: 9_000 });
      expect(await idsAcquired(side, 6_999)).toEqual([]);
      expect(await idsAcquired(side, 500)).toEqual(['a', 'paused']);
      await side.close();
    });

    it('acquireOne() takes an endpoint before its time, and one that is owed nothing', async () => {
      const { side } = await queued(open, [event()]);
      const [owned] = await acquired(side);
      await owned!.release({ until: Infinity });
      const again = await side.queues.acquireOne('a');
      expect(again!.isOurs()).toBe(true);
      expect(await claimed(again!)).toHaveLength(1);
      const nobody = await side.queues.acquireOne('nobody');
      expect(await claimed(nobody!)).toEqual([]);
      await nobody!.release();
      await side.close();
    });

    it('hold() keeps a delivery of an owned endpoint, and resume() lets it be acquired', async () => {
      const { side } = await queued(open, [event()]);
      const [owned] = await acquired(side);
      owned!.hold((await claimed(owned!))[0]!);
      expect(await claimed(owned!)).toEqual([]);
      await owned!.release({ until: 9_000 });
      expect(side.byId.onHold('a')).toBe(1);
      expect(await idsAcquired(side, 9_000)).toEqual([]);
      side.byId.resume('a');
      expect(await idsAcquired(side, 0)).toEqual(['a']);
      await side.close();
    });

    it('saveHealth() of an owned endpoint is there for its next owner', async () => {
      const { spool, side } = await queued(open, [event()]);
      const [owned] = await acquired(side);
      await owned!.saveHealth({ failures: 2, failedAt: [1, 2] });
      expect(owned!.health()).toMatchObject({ failures: 2 });
      await owned!.release();
      await side.close();
      const next = await drainOf(spool);
      expect((await acquired(next))[0]!.health()).toMatchObject({ failures: 2, failedAt: [1, 2] });
      await next.close();
    });

    it('an event of an id that is in flight to its endpoint can be claimed when that is finished', async () => {
      const fired = event();
      const { spool, side } = await queued(open, [fired]);
      const [owned] = await acquired(side);
      const [first] = await claimed(owned!);
      await owned!.defer(first!, { dueMs: 1, attempts: 1 });
      const [retry] = await claimed(owned!, { now: 1 });
      await queue({ spool, side }, [{ ...fired }]);
      await acquired(side, 1);
      expect(await claimed(owned!, { now: 1 })).toEqual([]);
      await owned!.done(retry!);
      expect(await idsAcquired(side, 1)).toEqual(['a']);
      expect(ids(await claimed(owned!, { now: 1 }))).toEqual([fired.id]);
      await side.close();
    });
  });
}
