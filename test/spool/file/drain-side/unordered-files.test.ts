/** A drain goes on where the files of an endpoint, or of a step, are not in order. */
import { linkSync, mkdirSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventToBytes } from '../../../../src/event/record.js';
import { drainRooms } from '../../../../src/spool/file/disk/layout.js';
import type { Delivery } from '../../../../src/spool/spool.js';
import type { Fault } from '../../../support/faulty-disk.js';
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
import { troubled } from '../../../support/trouble-kit.js';

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
