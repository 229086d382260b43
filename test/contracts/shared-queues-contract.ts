/** How several drains share the endpoints of a spool, where a spool lets them. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/event/event.js';
import { event } from '../support/builders.js';
import { acquired, claimed, drainOf, ids, idsAcquired, type OpenSpool, queued, why } from './queues-kit.js';

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
