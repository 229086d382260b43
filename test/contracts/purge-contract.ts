/** What every spool must do when something is to be removed for good, whatever stands behind it. */
import { describe, expect, it } from 'vitest';
import type { InspectedEntry } from '../../src/spool/inspection.js';
import { type PurgeRequest, purgeRooms } from '../../src/spool/purge.js';
import type { DoneOptions, Spool } from '../../src/spool/spool.js';
import { event } from '../support/builders.js';
import { own } from '../support/own.js';
import { claimAll, fanOut, sideOf } from '../support/spool-kit.js';

const why = { reason: 'gave-up', message: 'it failed for too long', attempts: 9 };
const flushed = { reason: 'dropped', message: 'jed dropped it' };
const kept: DoneOptions = { keepMaxBytes: 1_000_000 };

/** A spool with an entry that is owed to `a`, and one in each room. */
async function filled(spool: Spool) {
  const time = new Date().toISOString();
  const side = await sideOf(spool);
  const [dead, other, sent, queued] = [event(), event(), event(), event()];
  const [lost, dropped] = [event({ hook: 'lost' }), event({ hook: 'dropped' })];
  for (const each of [dead, other, sent, queued, lost]) await spool.enqueue(each);
  const route = ({ id }: { id: string }) => (id === lost.id ? [] : id === other.id ? ['b'] : ['a']);
  while ((await fanOut(side, route)).more);
  for (const delivery of [...(await claimAll(side, 'a')), ...(await claimAll(side, 'b'))]) {
    const { id } = delivery.event;
    if (id === dead.id || id === other.id) await own.bury(side, delivery, { ...why, time });
    else if (id === sent.id) await own.done(side, delivery, kept);
    else await own.giveBack(side, delivery);
  }
  await spool.enqueue(dropped);
  const request = { select: { hook: 'dropped' }, incoming: true, why: { ...flushed, time } };
  while (!(await side.discard(request)).isDone);
  return { side, dead, other, sent, queued, lost, dropped };
}

async function purged(spool: Spool, request: Partial<PurgeRequest>): Promise<string[]> {
  const told: string[] = [];
  for await (const { from, endpoint = '-', event: id } of spool.purge({
    rooms: purgeRooms,
    select: {},
    ...request,
  }))
    told.push(`${from} ${endpoint} ${id}`);
  return told.sort();
}

async function left(spool: Spool): Promise<string[]> {
  const entries: InspectedEntry[] = [];
  for (const states of [undefined, ['sent']] as const)
    for await (const entry of spool.inspection.entries({ states })) entries.push(entry);
  return entries.map(({ header }) => header.id).sort();
}

export function describePurge(name: string, open: () => Spool): void {
  describe(`purge() of ${name}`, () => {
    it('purge() of all rooms removes all but what is owed, beside the drain that holds the spool', async () => {
      const spool = open();
      const { side, dead, other, sent, queued, lost, dropped } = await filled(spool);
      const all = [
        `dead - ${dropped.id}`,
        `dead a ${dead.id}`,
        `dead b ${other.id}`,
        `sent a ${sent.id}`,
        `unclaimed - ${lost.id}`,
      ];
      expect(await purged(spool, { isDry: true })).toEqual(all);
      expect(await left(spool)).toHaveLength(6);
      expect(await purged(spool, {})).toEqual(all);
      expect(await purged(spool, {})).toEqual([]);
      expect(await left(spool)).toEqual([queued.id]);
      await side.close();
    });

    it('purge() removes what is in the rooms that are named, and selected', async () => {
      const spool = open();
      const { side, dead, other, sent, queued, lost, dropped } = await filled(spool);
      expect(await purged(spool, { rooms: ['dead'], select: { endpoints: ['b'] } })).toEqual([
        `dead b ${other.id}`,
      ]);
      expect(await purged(spool, { select: { hook: 'lost' } })).toEqual([`unclaimed - ${lost.id}`]);
      expect(await purged(spool, { select: { reasons: ['dropped'] } })).toEqual([`dead - ${dropped.id}`]);
      expect(await purged(spool, { rooms: ['dead'], select: { ids: [sent.id] } })).toEqual([]);
      expect(await purged(spool, { rooms: ['sent'], select: { ids: [sent.id] } })).toEqual([
        `sent a ${sent.id}`,
      ]);
      expect(await purged(spool, { rooms: ['unclaimed'], select: { endpoints: ['a'] } })).toEqual([]);
      expect(await left(spool)).toEqual([dead.id, queued.id].sort());
      await side.close();
    });

    it('purge() goes by when an entry came to its room', async () => {
      const spool = open();
      const { side, dead } = await filled(spool);
      const [past, future] = [Date.now() - 3_600_000, Date.now() + 3_600_000];
      expect(await purged(spool, { rooms: ['dead'], before: past })).toEqual([]);
      expect(await purged(spool, { rooms: ['dead'], after: future })).toEqual([]);
      const young = { rooms: ['dead'], select: { endpoints: ['a'] }, after: past, before: future } as const;
      expect(await purged(spool, young)).toEqual([`dead a ${dead.id}`]);
      await side.close();
    });
  });
}
