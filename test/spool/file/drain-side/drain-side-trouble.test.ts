/** The drain's side of a spool gives each delivery once, and loses none, whatever fails beneath it. */
import { linkSync, mkdirSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventToBytes } from '../../../../src/event/record.js';
import { drainRooms } from '../../../../src/spool/file/disk/layout.js';
import type { Delivery, DrainSide } from '../../../../src/spool/spool.js';
import { event } from '../../../support/builders.js';
import { type Fault, faultyDisk } from '../../../support/faulty-disk.js';
import { own } from '../../../support/own.js';
import {
  claimAll,
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
} from '../../../support/spool-kit.js';

/** A spool on a disk that fails as `trouble.fault` says at the time. */
function troubled() {
  const root = madeSpool(quickDir());
  const trouble: { fault: Fault; passedMs: number } = { fault: () => undefined, passedMs: 0 };
  const now = () => Date.now() + trouble.passedMs;
  const spool = spoolAt(root, { now, disk: faultyDisk((call) => trouble.fault(call)).disk });
  const fire = async (id: string, payload = '1') =>
    spool.enqueue(event({ id, payload: Buffer.from(payload) }), { chosenId: true });
  return { root, trouble, spool, fire };
}

describe('what a drain is given', () => {
  it('is handed out once where a delivery joins retries that were not listed yet', async () => {
    const { root, spool, fire } = troubled();
    const first = await sideOf(spool);
    await fire('r');
    await fanOutAll(first, () => ['a']);
    await own.defer(first, (await claimAll(first, 'a'))[0]!, { dueMs: farFuture, attempts: 1 });
    await fire('w');
    await fanOutAll(first, () => ['a']);
    await first.close();
    const side = await sideOf(spool);
    const [waiting] = (await own.claim(side, 'a', { limit: 1, now: 1, probe: ['other'] })).deliveries;
    await own.defer(side, waiting!, { dueMs: 1_000, attempts: 1 });
    expect(names(`${root}/retry/a`)).toHaveLength(2);
    expect(await side.byId.owed('a')).toBe(2);
    expect(ids((await own.claim(side, 'a', { limit: 10, now: 2_000 })).deliveries)).toEqual(['w']);
    await side.close();
  });

  it.each([[['a']], [['a', 'b']]])(
    'is not of a step that begins as it is claimed, for %j',
    async (endpoints) => {
      const { spool, fire } = troubled();
      const first = await sideOf(spool);
      await fire('1');
      await fanOutAll(first, () => endpoints);
      await first.close();
      const side = await sideOf(spool);
      await fire('2');
      const claiming = own.claim(side, 'a', { limit: 8, now: 1 });
      await fanOut(side, () => endpoints);
      const claimed = [...(await claiming).deliveries, ...(await claimAll(side, 'a'))];
      expect(ids(claimed).sort()).toEqual(['1', '2']);
      expect(await side.byId.owed('a')).toBe(2);
      await side.close();
    },
  );

  it('has what the undoing of a failed intake has left, once its intake was repeated', async () => {
    const { trouble, spool, fire } = troubled();
    const side = await sideOf(spool);
    await fire('1');
    await fanOutAll(side, () => ['a', 'b']);
    expect([...(await claimAll(side, 'a')), ...(await claimAll(side, 'b'))]).toHaveLength(2);
    await fire('2');
    trouble.fault = ({ name, args }) => {
      if (name === 'linkSync' && String(args[1]).includes('/queue/b/')) return 'EIO';
      return name === 'unlinkSync' && String(args[0]).includes('/queue/a/') ? 'EIO' : undefined;
    };
    expect((await fanOut(side, () => ['a', 'b'])).postponed).toHaveLength(1);
    expect((await own.claim(side, 'a', { limit: 1, now: 1 })).deliveries).toEqual([]);
    trouble.fault = () => undefined;
    expect((await fanOutAll(side, () => ['a', 'b'])).postponed).toEqual([]);
    await fanOutAll(side, () => ['a', 'b']);
    for (const endpoint of ['a', 'b']) expect(ids(await claimAll(side, endpoint))).toEqual(['2']);
    await side.close();
  });
});

describe('a delivery that cannot be read just now', () => {
  async function queued(errno: string) {
    const { root, trouble, spool, fire } = troubled();
    const side = await sideOf(spool);
    for (const id of ['a', 'b', 'c', 'd']) await fire(id);
    await fanOutAll(side, () => ['chat']);
    await side.close();
    const isBad = (path: string) => path.includes('/queue/') && /[ab]\.json$/.test(path);
    trouble.fault = ({ name, args }) => (name === 'openSync' && isBad(String(args[0])) ? errno : undefined);
    return { root, trouble, side: await sideOf(spool) };
  }
  const next = (side: DrainSide, inOrder = false) => own.claim(side, 'chat', { limit: 1, now: 1, inOrder });

  it('does not hold up those behind it, and is tried again after 5 seconds', async () => {
    const { trouble, side } = await queued('EIO');
    for (const name of ['a.json', 'b.json']) {
      const postponed = [{ name, reason: 'it cannot be read now (EIO)' }];
      expect(await next(side)).toEqual({ deliveries: [], quarantined: [], postponed, goesOn: true });
    }
    const [c] = (await next(side)).deliveries;
    expect(c?.event.id).toBe('c');
    await own.done(side, c!);
    trouble.fault = () => undefined;
    await fanOutAll(side, () => ['chat']);
    expect(ids(await claimAll(side, 'chat'))).toEqual(['d']);
    trouble.passedMs = 5_000;
    await fanOutAll(side, () => ['chat']);
    expect(ids(await claimAll(side, 'chat'))).toEqual(['a', 'b']);
    expect(await next(side)).toMatchObject({ deliveries: [], goesOn: false });
    await side.close();
  });

  it('holds them up where all is in order, and where it is this machine that cannot read', async () => {
    const inOrder = await queued('EIO');
    for (let n = 0; n < 2; n += 1)
      expect(await next(inOrder.side, true)).toMatchObject({
        postponed: [{ name: 'a.json' }],
        goesOn: false,
      });
    await inOrder.side.close();
    const { side } = await queued('EMFILE');
    expect(await next(side)).toMatchObject({ postponed: [{ name: 'a.json' }], goesOn: false });
    await side.close();
  });
});

describe('done() after an fsync has failed in the background', () => {
  async function failed() {
    const { root, trouble, spool, fire } = troubled();
    const side = await sideOf(spool);
    for (const id of ['a', 'b']) await fire(id);
    await fanOutAll(side, () => ['chat']);
    const [a, b] = await claimAll(side, 'chat');
    trouble.fault = ({ name }) => (name === 'fsync' ? 'EIO' : undefined);
    await own.done(side, a!);
    await sleep(120); // a group is fsynced 50 ms after its first change
    trouble.fault = () => undefined;
    return { root, side, b: b!, fire };
  }

  it('tells of it, and removes the delivery at close()', async () => {
    const { root, side, b } = await failed();
    await expect(own.done(side, b)).rejects.toThrow(/EIO/);
    await side.close();
    expect(filesBelow(`${root}/queue`)).toEqual([]);
  });

  it('does not send it again in this drain either, and then removes it', async () => {
    const { root, side, b } = await failed();
    await expect(own.done(side, b)).rejects.toThrow(/EIO/);
    await own.giveBack(side, b);
    const [again] = await claimAll(side, 'chat');
    expect(again?.event.id).toBe('b'); // whoever has made it knows that
    await own.done(side, again!);
    expect(filesBelow(`${root}/queue`)).toEqual([]);
    await side.close();
  });

  it('does not take away another event that has its id since', async () => {
    const { root, side, b, fire } = await failed();
    await expect(own.done(side, b)).rejects.toThrow(/EIO/);
    await fire('b', '"another"');
    await fanOutAll(side, () => ['chat']);
    await side.close();
    expect(filesBelow(root).filter((path) => path.endsWith('/b.json'))).toEqual([
      'queue/chat/00000002/b.json',
    ]);
  });

  it.each([
    ['defer', { dueMs: 1, attempts: 1 }],
    ['bury', { reason: 'refused', message: '', attempts: 1, time: '' }],
  ] as const)('%s() tells of it instead, and the claim can be given back', async (method, options) => {
    const { root, side, b } = await failed();
    const owned = await own.endpoint(side, 'chat');
    await expect(owned[method](b, options as never)).rejects.toThrow(/EIO/);
    owned.giveBack(b);
    const [again] = await claimAll(side, 'chat');
    await owned[method](again!, options as never);
    await side.close();
    expect(filesBelow(`${root}/queue`)).toEqual([]);
  });
});

describe('an endpoint whose files cannot be put in order', () => {
  const cases: Array<[string, string, (call: Parameters<Fault>[0]) => boolean]> = [
    [
      'cannot be listed',
      'EACCES',
      ({ name, args: [path] }) => name === 'readdirSync' && /queue\/bad$/.test(`${path}`),
    ],
    [
      'has a batch that cannot be read',
      'EIO',
      ({ name, args: [path] }) => name === 'openSync' && /queue\/bad\/.*l$/.test(`${path}`),
    ],
    [
      'has a segment that nothing can be removed from',
      'EACCES',
      ({ name, args: [path] }) => name === 'accessSync' && /queue\/bad\/0/.test(`${path}`),
    ],
  ];
  it.each(cases)(
    'where one %s, keeps none from others, and what it is owed stays',
    async (_what, errno, isBad) => {
      const { root, trouble, spool, fire } = troubled();
      const first = await sideOf(spool);
      writeFileSync(`${root}/incoming/b.jsonl`, '{"id":"b","hook":"x"}\n1\n2\n');
      await fanOutAll(first, () => ['bad']);
      await fire('1');
      await fanOutAll(first, () => ['good']);
      await first.close();
      writeFileSync(`${root}/queue/bad/00000001.2.b/b.done`, '>.'); // killed as it was about to get a file of its own
      trouble.fault = (call) => (isBad(call) ? errno : undefined);
      const side = await sideOf(spool);
      expect(await fanOutAll(side, () => [])).toMatchObject({ quarantined: [], postponed: [] });
      expect(ids(await claimAll(side, 'good'))).toEqual(['1']);
      const { deliveries, postponed } = await own.claim(side, 'bad', { limit: 1, now: 1 });
      expect(deliveries).toEqual([]);
      expect(postponed).toEqual([expect.objectContaining({ reason: `it cannot be read now (${errno})` })]);
      expect(side.byId.owing()).toContain('bad');
      expect(await side.byId.owed('bad')).toBeGreaterThan(0);
      expect(filesBelow(`${root}/queue/bad`)).toEqual(['00000001.2.b/b.done', '00000001.2.b/b.jsonl']);
      trouble.fault = () => undefined;
      mkdirSync(`${root}/dead/bad`);
      writeFileSync(
        `${root}/dead/bad/b_1.json`,
        eventToBytes({ id: 'b_1', hook: 'x', time: '2026-01-01T00:00:00.000Z', payload: Buffer.from('1') }),
      );
      expect(ids(await claimAll(side, 'bad'))).toEqual(
        errno === 'EACCES' && !isBad({ name: 'readdirSync', args: [`${root}/queue/bad`] } as never)
          ? ['b_1', 'b_2']
          : ['b_2'],
      );
      await side.close();
    },
  );

  it('where it is retries that nothing can be removed from, none is sent', async () => {
    const { root, trouble, spool, fire } = troubled();
    const first = await sideOf(spool);
    await fire('1');
    await fanOutAll(first, () => ['bad']);
    await own.defer(first, (await claimAll(first, 'bad'))[0]!, { dueMs: 1, attempts: 1 });
    await first.close();
    const [retry] = names(`${root}/retry/bad`);
    const path = `${root}/retry/bad`;
    trouble.fault = ({ name, args }) => (name === 'accessSync' && args[0] === path ? 'EACCES' : undefined);
    const side = await sideOf(spool);
    expect(await own.claim(side, 'bad', { limit: 1, now: 2 })).toMatchObject({
      deliveries: [],
      goesOn: false,
    });
    await side.close();
    expect(names(path)).toEqual([retry]);
  });

  it('where this machine cannot open more files, there is no drain', async () => {
    const { root, trouble, spool } = troubled();
    mkdirSync(`${root}/queue/a`);
    trouble.fault = ({ name, args }) =>
      name === 'readdirSync' && `${args[0]}`.endsWith('/a') ? 'EMFILE' : undefined;
    await expect(spool.join('pass')).rejects.toMatchObject({ code: 'TEMPORARY' });
  });
});

describe('directories that somebody has removed', () => {
  it.each(drainRooms)('%s/ is made anew by the next drain', async (room) => {
    const { root, spool, fire } = troubled();
    rmSync(`${root}/${room}`, { recursive: true });
    expect(await spool.idle()).toBe(false);
    const side = await sideOf(spool);
    expect(statSync(`${root}/${room}`).mode & 0o777).toBe(0o700);
    await fire('1');
    await fanOutAll(side, () => ['a']);
    await own.done(side, (await claimAll(side, 'a'))[0]!);
    await side.close();
    expect(await spool.idle()).toBe(true);
  });

  it.each(['corrupt', 'dead', 'dead/a', 'retry', 'retry/a'])(
    '%s/ is made anew while a drain runs',
    async (gone) => {
      const { root, spool, fire } = troubled();
      const side = await sideOf(spool);
      const why = { reason: 'refused', message: '', attempts: 1, time: '' };
      async function claimed(id: string): Promise<Delivery> {
        await fire(id);
        await fanOutAll(side, () => ['a']);
        const [delivery] = await claimAll(side, 'a');
        return delivery!;
      }
      async function useAll(n: number): Promise<void> {
        await own.bury(side, await claimed(`dead${n}`), why);
        await own.defer(side, await claimed(`retry${n}`), { dueMs: farFuture, attempts: 1 });
        writeFileSync(`${root}/incoming/bad${n}.json`, 'garbage');
        expect((await fanOutAll(side, () => ['a'])).quarantined).toHaveLength(1);
      }
      await useAll(1);
      rmSync(`${root}/${gone}`, { recursive: true });
      await useAll(2);
      const files = filesBelow(root);
      for (const file of ['dead/a/dead2.json', `retry/a/${farFuture}.1.retry2.json`, 'corrupt/bad2.json'])
        expect(files).toContain(file);
      expect(filesBelow(`${root}/queue`)).toEqual([]);
      await side.close();
    },
  );
});

describe('close()', () => {
  it('removes what could not be removed before, whatever else still cannot be', async () => {
    const { root, trouble, spool, fire } = troubled();
    const side = await sideOf(spool);
    for (const id of ['a', 'b', 'c']) await fire(id);
    await fanOutAll(side, () => ['chat']);
    const claimed = await claimAll(side, 'chat');
    const failing = (end: string): Fault => {
      return ({ name, args }) => (name === 'unlinkSync' && String(args[0]).endsWith(end) ? 'EIO' : undefined);
    };
    trouble.fault = failing('.json');
    for (const delivery of claimed) await expect(own.done(side, delivery)).rejects.toThrow(/EIO/);
    trouble.fault = failing('/a.json');
    await side.close();
    expect(filesBelow(`${root}/queue`)).toEqual(['chat/00000001/a.json']);
  });

  it('leaves nothing of a batch that is half checked', async () => {
    const directory = quickDir();
    const root = madeSpool(directory);
    const lines = Array.from({ length: 300_000 }, (_, n) => `{"n":${n}}`).join('\n');
    writeFileSync(`${root}/incoming/b.jsonl`, `{"hook":"complete"}\n${lines}\n`);
    linkSync(`${root}/incoming/b.jsonl`, `${directory}/other`); // so it is copied first
    let now = 0;
    const side = await sideOf(spoolAt(root, { now: () => (now += 30) }));
    expect(await fanOut(side, () => ['chat'])).toMatchObject({ more: true, events: 0 });
    expect(names(`${root}/tmp`)).toHaveLength(1);
    await side.close();
    expect(names(`${root}/tmp`)).toEqual([]);
    expect(openBelow(root)).toEqual([]);
  });
});

/** Files below a directory that this process has open. */
function openBelow(root: string): string[] {
  const open = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // it was the directory that is listed
    }
  });
  return open.filter((path) => path.startsWith(`${root}/`) && !path.endsWith('/lock'));
}

describe('an intake', () => {
  it("takes in what is others' while an endpoint's queue cannot be read", async () => {
    const { root, trouble, spool, fire } = troubled();
    const first = await sideOf(spool);
    await fire('a1');
    await fanOutAll(first, () => ['a']);
    await first.close();
    const side = await sideOf(spool);
    await fire('a2');
    await fire('b1');
    const calls = ['openSync', 'readdirSync', 'opendirSync'];
    trouble.fault = ({ name, args }) =>
      calls.includes(name) && args[0] === `${root}/queue/a` ? 'EACCES' : undefined;
    const route = ({ id }: { id: string }) => [id.slice(0, 1)];
    const taken = await fanOut(side, route);
    expect(taken).toMatchObject({ events: 1, postponed: [{ name: 'a2.json' }] });
    expect(ids((await own.claim(side, 'b', { limit: 10, now: Date.now() })).deliveries)).toEqual(['b1']);
    trouble.fault = () => undefined;
    await fanOut(side, route);
    expect(ids(await claimAll(side, 'a'))).toEqual(['a1', 'a2']);
    await side.close();
  });
});
