/** How a drain owns endpoints, on every spool; and how several drains share them, where a spool lets them. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/event/event.js';
import type { ClaimOptions, Delivery, DrainSide, OwnedEndpoint, Spool } from '../../src/spool/spool.js';
import { event } from '../support/builders.js';
import { fanOut } from '../support/spool-kit.js';

/** A spool to test: a new one at each call. */
export type OpenSpool = () => { spool: Spool; setNow(ms: number): void };

const why = { reason: 'gave-up', message: 'too old', attempts: 9, time: '2026-11-23T12:00:00.000Z' };

async function drainOf(spool: Spool): Promise<DrainSide> {
  const result = await spool.join('pass');
  if (!result.joined) throw new Error('the spool is held');
  return result.side;
}

async function queue(
  { spool, side }: { spool: Spool; side: DrainSide },
  fired: readonly Event[],
  endpoints: readonly string[] = ['a'],
): Promise<void> {
  for (const each of fired) await spool.enqueue(each);
  while ((await fanOut(side, () => endpoints)).more);
}

async function queued(open: OpenSpool, fired: readonly Event[], endpoints: readonly string[] = ['a']) {
  const under = open();
  const side = await drainOf(under.spool);
  await queue({ spool: under.spool, side }, fired, endpoints);
  return { ...under, side };
}

async function acquired(side: DrainSide, now = 0, limit = 100): Promise<readonly OwnedEndpoint[]> {
  return side.queues.acquire({ limit, now });
}

async function idsAcquired(side: DrainSide, now = 0, limit = 100): Promise<string[]> {
  return (await acquired(side, now, limit)).map(({ id }) => id).sort();
}

async function claimed(
  owned: OwnedEndpoint,
  options: Partial<ClaimOptions> = {},
): Promise<readonly Delivery[]> {
  return (await owned.claim({ limit: 1000, now: 0, ...options })).deliveries;
}

function ids(deliveries: readonly Delivery[]): string[] {
  return deliveries.map((delivery) => delivery.event.id);
}

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

/** @param open a spool that several drains share; one that makes no call for `leaseMs` is taken for dead */
export function describeSharedQueues(name: string, open: OpenSpool, { leaseMs }: { leaseMs: number }): void {
  async function twoDrains(fired: readonly Event[], endpoints: readonly string[] = ['a']) {
    const { side: one, spool, setNow } = await queued(open, fired, endpoints);
    return { one, other: await drainOf(spool), spool, setNow };
  }

  describe(`${name}: queues that two drains share`, () => {
    it('acquire() gives an endpoint to one drain, with the room that is left there', async () => {
      const { one, other } = await twoDrains([event()], ['a', 'b', 'c']);
      const first = await idsAcquired(one, 0, 1);
      const second = await idsAcquired(other);
      expect(first).toHaveLength(1);
      expect(second).toHaveLength(2);
      expect([...first, ...second].sort()).toEqual(['a', 'b', 'c']);
      expect(await other.queues.acquireOne(first[0]!)).toBeUndefined();
      for (const side of [one, other]) await side.close();
    });

    it('release() hands an endpoint on, with its health, and not before `until`', async () => {
      const { one, other } = await twoDrains([event()]);
      const [owned] = await acquired(one);
      await owned!.saveHealth({ failures: 3 });
      await owned!.release({ until: 5_000 });
      expect(await idsAcquired(other, 4_999)).toEqual([]);
      const [next] = await acquired(other, 5_000);
      expect(next!.health()).toEqual({ failures: 3 });
      expect([owned!.isOurs(), next!.isOurs()]).toEqual([false, true]);
      for (const side of [one, other]) await side.close();
    });

    it('a drain that withdraws leaves its endpoints, and what it had claimed, to the other', async () => {
      const fired = [event(), event()];
      const { one, other } = await twoDrains(fired);
      const [owned] = await acquired(one);
      const [delivery] = await claimed(owned!);
      owned!.giveBack(delivery!);
      await owned!.release();
      const [next] = await acquired(other);
      expect(ids(await claimed(next!))).toEqual(fired.map(({ id }) => id));
      for (const side of [one, other]) await side.close();
    });

    it('close() of one drain leaves the endpoints of the other alone', async () => {
      const { one, other } = await twoDrains([event()], ['a', 'b']);
      const [owned] = await acquired(one, 0, 1);
      const [delivery] = await claimed(owned!);
      await acquired(other);
      await other.close();
      expect(owned!.isOurs()).toBe(true);
      expect(await idsAcquired(one)).toHaveLength(1);
      await owned!.done(delivery!);
      await one.close();
    });

    it('an endpoint of a drain that makes no call is taken over, with what was claimed', async () => {
      const { one, other, setNow } = await twoDrains([event()]);
      setNow(0);
      const [lost] = await acquired(one);
      await claimed(lost!);
      setNow(leaseMs - 1);
      expect(await idsAcquired(other)).toEqual([]);
      setNow(leaseMs);
      const [owned] = await acquired(other);
      expect([lost!.isOurs(), owned!.isOurs()]).toEqual([false, true]);
      expect(await claimed(owned!)).toHaveLength(1);
      for (const side of [one, other]) await side.close();
    });

    it('a drain that makes calls keeps its endpoints', async () => {
      const { one, other, setNow } = await twoDrains([event(), event()]);
      setNow(0);
      const [owned] = await acquired(one);
      const [delivery] = await claimed(owned!, { limit: 1 });
      setNow(leaseMs - 1);
      await owned!.done(delivery!);
      setNow(leaseMs + 1);
      expect(await idsAcquired(other)).toEqual([]);
      for (const side of [one, other]) await side.close();
    });

    it('nothing of a lost endpoint is changed, except that what was delivered is not sent again', async () => {
      const fired = [event(), event(), event(), event(), event()];
      const { one, other, spool, setNow } = await twoDrains(fired);
      setNow(0);
      const [lost] = await acquired(one);
      const [made, deferred, buried, given, held] = await claimed(lost!);
      setNow(leaseMs);
      const [owned] = await acquired(other);
      const again = await claimed(owned!);
      expect(ids(again)).toEqual(fired.map(({ id }) => id));
      await lost!.done(made!);
      await lost!.defer(deferred!, { dueMs: 5_000, attempts: 1 });
      await lost!.bury(buried!, why);
      lost!.giveBack(given!);
      lost!.hold(held!);
      await lost!.saveHealth({ failures: 9 });
      await lost!.release({ until: 9_000 });
      expect(await claimed(lost!)).toEqual([]);
      expect(owned!.isOurs()).toBe(true);
      expect(owned!.health()).toEqual({});
      for await (const { waiting, retrying, dead } of spool.backlog('a'))
        expect({ waiting, retrying, dead }).toEqual({ waiting: 4, retrying: 0, dead: 0 });
      expect(await claimed(owned!)).toEqual([]);
      for (const delivery of again) await owned!.done(delivery);
      expect(await other.byId.owed('a')).toBe(0);
      for (const side of [one, other]) await side.close();
    });
  });
}
