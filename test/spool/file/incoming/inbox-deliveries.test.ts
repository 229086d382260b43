import { linkSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../../src/event/event.js';
import { eventToBytes } from '../../../../src/event/record.js';
import type { DrainSide, Spool } from '../../../../src/spool/spool.js';
import { event } from '../../../support/builders.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { own } from '../../../support/own.js';
import {
  claimAll,
  discardAll,
  fanOut,
  fanOutAll,
  farFuture,
  filesBelow,
  ids,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

const reason = { reason: 'gave-up', message: 'too old', time: '' };

async function fired(...events: Event[]): Promise<{ root: string; spool: Spool; side: DrainSide }> {
  const root = madeSpool(quickDir());
  const spool = spoolAt(root);
  for (const each of events) await spool.enqueue(each);
  return { root, spool, side: await sideOf(spool) };
}

/** A step of the intake that may leave what goes to one endpoint in `incoming/`. */
function step(side: DrainSide, endpoints: readonly string[] = ['a']) {
  return fanOut(side, () => endpoints, { canSendNow: () => true });
}

describe('place() with endpoints that can be sent to now', () => {
  it('leaves an event with one endpoint in incoming/, and done() removes it there', async () => {
    const { root, side } = await fired(event(), event());
    expect(await step(side)).toMatchObject({ events: 2, deliveries: 2, more: false });
    expect(side.intake.unqueued()).toBe(2);
    expect(await own.acquire(side)).toEqual(['a']);
    expect(side.byId.owing()).toEqual(['a']);
    expect([await side.byId.owed('a'), await side.waiting()]).toEqual([2, 0]);
    const deliveries = await claimAll(side, 'a');
    expect(deliveries).toHaveLength(2);
    expect(side.intake.unqueued()).toBe(0);
    expect(names(`${root}/queue`)).toEqual([]);
    for (const delivery of deliveries) await own.done(side, delivery);
    expect(side.byId.owing()).toEqual([]);
    expect(names(`${root}/incoming`)).toEqual([]);
    await side.close();
  });

  it('queues what has several endpoints, and what is not ours alone', async () => {
    const linked = event();
    const { root, side } = await fired(event(), linked);
    linkSync(`${root}/incoming/${linked.id}.json`, `${root}/tmp/other`);
    await fanOut(side, ({ id }) => (id === linked.id ? ['a'] : ['a', 'b']), { canSendNow: () => true });
    expect(side.intake.unqueued()).toBe(0);
    expect(names(`${root}/incoming`)).toEqual([]);
    expect(await claimAll(side, 'a')).toHaveLength(2);
    await side.close();
  });

  it('queues behind what is queued already, so that the order is kept', async () => {
    const events = [event(), event(), event()];
    const { root, side } = await fired(...events);
    await fanOut(side, ({ id }) => (id === events[1]!.id ? ['a', 'b'] : ['a']), { canSendNow: () => true });
    expect(names(`${root}/incoming`)).toEqual([`${events[0]!.id}.json`]);
    expect(ids(await claimAll(side, 'a'))).toEqual(events.map(({ id }) => id));
    await side.close();
  });

  it('queues with the next step what is not claimed, in the order of the events', async () => {
    const events = [event(), event(), event()];
    const { root, spool, side } = await fired(...events);
    await step(side);
    const [first] = (await own.claim(side, 'a', { limit: 1, now: 0 })).deliveries;
    const later = event();
    await spool.enqueue(later);
    expect(await step(side)).toMatchObject({ events: 1 });
    expect(names(`${root}/incoming`)).toEqual([`${events[0]!.id}.json`]);
    expect(ids(await claimAll(side, 'a'))).toEqual([events[1]!.id, events[2]!.id, later.id]);
    await own.done(side, first!);
    await side.close();
  });

  it('queues what was given back, before what came after it', async () => {
    const events = [event(), event()];
    const { root, side } = await fired(...events);
    await step(side);
    const [first] = (await own.claim(side, 'a', { limit: 1, now: 0 })).deliveries;
    await own.giveBack(side, first!);
    expect(await claimAll(side, 'a')).toEqual([]);
    await step(side);
    expect(names(`${root}/incoming`)).toEqual([]);
    expect(ids(await claimAll(side, 'a'))).toEqual(events.map(({ id }) => id));
    await side.close();
  });

  it('queues the rest when the drain ends', async () => {
    const { root, side } = await fired(event(), event());
    await step(side);
    const [first] = (await own.claim(side, 'a', { limit: 1, now: 0 })).deliveries;
    await own.giveBack(side, first!);
    await side.close();
    expect(names(`${root}/incoming`)).toEqual([]);
    expect(filesBelow(`${root}/queue/a`)).toHaveLength(2);
  });

  it('takes in again what a drain that was killed had in incoming/', async () => {
    const { root, side } = await fired(event());
    await step(side);
    await claimAll(side, 'a');
    const next = await sideOf(spoolAt(root));
    expect(await step(next)).toMatchObject({ events: 1 });
    expect(await claimAll(next, 'a')).toHaveLength(1);
    await next.close();
  });

  it('defer() and bury() move the file from incoming/', async () => {
    const { root, side } = await fired(event(), event());
    await step(side);
    const [first, second] = await claimAll(side, 'a');
    await own.defer(side, first!, { dueMs: 5, attempts: 1 });
    await own.bury(side, second!, { ...reason, attempts: 2 });
    expect(names(`${root}/incoming`)).toEqual([]);
    expect(filesBelow(`${root}/dead/a`)).toContain(`${second!.event.id}.json`);
    const [retry] = await claimAll(side, 'a', farFuture);
    expect(retry).toMatchObject({ event: { id: first!.event.id }, attempts: 1 });
    await own.done(side, retry!);
    expect(side.byId.owing()).toEqual([]);
    await side.close();
  });

  it('defer() keeps no answer of an event whose file was removed meanwhile', async () => {
    const { root, side } = await fired(event());
    await step(side);
    const [delivery] = await claimAll(side, 'a');
    rmSync(`${root}/incoming/${delivery!.event.id}.json`);
    const answer = { event: delivery!.event.id, status: 400, time: '', text: 'no' };
    await own.defer(side, delivery!, { dueMs: 5, attempts: 1, answer });
    await side.close();
    expect(filesBelow(`${root}/answers`).filter((name) => name.includes(answer.event))).toEqual([]);
  });

  it('hold() queues the delivery, which is handed out again', async () => {
    const { side } = await fired(event());
    await step(side);
    const [delivery] = await claimAll(side, 'a');
    await own.hold(side, delivery!);
    expect(await side.byId.owed('a')).toBe(1);
    await step(side);
    expect(await claimAll(side, 'a')).toHaveLength(1);
    await side.close();
  });

  for (const settle of ['done', 'defer', 'bury'] as const) {
    it(`${settle}() leaves another event that came to the file's name, which is taken in`, async () => {
      const { root, side } = await fired(event());
      await step(side);
      const [delivery] = await claimAll(side, 'a');
      const other = { ...delivery!.event, payload: Buffer.from('"another"') };
      writeFileSync(`${root}/tmp/other`, eventToBytes(other));
      renameSync(`${root}/tmp/other`, `${root}/incoming/${other.id}.json`);
      if (settle === 'done') await own.done(side, delivery!);
      if (settle === 'defer') await own.defer(side, delivery!, { dueMs: 5, attempts: 1 });
      if (settle === 'bury') await own.bury(side, delivery!, { ...reason, attempts: 2 });
      expect(await side.waiting()).toBe(1);
      await fanOutAll(side, () => ['a']);
      const [next] = await claimAll(side, 'a', farFuture);
      expect(Buffer.from(next!.event.payload).toString()).toBe('"another"');
      await side.close();
    });
  }

  it('done() leaves another event that was written into the file, as large as the one that was sent', async () => {
    const { root, side } = await fired({ ...event(), payload: Buffer.from('"sent"') });
    await step(side);
    const [delivery] = await claimAll(side, 'a');
    const path = `${root}/incoming/${delivery!.event.id}.json`;
    writeFileSync(path, readFileSync(path, 'utf8').replace('"sent"', '"next"'));
    utimesSync(path, 1, 1);
    await own.done(side, delivery!);
    await fanOutAll(side, () => ['a']);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"next"']);
    await side.close();
  });

  it('done() removes a file whose time alone has changed', async () => {
    const { root, side } = await fired(event());
    await step(side);
    const [delivery] = await claimAll(side, 'a');
    utimesSync(`${root}/incoming/${delivery!.event.id}.json`, 1, 1);
    await own.done(side, delivery!);
    expect(names(`${root}/incoming`)).toEqual([]);
    await side.close();
  });

  it('close() removes what was delivered and could not be removed then', async () => {
    let isRefused = true;
    const { disk } = faultyDisk(({ name, args }) =>
      isRefused && name === 'unlinkSync' && /incoming.*json$/.test(String(args[0])) ? 'EIO' : undefined,
    );
    const { root } = await fired(event());
    const next = await sideOf(spoolAt(root, { disk }));
    await step(next);
    const [delivery] = await claimAll(next, 'a');
    await expect(own.done(next, delivery!)).rejects.toThrow('EIO');
    isRefused = false;
    await next.close();
    expect([names(`${root}/incoming`), filesBelow(`${root}/queue`)]).toEqual([[], []]);
  });

  it('queues what it could not remove from incoming/ after the delivery', async () => {
    const { disk } = faultyDisk(({ name, args }) =>
      name === 'accessSync' && String(args[0]).endsWith('/incoming') ? 'EACCES' : undefined,
    );
    const { root } = await fired(event());
    const side = await sideOf(spoolAt(root, { disk }));
    await step(side);
    expect([side.intake.unqueued(), names(`${root}/incoming`)]).toEqual([0, []]);
    await side.close();
  });

  it('lets another event of the id of one that is sent wait for that, unreported', async () => {
    const first = event();
    const { root, side } = await fired(first);
    await step(side);
    const [delivery] = await claimAll(side, 'a');
    writeFileSync(`${root}/incoming/same-id.json`, eventToBytes({ ...first, payload: Buffer.from('2') }));
    const waiting = await step(side);
    expect(waiting).toMatchObject({ events: 0, postponed: [], more: false });
    expect(waiting.changing).toMatchObject([{ name: 'same-id.json' }]);
    await own.done(side, delivery!);
    expect(await step(side)).toMatchObject({ events: 1, changing: [] });
    await side.close();
  });

  it('takes in two events of one id one after the other', async () => {
    const first = event();
    const { root, side } = await fired(first);
    writeFileSync(`${root}/incoming/same-id.json`, eventToBytes({ ...first, payload: Buffer.from('2') }));
    const payloads: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      expect(await step(side)).toMatchObject({ postponed: [] });
      for (const delivery of await claimAll(side, 'a')) {
        payloads.push(Buffer.from(delivery.event.payload).toString());
        await own.done(side, delivery);
      }
    }
    expect(payloads).toHaveLength(2);
    expect(payloads).toContain('2');
    await side.close();
  });

  it('discard() moves what is not claimed, and names what is', async () => {
    const { root, side } = await fired(event(), event());
    await step(side);
    const [claimed] = (await own.claim(side, 'a', { limit: 1, now: 0 })).deliveries;
    const request = { select: { endpoints: ['a'] }, incoming: true, why: reason };
    const discarded = await discardAll(side, request);
    expect(discarded.claimed).toEqual([{ event: claimed!.event.id, endpoint: 'a' }]);
    expect(discarded.entries).toHaveLength(1);
    expect(names(`${root}/incoming`)).toEqual([`${claimed!.event.id}.json`]);
    await own.done(side, claimed!);
    await side.close();
  });
});
