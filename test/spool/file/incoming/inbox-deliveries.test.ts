import { linkSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../../src/event/event.js';
import { eventToBytes } from '../../../../src/event/record.js';
import type { Lease, Spool } from '../../../../src/spool/spool.js';
import { event } from '../../../support/builders.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import {
  claimAll,
  discardAll,
  fanOut,
  fanOutAll,
  farFuture,
  filesBelow,
  ids,
  leaseOf,
  madeSpool,
  names,
  quickDir,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

const reason = { reason: 'gave-up', message: 'too old', time: '' };

async function fired(...events: Event[]): Promise<{ root: string; spool: Spool; lease: Lease }> {
  const root = madeSpool(quickDir());
  const spool = spoolAt(root);
  for (const each of events) await spool.enqueue(each);
  return { root, spool, lease: await leaseOf(spool) };
}

/** A step of the intake that may leave what goes to one endpoint in `incoming/`. */
function step(lease: Lease, endpoints: readonly string[] = ['a']) {
  return fanOut(lease, () => endpoints, { canSendNow: () => true });
}

describe('place() with endpoints that can be sent to now', () => {
  it('leaves an event with one endpoint in incoming/, and done() removes it there', async () => {
    const { root, lease } = await fired(event(), event());
    expect(await step(lease)).toMatchObject({ events: 2, deliveries: 2, more: false });
    expect(lease.intake.unqueued()).toBe(2);
    expect(lease.ready({ now: 0 })).toEqual(['a']);
    expect(lease.owing()).toEqual(['a']);
    expect([await lease.owed('a'), await lease.waiting()]).toEqual([2, 0]);
    const deliveries = await claimAll(lease, 'a');
    expect(deliveries).toHaveLength(2);
    expect(lease.intake.unqueued()).toBe(0);
    expect(names(`${root}/queue`)).toEqual([]);
    for (const delivery of deliveries) await lease.done(delivery);
    expect(lease.owing()).toEqual([]);
    expect(names(`${root}/incoming`)).toEqual([]);
    await lease.close();
  });

  it('queues what has several endpoints, and what is not ours alone', async () => {
    const linked = event();
    const { root, lease } = await fired(event(), linked);
    linkSync(`${root}/incoming/${linked.id}.json`, `${root}/tmp/other`);
    await fanOut(lease, ({ id }) => (id === linked.id ? ['a'] : ['a', 'b']), { canSendNow: () => true });
    expect(lease.intake.unqueued()).toBe(0);
    expect(names(`${root}/incoming`)).toEqual([]);
    expect(await claimAll(lease, 'a')).toHaveLength(2);
    await lease.close();
  });

  it('queues behind what is queued already, so that the order is kept', async () => {
    const events = [event(), event(), event()];
    const { root, lease } = await fired(...events);
    await fanOut(lease, ({ id }) => (id === events[1]!.id ? ['a', 'b'] : ['a']), { canSendNow: () => true });
    expect(names(`${root}/incoming`)).toEqual([`${events[0]!.id}.json`]);
    expect(ids(await claimAll(lease, 'a'))).toEqual(events.map(({ id }) => id));
    await lease.close();
  });

  it('queues with the next step what is not claimed, in the order of the events', async () => {
    const events = [event(), event(), event()];
    const { root, spool, lease } = await fired(...events);
    await step(lease);
    const [first] = (await lease.claim('a', { limit: 1, now: 0 })).deliveries;
    const later = event();
    await spool.enqueue(later);
    expect(await step(lease)).toMatchObject({ events: 1 });
    expect(names(`${root}/incoming`)).toEqual([`${events[0]!.id}.json`]);
    expect(ids(await claimAll(lease, 'a'))).toEqual([events[1]!.id, events[2]!.id, later.id]);
    await lease.done(first!);
    await lease.close();
  });

  it('queues what was given back, before what came after it', async () => {
    const events = [event(), event()];
    const { root, lease } = await fired(...events);
    await step(lease);
    const [first] = (await lease.claim('a', { limit: 1, now: 0 })).deliveries;
    lease.release(first!);
    expect(await claimAll(lease, 'a')).toEqual([]);
    await step(lease);
    expect(names(`${root}/incoming`)).toEqual([]);
    expect(ids(await claimAll(lease, 'a'))).toEqual(events.map(({ id }) => id));
    await lease.close();
  });

  it('queues the rest when the lease is closed', async () => {
    const { root, lease } = await fired(event(), event());
    await step(lease);
    const [first] = (await lease.claim('a', { limit: 1, now: 0 })).deliveries;
    lease.release(first!);
    await lease.close();
    expect(names(`${root}/incoming`)).toEqual([]);
    expect(filesBelow(`${root}/queue/a`)).toHaveLength(2);
  });

  it('takes in again what a drain that was killed had in incoming/', async () => {
    const { root, lease } = await fired(event());
    await step(lease);
    await claimAll(lease, 'a');
    const next = await leaseOf(spoolAt(root));
    expect(await step(next)).toMatchObject({ events: 1 });
    expect(await claimAll(next, 'a')).toHaveLength(1);
    await next.close();
  });

  it('defer() and bury() move the file from incoming/', async () => {
    const { root, lease } = await fired(event(), event());
    await step(lease);
    const [first, second] = await claimAll(lease, 'a');
    await lease.defer(first!, { dueMs: 5, attempts: 1 });
    await lease.bury(second!, { ...reason, attempts: 2 });
    expect(names(`${root}/incoming`)).toEqual([]);
    expect(filesBelow(`${root}/dead/a`)).toContain(`${second!.event.id}.json`);
    const [retry] = await claimAll(lease, 'a', farFuture);
    expect(retry).toMatchObject({ event: { id: first!.event.id }, attempts: 1 });
    await lease.done(retry!);
    expect(lease.owing()).toEqual([]);
    await lease.close();
  });

  it('defer() keeps no answer of an event whose file was removed meanwhile', async () => {
    const { root, lease } = await fired(event());
    await step(lease);
    const [delivery] = await claimAll(lease, 'a');
    rmSync(`${root}/incoming/${delivery!.event.id}.json`);
    const answer = { event: delivery!.event.id, status: 400, time: '', text: 'no' };
    await lease.defer(delivery!, { dueMs: 5, attempts: 1, answer });
    await lease.close();
    expect(filesBelow(`${root}/answers`).filter((name) => name.includes(answer.event))).toEqual([]);
  });

  it('hold() queues the delivery, which is handed out again', async () => {
    const { lease } = await fired(event());
    await step(lease);
    const [delivery] = await claimAll(lease, 'a');
    lease.hold(delivery!);
    expect(await lease.owed('a')).toBe(1);
    await step(lease);
    expect(await claimAll(lease, 'a')).toHaveLength(1);
    await lease.close();
  });

  for (const settle of ['done', 'defer', 'bury'] as const) {
    it(`${settle}() leaves another event that came to the file's name, which is taken in`, async () => {
      const { root, lease } = await fired(event());
      await step(lease);
      const [delivery] = await claimAll(lease, 'a');
      const other = { ...delivery!.event, payload: Buffer.from('"another"') };
      writeFileSync(`${root}/tmp/other`, eventToBytes(other));
      renameSync(`${root}/tmp/other`, `${root}/incoming/${other.id}.json`);
      if (settle === 'done') await lease.done(delivery!);
      if (settle === 'defer') await lease.defer(delivery!, { dueMs: 5, attempts: 1 });
      if (settle === 'bury') await lease.bury(delivery!, { ...reason, attempts: 2 });
      expect(await lease.waiting()).toBe(1);
      await fanOutAll(lease, () => ['a']);
      const [next] = await claimAll(lease, 'a', farFuture);
      expect(Buffer.from(next!.event.payload).toString()).toBe('"another"');
      await lease.close();
    });
  }

  it('done() leaves another event that was written into the file, as large as the one that was sent', async () => {
    const { root, lease } = await fired({ ...event(), payload: Buffer.from('"sent"') });
    await step(lease);
    const [delivery] = await claimAll(lease, 'a');
    const path = `${root}/incoming/${delivery!.event.id}.json`;
    writeFileSync(path, readFileSync(path, 'utf8').replace('"sent"', '"next"'));
    utimesSync(path, 1, 1);
    await lease.done(delivery!);
    await fanOutAll(lease, () => ['a']);
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['"next"']);
    await lease.close();
  });

  it('done() removes a file whose time alone has changed', async () => {
    const { root, lease } = await fired(event());
    await step(lease);
    const [delivery] = await claimAll(lease, 'a');
    utimesSync(`${root}/incoming/${delivery!.event.id}.json`, 1, 1);
    await lease.done(delivery!);
    expect(names(`${root}/incoming`)).toEqual([]);
    await lease.close();
  });

  it('close() removes what was delivered and could not be removed then', async () => {
    let isRefused = true;
    const { disk } = faultyDisk(({ name, args }) =>
      isRefused && name === 'unlinkSync' && /incoming.*json$/.test(String(args[0])) ? 'EIO' : undefined,
    );
    const { root } = await fired(event());
    const next = await leaseOf(spoolAt(root, { disk }));
    await step(next);
    const [delivery] = await claimAll(next, 'a');
    await expect(next.done(delivery!)).rejects.toThrow('EIO');
    isRefused = false;
    await next.close();
    expect([names(`${root}/incoming`), filesBelow(`${root}/queue`)]).toEqual([[], []]);
  });

  it('queues what it could not remove from incoming/ after the delivery', async () => {
    const { disk } = faultyDisk(({ name, args }) =>
      name === 'accessSync' && String(args[0]).endsWith('/incoming') ? 'EACCES' : undefined,
    );
    const { root } = await fired(event());
    const lease = await leaseOf(spoolAt(root, { disk }));
    await step(lease);
    expect([lease.intake.unqueued(), names(`${root}/incoming`)]).toEqual([0, []]);
    await lease.close();
  });

  it('lets another event of the id of one that is sent wait for that, unreported', async () => {
    const first = event();
    const { root, lease } = await fired(first);
    await step(lease);
    const [delivery] = await claimAll(lease, 'a');
    writeFileSync(`${root}/incoming/same-id.json`, eventToBytes({ ...first, payload: Buffer.from('2') }));
    const waiting = await step(lease);
    expect(waiting).toMatchObject({ events: 0, postponed: [], more: false });
    expect(waiting.changing).toMatchObject([{ name: 'same-id.json' }]);
    await lease.done(delivery!);
    expect(await step(lease)).toMatchObject({ events: 1, changing: [] });
    await lease.close();
  });

  it('takes in two events of one id one after the other', async () => {
    const first = event();
    const { root, lease } = await fired(first);
    writeFileSync(`${root}/incoming/same-id.json`, eventToBytes({ ...first, payload: Buffer.from('2') }));
    const payloads: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      expect(await step(lease)).toMatchObject({ postponed: [] });
      for (const delivery of await claimAll(lease, 'a')) {
        payloads.push(Buffer.from(delivery.event.payload).toString());
        await lease.done(delivery);
      }
    }
    expect(payloads).toHaveLength(2);
    expect(payloads).toContain('2');
    await lease.close();
  });

  it('discard() moves what is not claimed, and names what is', async () => {
    const { root, lease } = await fired(event(), event());
    await step(lease);
    const [claimed] = (await lease.claim('a', { limit: 1, now: 0 })).deliveries;
    const request = { select: { endpoints: ['a'] }, incoming: true, why: reason };
    const discarded = await discardAll(lease, request);
    expect(discarded.claimed).toEqual([{ event: claimed!.event.id, endpoint: 'a' }]);
    expect(discarded.entries).toHaveLength(1);
    expect(names(`${root}/incoming`)).toEqual([`${claimed!.event.id}.json`]);
    await lease.done(claimed!);
    await lease.close();
  });
});
