import { mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createEventId } from '../../../../src/event/event-id.js';
import { eventToBytes } from '../../../../src/event/record.js';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { createQueueWriter } from '../../../../src/spool/file/placing/queue-writer.js';
import { event } from '../../../support/builders.js';
import { own } from '../../../support/own.js';
import { opened, put, queued } from '../../../support/queue-kit.js';
import {
  claimAll,
  fanOutAll,
  farFuture,
  ids,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

describe('claim() over segments', () => {
  it('claim() of an endpoint that is owed nothing makes no call', async () => {
    const root = madeSpool(quickDir());
    let calls = 0;
    const side = await opened(root, () => {
      calls += 1;
      return undefined;
    });
    const before = calls;
    expect(await own.claim(side, 'a', { limit: 1, now: farFuture })).toMatchObject({
      deliveries: [],
      postponed: [],
    });
    expect(calls).toBe(before);
    await side.close();
  });

  it('claim() keeps 10,000 deliveries in order, with the names of one segment in memory, and empty segments go', async () => {
    const root = madeSpool(quickDir());
    const writer = createQueueWriter(systemDisk, root, () => 'token');
    const source = `${root}/source`;
    const bytes = eventToBytes(event());
    writeFileSync(source, bytes);
    const all = Array.from({ length: 10_000 }, (_, n) => createEventId(n, randomBytes(10)));
    const stat = { ...statSync(source), nlink: 1 };
    for (const id of all)
      writer.put('a', { path: source, bytes, stat, event: event({ id }) }, { isOnly: false });
    await writer.sync();
    const segments = ['00000001', '00000002', '00000003'];
    const sizes = segments.map((segment) => readdirSync(`${root}/queue/a/${segment}`).length);
    expect(sizes).toEqual([4096, 4096, 1808]);

    const listed: string[] = [];
    const side = await opened(root, ({ name, args }) => {
      if (name === 'readdirSync' && /\d{8}$/.test(String(args[0]))) listed.push(String(args[0]).slice(-8));
      return undefined;
    });
    listed.length = 0;
    const found: string[] = [];
    for (;;) {
      const { deliveries } = await own.claim(side, 'a', { limit: 100, now: 0 });
      if (deliveries.length === 0) break;
      found.push(...ids(deliveries));
      expect(listed.at(-1)).toBe(segments[Math.floor((found.length - 1) / 4096)]);
      for (const delivery of deliveries) await own.done(side, delivery);
      expect(names(`${root}/queue/a`)).toEqual(segments.slice(Math.floor((found.length - 1) / 4096)));
    }
    expect(found).toEqual(all);
    expect(listed).toEqual(segments);
    await side.close();
    expect(names(`${root}/queue`)).toEqual([]);
  });

  it('the intake begins a new segment when the last one is full, and claim() goes on into it', async () => {
    const root = madeSpool(quickDir());
    const first = event();
    mkdirSync(`${root}/queue/a/00000007`, { recursive: true });
    for (let n = 0; n < 4095; n += 1) symlinkSync('/nowhere', `${root}/queue/a/00000007/~${n}`);
    const spool = spoolAt(root);
    const side = await sideOf(spool);
    const [second, third] = [event(), event()];
    for (const each of [first, second, third]) await spool.enqueue(each);
    await fanOutAll(side, () => ['a']);
    expect(names(`${root}/queue/a/00000008`)).toEqual([second, third].map(({ id }) => `${id}.json`));
    const { deliveries } = await own.claim(side, 'a', { limit: 5000, now: 0 });
    expect(ids(deliveries)).toEqual([first, second, third].map(({ id }) => id));
    await side.close();
  });

  it('claim() finds a segment that was begun while the one before was being emptied', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    const fired = [queued(root), put(root, 'queue/a/00000002/z.json'), event(), event()];
    const side = await sideOf(spool);
    const [first] = (await own.claim(side, 'a', { limit: 1, now: 0 })).deliveries;
    for (const each of fired.slice(2)) await spool.enqueue(each);
    await fanOutAll(side, () => ['a']);
    const rest = await claimAll(side, 'a');
    expect(rest.map(text)).toEqual(fired.slice(1).map((each) => text({ event: each })));
    expect(await side.byId.owed('a')).toBe(4);
    await own.giveBack(side, first!);
    for (const delivery of rest) await own.done(side, delivery);
    expect(names(`${root}/queue/a`)).toEqual(['00000001', '00000002']);
    expect(ids(await claimAll(side, 'a'))).toEqual([fired[0]!.id]);
    await side.close();
  });

  it('the intake goes on at the right segment after the last but one, or the last one, was emptied and removed', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    const fired = event();
    put(root, `queue/a/00000001/${fired.id}.json`, fired);
    put(root, 'queue/a/00000002/b.json');
    put(root, 'queue/a/00000003/c.json');
    const side = await sideOf(spool);
    await spool.enqueue(event());
    await fanOutAll(side, () => ['a']); // the tail is known now
    for (const delivery of await claimAll(side, 'a')) await own.done(side, delivery);
    expect(names(`${root}/queue/a`)).toEqual(['00000003']);
    const next = event();
    await spool.enqueue(next);
    await fanOutAll(side, () => ['a']);
    expect(names(`${root}/queue/a/00000003`)).toEqual([`${next.id}.json`]);
    expect(ids(await claimAll(side, 'a'))).toEqual([next.id]);
    await side.close();
  });

  it('the intake makes a segment anew that was removed as the last one', async () => {
    const root = madeSpool(quickDir());
    const writer = createQueueWriter(systemDisk, root, () => 'token');
    const fired = event();
    const path = `${root}/source`;
    const bytes = eventToBytes(fired);
    writeFileSync(path, bytes);
    const source = { event: fired, path, bytes, stat: statSync(path) };
    expect(writer.put('a', source, { isOnly: false })).toEqual({ kind: 'put', segment: '00000001' });
    writer.removed('a', '00000009');
    writer.removed('b', '00000001');
    rmSync(`${root}/queue/a/00000001`, { recursive: true });
    writer.removed('a', '00000001');
    expect(writer.put('a', source, { isOnly: false })).toEqual({ kind: 'put', segment: '00000001' });
    await expect(writer.sync()).resolves.toBeUndefined();
  });

  it('claim() keeps a segment for later when it cannot be listed just now', async () => {
    const root = madeSpool(quickDir());
    const fired = queued(root);
    let failing = true;
    const side = await opened(root, ({ name, args }) =>
      failing && name === 'readdirSync' && String(args[0]).endsWith('/a/00000001') ? 'EMFILE' : undefined,
    );
    expect(await own.claim(side, 'a', { limit: 1, now: 0 })).toMatchObject({
      deliveries: [],
      postponed: [{ name: 'a', reason: 'it cannot be read now (EMFILE)' }],
    });
    expect(side.byId.owing()).toEqual(['a']);
    failing = false;
    expect(ids(await claimAll(side, 'a'))).toEqual([fired.id]);
    await side.close();
  });

  it('claim() gives a delivery back that cannot be read for want of files at once, at its place', async () => {
    const root = madeSpool(quickDir());
    const [first, second] = [queued(root), queued(root)];
    let failing = true;
    const side = await opened(root, ({ name, args }) =>
      failing && name === 'openSync' && String(args[0]).endsWith(`queue/a/00000001/${first.id}.json`)
        ? 'EMFILE'
        : undefined,
    );
    expect(await own.claim(side, 'a', { limit: 5, now: 0 })).toMatchObject({
      deliveries: [],
      postponed: [{ name: `${first.id}.json`, reason: 'it cannot be read now (EMFILE)' }],
    });
    expect(await side.byId.owed('a')).toBe(2);
    expect(ids(await claimAll(side, 'a'))).toEqual([]);
    failing = false;
    expect(ids(await claimAll(side, 'a'))).toEqual([first.id, second.id]);
    await side.close();
  });

  it('release() of several gives each its old place, across segments', async () => {
    const root = madeSpool(quickDir());
    const fired = ['a', 'b', 'c', 'd'].map((id, n) =>
      put(root, `queue/a/0000000${1 + (n >> 1)}/${id}.json`, event({ id })),
    );
    const side = await opened(root);
    const claimed = await claimAll(side, 'a');
    for (const n of [2, 0, 3, 1]) await own.giveBack(side, claimed[n]!);
    expect(ids(await claimAll(side, 'a'))).toEqual(fired.map(({ id }) => id));
    await side.close();
  });

  it('done() leaves a segment in which something was given back, or lies that is none of ours', async () => {
    const root = madeSpool(quickDir());
    for (const path of ['00000001/a', '00000001/b', '00000002/c', '00000003/d'])
      put(root, `queue/a/${path}.json`);
    writeFileSync(`${root}/queue/a/00000002/.hidden`, '');
    const side = await opened(root);
    const [a, b, c] = await claimAll(side, 'a');
    await own.giveBack(side, a!);
    await own.done(side, b!);
    await own.done(side, c!);
    expect(names(`${root}/queue/a`)).toEqual(['00000001', '00000002', '00000003']);
    expect(ids(await claimAll(side, 'a'))).toEqual([a!.event.id]);
    await side.close();
  });

  it('claim() of an endpoint named like a segment keeps its retries and its segments apart', async () => {
    const root = madeSpool(quickDir());
    const endpoint = '00000001';
    queued(root, endpoint);
    put(root, `queue/${endpoint}/00000002/z.json`);
    put(root, `retry/${endpoint}/0000000000001.2.x.json`);
    const side = await opened(root);
    const [retry, first, last] = await claimAll(side, endpoint, 5);
    expect(retry).toMatchObject({ attempts: 2, event: { id: 'x' } });
    await own.done(side, first!);
    expect(names(`${root}/queue/${endpoint}`)).toEqual(['00000002']);
    await own.done(side, last!);
    await own.done(side, retry!);
    expect(side.byId.owing()).toEqual([]);
    await side.close();
  });
});
