/** How a spool moves what is selected, and takes requests, on every spool. */
import { describe, expect, it } from 'vitest';
import type { ControlRequest, Selection, Wish } from '../../src/spool/spool.js';
import { event } from '../support/builders.js';
import { own } from '../support/own.js';
import { discardAll, fanOut, farFuture } from '../support/spool-kit.js';

import { claimAll, contractKit, ids, type SpoolUnderTest } from './contract-kit.js';

const why = { reason: 'flushed', message: 'it was flushed', time: '2026-11-23T12:00:00.000Z' };

export function describeMoves(name: string, open: () => SpoolUnderTest): void {
  const { opened, fannedOut } = contractKit(open);

  describe(`${name}: requests`, () => {
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
  });
}
