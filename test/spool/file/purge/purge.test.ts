import { existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PurgedEntry, PurgeRequest } from '../../../../src/spool/purge.js';
import type { Spool } from '../../../../src/spool/spool.js';
import { describePurge } from '../../../contracts/purge-contract.js';
import { shellEvent } from '../../../support/builders.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { madeSpool, names, quickDir, spoolAt } from '../../../support/spool-kit.js';

describePurge('createFileSpool()', () => spoolAt(`${quickDir()}/spool`));

async function purgeAll(spool: Spool, request: PurgeRequest): Promise<PurgedEntry[]> {
  const entries: PurgedEntry[] = [];
  for await (const entry of spool.purge(request)) entries.push(entry);
  return entries;
}

describe('purge()', () => {
  it('of corrupt/ removes files, links and empty directories with their reasons, and looks into no directory', async () => {
    const root = madeSpool(quickDir());
    const outside = `${quickDir()}/outside`;
    mkdirSync(outside);
    writeFileSync(`${outside}/precious`, '1');
    writeFileSync(`${root}/corrupt/a.json`, '{');
    writeFileSync(`${root}/corrupt/a.json.why`, 'it is not JSON\n');
    symlinkSync(outside, `${root}/corrupt/link`);
    mkdirSync(`${root}/corrupt/empty`);
    mkdirSync(`${root}/corrupt/full`);
    writeFileSync(`${root}/corrupt/full/x`, '1');
    expect(await purgeAll(spoolAt(root), { rooms: ['corrupt'], select: {} })).toEqual([
      { from: 'corrupt', event: 'a.json', events: 1 },
      { from: 'corrupt', event: 'empty', events: 1 },
      { from: 'corrupt', event: 'full', events: 1, problem: 'corrupt/full is a directory that is not empty' },
      { from: 'corrupt', event: 'link', events: 1 },
    ]);
    expect(names(`${root}/corrupt`)).toEqual(['full']);
    expect(existsSync(`${outside}/precious`)).toBe(true);
  });

  it('of dead/ leaves a directory, says so, and goes on with the others', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/dead/chat/a.json`, { recursive: true });
    writeFileSync(`${root}/dead/chat/b.json`, '{"hook":"load","payload":1}');
    expect(await purgeAll(spoolAt(root), { rooms: ['dead'], select: {} })).toMatchObject([
      { event: 'a', problem: 'dead/chat/a.json is a directory' },
      { event: 'b', endpoint: 'chat' },
    ]);
    expect(names(`${root}/dead/chat`)).toEqual(['a.json']);
  });

  it('of corrupt/ takes the beginning of a name, and nothing for an endpoint or a hook', async () => {
    const root = madeSpool(quickDir());
    for (const name of ['a.json', 'ab.json', 'b.json']) writeFileSync(`${root}/corrupt/${name}`, '{');
    const spool = spoolAt(root);
    const rooms = ['corrupt'] as const;
    expect(await purgeAll(spool, { rooms, select: { endpoints: ['a'] } })).toEqual([]);
    expect(await purgeAll(spool, { rooms, select: { hook: 'a' } })).toEqual([]);
    expect(await purgeAll(spool, { rooms, select: { ids: ['a'] } })).toHaveLength(2);
    expect(names(`${root}/corrupt`)).toEqual(['b.json']);
  });

  it('of dead/ removes what cannot be read only where no hook is asked for, and counts the events of a batch', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/dead/a`, { recursive: true });
    mkdirSync(`${root}/dead/+incoming`, { recursive: true });
    writeFileSync(`${root}/dead/a/torn.json`, '{');
    writeFileSync(`${root}/dead/a/e1.json`, shellEvent('load', '1'));
    writeFileSync(
      `${root}/dead/+incoming/b.jsonl`,
      '{"capnhook":1,"id":"b","hook":"load","events":3}\n1\n2\n3\n',
    );
    const spool = spoolAt(root);
    const select = { hook: 'load' };
    expect(await purgeAll(spool, { rooms: ['dead'], select })).toMatchObject([
      { event: 'b', events: 3, hook: 'load' },
      { event: 'e1', endpoint: 'a' },
    ]);
    expect(await purgeAll(spool, { rooms: ['dead'], select: {} })).toMatchObject([{ event: 'torn' }]);
  });

  it('removes a reason that was left without its entry, but not one that may be about to get it', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/dead/a`, { recursive: true });
    for (const name of ['old', 'young']) writeFileSync(`${root}/dead/a/${name}.why.json`, '{}');
    const hoursAgo = Date.now() / 1000 - 7_200;
    utimesSync(`${root}/dead/a/old.why.json`, hoursAgo, hoursAgo);
    const spool = spoolAt(root);
    expect(await purgeAll(spool, { rooms: ['dead'], select: {}, isDry: true })).toEqual([]);
    expect(names(`${root}/dead/a`)).toHaveLength(2);
    expect(await purgeAll(spool, { rooms: ['dead'], select: {} })).toEqual([]);
    expect(names(`${root}/dead/a`)).toEqual(['young.why.json']);
  });

  it('leaves the reason of an entry that a drain has taken away meanwhile, and does not count it', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/dead/a`, { recursive: true });
    writeFileSync(`${root}/dead/a/e1.json`, shellEvent('load', '1'));
    writeFileSync(`${root}/dead/a/e1.why.json`, '{"reason":"gave-up"}');
    const { disk } = faultyDisk(({ name, args }) =>
      name === 'unlinkSync' && String(args[0]).endsWith('/e1.json') ? 'ENOENT' : undefined,
    );
    expect(await purgeAll(spoolAt(root, { disk }), { rooms: ['dead'], select: {} })).toEqual([]);
    expect(names(`${root}/dead/a`)).toEqual(['e1.json', 'e1.why.json']);
  });
});
