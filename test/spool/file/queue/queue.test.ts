import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { Event } from '../../../../src/event/event.js';
import { createEventId } from '../../../../src/event/event-id.js';
import { eventToBytes } from '../../../../src/event/record.js';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { createQueueWriter } from '../../../../src/spool/file/placing/queue-writer.js';
import { event } from '../../../support/builders.js';
import { type Fault, faultyDisk } from '../../../support/faulty-disk.js';
import {
  claimAll,
  fanOutAll,
  farFuture,
  ids,
  leaseOf,
  madeSpool,
  names,
  quickDir,
  read,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

const why = { reason: 'gave-up', message: 'too old', attempts: 9, time: '2026-11-23T12:00:00.000Z' };

/** An event's file in a directory of the spool. */
function put(root: string, path: string, fired: Event = event()): Event {
  mkdirSync(`${root}/${path.slice(0, path.lastIndexOf('/'))}`, { recursive: true });
  writeFileSync(`${root}/${path}`, eventToBytes(fired));
  return fired;
}

function queued(root: string, endpoint = 'a', fired: Event = event()): Event {
  return put(root, `queue/${endpoint}/00000001/${fired.id}.json`, fired);
}

function leased(root: string, fault?: Fault) {
  return leaseOf(spoolAt(root, fault && { disk: faultyDisk(fault).disk }));
}

describe('claim() over segments', () => {
  it('claim() of an endpoint that is owed nothing makes no call', async () => {
    const root = madeSpool(quickDir());
    let calls = 0;
    const lease = await leased(root, () => {
      calls += 1;
      return undefined;
    });
    const before = calls;
    expect(await lease.claim('a', { limit: 1, now: farFuture })).toMatchObject({
      deliveries: [],
      postponed: [],
    });
    expect(calls).toBe(before);
    await lease.close();
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
    const lease = await leased(root, ({ name, args }) => {
      if (name === 'readdirSync' && /\d{8}$/.test(String(args[0]))) listed.push(String(args[0]).slice(-8));
      return undefined;
    });
    listed.length = 0;
    const found: string[] = [];
    for (;;) {
      const { deliveries } = await lease.claim('a', { limit: 100, now: 0 });
      if (deliveries.length === 0) break;
      found.push(...ids(deliveries));
      expect(listed.at(-1)).toBe(segments[Math.floor((found.length - 1) / 4096)]);
      for (const delivery of deliveries) await lease.done(delivery);
      expect(names(`${root}/queue/a`)).toEqual(segments.slice(Math.floor((found.length - 1) / 4096)));
    }
    expect(found).toEqual(all);
    expect(listed).toEqual(segments);
    await lease.close();
    expect(names(`${root}/queue`)).toEqual([]);
  });

  it('fanOut() begins a new segment when the last one is full, and claim() goes on into it', async () => {
    const root = madeSpool(quickDir());
    const first = event();
    mkdirSync(`${root}/queue/a/00000007`, { recursive: true });
    for (let n = 0; n < 4095; n += 1) symlinkSync('/nowhere', `${root}/queue/a/00000007/~${n}`);
    const spool = spoolAt(root);
    const lease = await leaseOf(spool);
    const [second, third] = [event(), event()];
    for (const each of [first, second, third]) await spool.enqueue(each);
    await fanOutAll(lease, () => ['a']);
    expect(names(`${root}/queue/a/00000008`)).toEqual([second, third].map(({ id }) => `${id}.json`));
    const { deliveries } = await lease.claim('a', { limit: 5000, now: 0 });
    expect(ids(deliveries)).toEqual([first, second, third].map(({ id }) => id));
    await lease.close();
  });

  it('claim() finds a segment that was begun while the one before was being emptied', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    const fired = [queued(root), put(root, 'queue/a/00000002/z.json'), event(), event()];
    const lease = await leaseOf(spool);
    const [first] = (await lease.claim('a', { limit: 1, now: 0 })).deliveries;
    for (const each of fired.slice(2)) await spool.enqueue(each);
    await fanOutAll(lease, () => ['a']);
    const rest = await claimAll(lease, 'a');
    expect(rest.map(text)).toEqual(fired.slice(1).map((each) => text({ event: each })));
    expect(await lease.owed('a')).toBe(4);
    lease.release(first!);
    for (const delivery of rest) await lease.done(delivery);
    expect(names(`${root}/queue/a`)).toEqual(['00000001', '00000002']);
    expect(ids(await claimAll(lease, 'a'))).toEqual([fired[0]!.id]);
    await lease.close();
  });

  it('fanOut() goes on at the right segment after the last but one, or the last one, was emptied and removed', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    const fired = event();
    put(root, `queue/a/00000001/${fired.id}.json`, fired);
    put(root, 'queue/a/00000002/b.json');
    put(root, 'queue/a/00000003/c.json');
    const lease = await leaseOf(spool);
    await spool.enqueue(event());
    await fanOutAll(lease, () => ['a']); // the tail is known now
    for (const delivery of await claimAll(lease, 'a')) await lease.done(delivery);
    expect(names(`${root}/queue/a`)).toEqual(['00000003']);
    const next = event();
    await spool.enqueue(next);
    await fanOutAll(lease, () => ['a']);
    expect(names(`${root}/queue/a/00000003`)).toEqual([`${next.id}.json`]);
    expect(ids(await claimAll(lease, 'a'))).toEqual([next.id]);
    await lease.close();
  });

  it('fanOut() makes a segment anew that was removed as the last one', async () => {
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
    const lease = await leased(root, ({ name, args }) =>
      failing && name === 'readdirSync' && String(args[0]).endsWith('/a/00000001') ? 'EMFILE' : undefined,
    );
    expect(await lease.claim('a', { limit: 1, now: 0 })).toMatchObject({
      deliveries: [],
      postponed: [{ name: 'a', reason: 'it cannot be read now (EMFILE)' }],
    });
    expect(lease.owing()).toEqual(['a']);
    failing = false;
    expect(ids(await claimAll(lease, 'a'))).toEqual([fired.id]);
    await lease.close();
  });

  it('claim() gives a delivery back that cannot be read for want of files at once, at its place', async () => {
    const root = madeSpool(quickDir());
    const [first, second] = [queued(root), queued(root)];
    let failing = true;
    const lease = await leased(root, ({ name, args }) =>
      failing && name === 'openSync' && String(args[0]).endsWith(`queue/a/00000001/${first.id}.json`)
        ? 'EMFILE'
        : undefined,
    );
    expect(await lease.claim('a', { limit: 5, now: 0 })).toMatchObject({
      deliveries: [],
      postponed: [{ name: `${first.id}.json`, reason: 'it cannot be read now (EMFILE)' }],
    });
    expect(await lease.owed('a')).toBe(2);
    expect(ids(await claimAll(lease, 'a'))).toEqual([]);
    failing = false;
    expect(ids(await claimAll(lease, 'a'))).toEqual([first.id, second.id]);
    await lease.close();
  });

  it('release() of several gives each its old place, across segments', async () => {
    const root = madeSpool(quickDir());
    const fired = ['a', 'b', 'c', 'd'].map((id, n) =>
      put(root, `queue/a/0000000${1 + (n >> 1)}/${id}.json`, event({ id })),
    );
    const lease = await leased(root);
    const claimed = await claimAll(lease, 'a');
    for (const n of [2, 0, 3, 1]) lease.release(claimed[n]!);
    expect(ids(await claimAll(lease, 'a'))).toEqual(fired.map(({ id }) => id));
    await lease.close();
  });

  it('done() leaves a segment in which something was given back, or lies that is none of ours', async () => {
    const root = madeSpool(quickDir());
    for (const path of ['00000001/a', '00000001/b', '00000002/c', '00000003/d'])
      put(root, `queue/a/${path}.json`);
    writeFileSync(`${root}/queue/a/00000002/.hidden`, '');
    const lease = await leased(root);
    const [a, b, c] = await claimAll(lease, 'a');
    lease.release(a!);
    await lease.done(b!);
    await lease.done(c!);
    expect(names(`${root}/queue/a`)).toEqual(['00000001', '00000002', '00000003']);
    expect(ids(await claimAll(lease, 'a'))).toEqual([a!.event.id]);
    await lease.close();
  });

  it('claim() of an endpoint named like a segment keeps its retries and its segments apart', async () => {
    const root = madeSpool(quickDir());
    const endpoint = '00000001';
    queued(root, endpoint);
    put(root, `queue/${endpoint}/00000002/z.json`);
    put(root, `retry/${endpoint}/0000000000001.2.x.json`);
    const lease = await leased(root);
    const [retry, first, last] = await claimAll(lease, endpoint, 5);
    expect(retry).toMatchObject({ attempts: 2, event: { id: 'x' } });
    await lease.done(first!);
    expect(names(`${root}/queue/${endpoint}`)).toEqual(['00000002']);
    await lease.done(last!);
    await lease.done(retry!);
    expect(lease.owing()).toEqual([]);
    await lease.close();
  });
});

describe('claim() of what does not belong there', () => {
  const strange: Array<[string, (path: string) => void, RegExp]> = [
    ['a directory', (path) => mkdirSync(path), /directory/],
    ['a symbolic link', (path) => symlinkSync('/etc/passwd', path), /symbolic link/],
    ['a FIFO', (path) => execFileSync('mkfifo', [path]), /not a regular file/],
    ['an empty file', (path) => writeFileSync(path, ''), /empty/],
    ['garbage', (path) => writeFileSync(path, 'garbage'), /./],
  ];
  for (const room of ['queue/a/00000001', 'retry/a']) {
    for (const [what, make, reason] of strange) {
      it(`claim() moves ${what} in ${room} to corrupt/, and goes on`, async () => {
        const root = madeSpool(quickDir());
        mkdirSync(`${root}/${room}`, { recursive: true });
        const name = room === 'retry/a' ? '0000000000001.2.x.json' : 'x.json';
        make(`${root}/${room}/${name}`);
        const good = queued(root);
        const lease = await leased(root);
        const claim = await lease.claim('a', { limit: 2, now: 5 });
        expect(claim.quarantined).toEqual([{ name, reason: expect.stringMatching(reason) }]);
        expect(ids(claim.deliveries)).toEqual([good.id]);
        expect(names(`${root}/corrupt`)).toEqual([name, `${name}.why`]);
        await lease.close();
      });
    }

    it(`claim() moves an event with a name of another kind in ${room} to corrupt/`, async () => {
      const root = madeSpool(quickDir());
      const fired = put(root, `${room}/with a space.json`);
      const lease = await leased(root);
      const { quarantined } = await lease.claim('a', { limit: 1, now: 5 });
      expect(quarantined).toEqual([
        { name: 'with a space.json', reason: 'its name is not that of a delivery' },
      ]);
      expect(read(`${root}/corrupt/with a space.json`)).toBe(eventToBytes(fired).toString());
      await lease.close();
    });

    it(`claim() leaves names in ${room} alone that begin with a dot or are not UTF-8`, async () => {
      const root = madeSpool(quickDir());
      const good = queued(root);
      mkdirSync(`${root}/${room}`, { recursive: true });
      writeFileSync(`${root}/${room}/.hidden`, 'x');
      writeFileSync(Buffer.concat([Buffer.from(`${root}/${room}/`), Buffer.from([0xff])]), 'x');
      const lease = await leased(root);
      expect(ids(await claimAll(lease, 'a', 5))).toEqual([good.id]);
      expect((await lease.claim('a', { limit: 9, now: 5 })).quarantined).toEqual([]);
      await lease.close();
      expect(readdirSync(`${root}/${room}`)).toContain('.hidden');
    });
  }

  it('claim() stops after as many unreadable entries as it may hand out', async () => {
    const root = madeSpool(quickDir());
    for (const id of ['x', 'y', 'z']) put(root, `queue/a/00000001/${id}`);
    const lease = await leased(root);
    expect((await lease.claim('a', { limit: 2, now: 0 })).quarantined).toHaveLength(2);
    expect((await lease.claim('a', { limit: 2, now: 0 })).quarantined).toHaveLength(1);
    await lease.close();
  });

  it('claim() goes on past deliveries that somebody took, and past an unreadable one', async () => {
    const root = madeSpool(quickDir());
    const fired = Array.from({ length: 10 }, () => queued(root));
    const lease = await leased(root, ({ name, args }) => {
      // taken between the listing and the move to corrupt/
      if (name === 'renameSync' && String(args[1]).includes('/corrupt/')) unlinkSync(String(args[0]));
      return undefined;
    });
    expect(ids((await lease.claim('a', { limit: 1, now: 0 })).deliveries)).toEqual([fired[0]!.id]);
    for (const { id } of fired.slice(1, 8)) rmSync(`${root}/queue/a/00000001/${id}.json`);
    writeFileSync(`${root}/queue/a/00000001/${fired[8]!.id}.json`, 'garbage');
    const claim = await lease.claim('a', { limit: 1, now: 0 });
    expect(ids(claim.deliveries)).toEqual([fired[9]!.id]);
    expect(claim.quarantined).toEqual([]);
    await lease.close();
  });

  it('lease() puts aside what stands where a directory belongs, and fanOut() tells of it', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/queue/b`);
    mkdirSync(`${root}/queue/.hidden`);
    writeFileSync(`${root}/queue/.DS_Store`, 'x');
    for (const path of ['queue/a', 'queue/b/00000009', 'retry/a', 'dead/a'])
      writeFileSync(`${root}/${path}`, path);
    symlinkSync('/nowhere', `${root}/queue/loop`);
    mkdirSync(Buffer.concat([Buffer.from(`${root}/queue/`), Buffer.from([0xff])]));
    const spool = spoolAt(root);
    const lease = await leaseOf(spool);
    await spool.enqueue(event());
    const { quarantined, postponed } = await fanOutAll(lease, () => ['a', 'b']);
    expect(postponed).toEqual([]);
    expect(quarantined.map(({ reason }) => reason).sort()).toEqual(
      ['dead/a', 'queue/a', 'queue/b/00000009', 'queue/loop', 'retry/a'].map(
        (path) => `it stood at ${path}, and is no directory`,
      ),
    );
    for (const endpoint of ['a', 'b']) {
      const [delivery] = await claimAll(lease, endpoint);
      if (endpoint === 'a') await lease.bury(delivery!, why);
      else await lease.defer(delivery!, { dueMs: 1, attempts: 1 });
    }
    await lease.close();
    expect(names(`${root}/retry`)).toEqual(['b']);
    expect(names(`${root}/corrupt`).filter((name) => !name.endsWith('.why'))).toEqual([
      '00000009',
      'a',
      'a.1',
      'a.2',
      'loop',
    ]);
  });

  it('lease() goes on where somebody took what it would put aside', async () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/queue/a`, 'x');
    const lease = await leased(root, ({ name }) => {
      if (name === 'renameSync' && existsSync(`${root}/queue/a`)) unlinkSync(`${root}/queue/a`);
      return undefined;
    });
    expect((await lease.fanOut(() => [])).quarantined).toEqual([]);
    await lease.close();
  });
});

describe('settling a delivery', () => {
  async function claimed(fault?: Fault) {
    const root = madeSpool(quickDir());
    const fired = queued(root);
    const lease = await leased(root, fault);
    const [delivery] = await claimAll(lease, 'a');
    return { root, fired, lease, delivery: delivery!, path: `${root}/queue/a/00000001/${fired.id}.json` };
  }

  it('done(), defer() and bury() are fine with a delivery that somebody moved away', async () => {
    for (const settle of ['done', 'defer', 'bury'] as const) {
      const { root, lease, delivery, path, fired } = await claimed();
      renameSync(path, `${root}/../taken`);
      if (settle === 'done') await lease.done(delivery);
      if (settle === 'defer') await lease.defer(delivery, { dueMs: 5, attempts: 1 });
      if (settle === 'bury') await lease.bury(delivery, why);
      expect(lease.owing()).toEqual([]);
      expect(lease.nextDue('a')).toBeUndefined();
      expect(names(`${root}/retry/a`)).toEqual([]);
      expect(names(`${root}/dead/a`)).toEqual(settle === 'bury' ? [`${fired.id}.why.json`] : []);
      await lease.close();
    }
  });

  it('bury() removes the old name where the dead one is the same file already', async () => {
    const { root, lease, delivery, path, fired } = await claimed();
    mkdirSync(`${root}/dead/a`);
    linkSync(path, `${root}/dead/a/${fired.id}.json`);
    await lease.bury(delivery, why);
    expect(existsSync(path)).toBe(false);
    expect(read(`${root}/dead/a/${fired.id}.json`)).toBe(eventToBytes(fired).toString());
    expect(JSON.parse(read(`${root}/dead/a/${fired.id}.why.json`))).toEqual(why);
    expect(names(`${root}/corrupt`)).toEqual([]);
    await lease.close();
  });

  it('defer() removes the old name where the new one is the same file already', async () => {
    const { root, lease, delivery, path, fired } = await claimed();
    const name = `0000000000005.1.${fired.id}.json`;
    mkdirSync(`${root}/retry/a`);
    linkSync(path, `${root}/retry/a/${name}`);
    await lease.defer(delivery, { dueMs: 5, attempts: 1 });
    expect(existsSync(path)).toBe(false);
    expect(ids(await claimAll(lease, 'a', 5))).toEqual([fired.id]);
    await lease.close();
  });

  it('bury() overwrites neither another dead delivery of the same id nor a directory', async () => {
    for (const make of [
      (path: string) => writeFileSync(path, 'another'),
      (path: string) => mkdirSync(path),
    ]) {
      const { root, lease, delivery, fired } = await claimed();
      const name = `${fired.id}.json`;
      mkdirSync(`${root}/dead/a`);
      make(`${root}/dead/a/${name}`);
      await lease.bury(delivery, why);
      expect(read(`${root}/dead/a/${name}`)).toBe(eventToBytes(fired).toString());
      expect(names(`${root}/corrupt`)).toEqual([name, `${name}.why`]);
      await lease.close();
    }
  });

  it('bury() goes on where its reason cannot be written', async () => {
    const { root, lease, delivery, fired } = await claimed(({ name, args }) =>
      name === 'openSync' && String(args[0]).endsWith('.why.json') ? 'ENOSPC' : undefined,
    );
    await lease.bury(delivery, why);
    expect(names(`${root}/dead/a`)).toEqual([`${fired.id}.json`]);
    await lease.close();
  });

  it('defer() and bury() make the rooms of an endpoint durable once', async () => {
    const root = madeSpool(quickDir());
    queued(root);
    queued(root);
    const synced: string[] = [];
    const lease = await leased(root, ({ name, args }) => {
      if (name === 'openSync' && String(args[0]).endsWith('/dead')) synced.push('dead');
      return undefined;
    });
    for (const delivery of await claimAll(lease, 'a')) await lease.bury(delivery, why);
    expect(synced).toEqual(['dead']);
    await lease.close();
  });

  for (const settle of ['done', 'defer', 'bury'] as const) {
    it(`${settle}() rejects in words when the disk fails, and the delivery stays`, async () => {
      let failing = false;
      const { root, lease, delivery, fired } = await claimed(({ name, args }) =>
        failing && (name === 'unlinkSync' || name === 'renameSync') && !String(args[0]).includes('.why')
          ? 'EIO'
          : undefined,
      );
      failing = true;
      const settled = {
        done: () => lease.done(delivery),
        defer: () => lease.defer(delivery, { dueMs: 5, attempts: 1 }),
        bury: () => lease.bury(delivery, why),
      };
      await expect(settled[settle]()).rejects.toMatchObject({
        code: 'SPOOL_WRITE',
        message: expect.stringContaining('the disk reported an error (EIO, spool '),
      });
      failing = false;
      await lease.close();
      const next = await leased(root);
      // One that was made is removed once more at the end.
      expect(ids(await claimAll(next, 'a'))).toEqual(settle === 'done' ? [] : [fired.id]);
      await next.close();
    });
  }

  it('release() of a delivery of another lease is a bug, and is told as one', async () => {
    const { lease, delivery } = await claimed();
    lease.release(delivery);
    expect(() => lease.release(delivery)).toThrow('settled once');
    await expect(lease.done(delivery)).rejects.toThrow('settled once');
    await lease.close();
  });

  it('close() releases the lock even where the last fsync fails, and no timer is left', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let failing = false;
    const root = madeSpool(quickDir());
    queued(root);
    queued(root);
    let released = 0;
    const spool = spoolAt(root, {
      disk: faultyDisk(({ name }) => (failing && name === 'fsyncSync' ? 'EIO' : undefined)).disk,
      takeKernelLock(path) {
        const fd = systemDisk.openSync(path, 'w');
        const { closeSync } = systemDisk;
        released += 1;
        onClose.push(() => closeSync(fd));
        return { kind: 'locked', fd };
      },
    });
    const onClose: Array<() => void> = [];
    const lease = await leaseOf(spool);
    const [first] = await claimAll(lease, 'a');
    await lease.done(first!);
    await lease.saveHealth('a', { failures: 1 });
    failing = true;
    await expect(lease.close()).resolves.toBeUndefined(); // the next lease does it again
    expect(released).toBe(1);
    expect(onClose[0]).toThrow('EBADF');
    expect(read(`${root}/lock`).trim()).toBe('');
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('onHint() gives no hints where watching cannot be had, and stops after an error', async () => {
    const { root, lease } = await claimed();
    const stop = lease.onHint(() => {});
    const handles = (process as unknown as { _getActiveHandles(): object[] })._getActiveHandles();
    const watcher = handles.find(
      (handle) =>
        handle instanceof EventEmitter && 'ref' in handle && handle.constructor.name === 'FSWatcher',
    );
    (watcher as EventEmitter).emit('error', new Error('an error of the watch'));
    stop();
    rmSync(`${root}/incoming`, { recursive: true });
    const none = lease.onHint(() => {
      throw new Error('a hint');
    });
    none();
    mkdirSync(`${root}/incoming`);
    await lease.close();
  });

  it('claim() hands out retries in the order of their due times, those without one first', async () => {
    const root = madeSpool(quickDir());
    for (const name of [
      '0000000000009.1.c.json',
      '0000000000007.3.b.json',
      '0000000000007.2.a.json',
      '5.1.z.json',
    ]) {
      put(root, `retry/a/${name}`);
    }
    const lease = await leased(root);
    const due = await claimAll(lease, 'a', 8);
    expect(ids(due)).toEqual(['z', 'a', 'b']);
    for (const n of [2, 1, 0]) lease.release(due[n]!);
    expect(ids(await claimAll(lease, 'a', 8))).toEqual(['z', 'a', 'b']);
    expect(lease.nextDue('a')).toBe(9);
    expect(lease.nextDue('nobody')).toBeUndefined();
    expect(await lease.owed('nobody')).toBe(0);
    expect(ids(await claimAll(lease, 'a', farFuture))).toEqual(['c']);
    await lease.close();
  });
});
