import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type DiskCall, faultyDisk } from '../../../support/faulty-disk.js';
import { mine, raced, replace } from '../../../support/intake-kit.js';
import { own } from '../../../support/own.js';
import {
  claimAll,
  fanOut,
  fanOutAll,
  madeSpool,
  names,
  quickDir,
  read,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

describe('the intake against others', () => {
  const toIncoming = ({ name, args }: DiskCall) =>
    name === 'linkSync' && String(args[1]).endsWith('/incoming/mine.json');

  it('the intake does not overwrite an event that is fired under the id of a dropped one meanwhile', async () => {
    const { side, drop, root } = await raced(toIncoming, (at) =>
      writeFileSync(`${at}/incoming/mine.json`, mine('"fired"')),
    );
    drop('dropped.json', mine('"dropped"'));
    const { postponed } = await fanOut(side, () => ['a']);
    expect(postponed).toEqual([
      { name: 'dropped.json', reason: 'another event with the id mine is waiting' },
    ]);
    expect(read(`${root}/incoming/mine.json`)).toBe(mine('"fired"'));
    await fanOutAll(side, () => ['a']);
    const [first] = await claimAll(side, 'a');
    expect(text(first!)).toBe('"fired"');
    await own.done(side, first!);
    await fanOutAll(side, () => ['a']);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"dropped"']);
    await side.close();
  });

  it('the intake gives a dropped event its name where links are refused, too', async () => {
    const { side, drop } = await raced(
      () => false,
      () => {},
      'EPERM',
    );
    drop('dropped.json', mine('1'));
    drop('other.json', mine('2'));
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 2, postponed: [], quarantined: [] });
    const [first] = await claimAll(side, 'a');
    expect(text(first!)).toBe('1');
    await own.done(side, first!);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['2']);
    await side.close();
  });

  it('the intake goes on after a crash between giving a dropped event its name and taking the old one away', async () => {
    const { side, drop, root } = await raced(
      ({ name, args }) => {
        return name === 'unlinkSync' && String(args[0]).endsWith('dropped.json');
      },
      () => {
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      },
    );
    drop('dropped.json', mine('1'));
    await fanOut(side, () => ['a']);
    expect(names(`${root}/incoming`)).toEqual(['dropped.json', 'mine.json']);
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ postponed: [], quarantined: [] });
    expect((await claimAll(side, 'a')).map(text)).toEqual(['1']);
    expect(names(`${root}/incoming`)).toEqual([]);
    await side.close();
  });

  it('the intake takes in what was moved over an event before it was linked', async () => {
    const { side, drop } = await raced(
      ({ name, args }) => name === 'linkSync' && String(args[1]).includes('/queue/b/'),
      (root) => replace(root, 'mine.json', mine('"new"')),
    );
    drop('mine.json', mine('"old"'));
    expect(await fanOut(side, () => ['a', 'b'])).toMatchObject({ events: 0, more: true });
    await fanOutAll(side, () => ['a', 'b']);
    for (const endpoint of ['a', 'b']) expect((await claimAll(side, endpoint)).map(text)).toEqual(['"new"']);
    await side.close();
  });

  for (const [how, call, endpoints] of [
    ['linked', 'linkSync', ['a', 'b']],
    ['moved', 'renameSync', ['a']],
  ] as const) {
    const toQueue = ({ name, args }: DiskCall) => name === call && String(args[1]).includes('/queue/a/');

    it(`the intake says nothing of an event that was taken back before it was ${how}`, async () => {
      const { side, drop, root } = await raced(toQueue, (at) =>
        renameSync(`${at}/incoming/mine.json`, `${at}/tmp/taken-back`),
      );
      drop('mine.json', mine('1'));
      expect(await fanOutAll(side, () => endpoints)).toMatchObject({
        events: 0,
        postponed: [],
        quarantined: [],
      });
      expect(existsSync(`${root}/tmp/taken-back`)).toBe(true);
      await side.close();
    });

    it(`the intake takes in what was moved over an event right before it was ${how}`, async () => {
      const { side, drop } = await raced(toQueue, (root) => replace(root, 'mine.json', mine('"new"')));
      drop('mine.json', mine('"old"'));
      expect(await fanOut(side, () => endpoints)).toMatchObject({ events: 0, more: true });
      await fanOutAll(side, () => endpoints);
      for (const endpoint of endpoints) expect((await claimAll(side, endpoint)).map(text)).toEqual(['"new"']);
      await side.close();
    });
  }

  it('the intake loses nothing where one event after the other is moved over one that it moves', async () => {
    let calls = 0;
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(({ name, args }) => {
      if (name === 'renameSync' && String(args[1]).includes('/queue/a/') && calls++ === 0)
        replace(root, 'mine.json', mine('"second"'));
      if (name === 'linkSync' && String(args[1]).endsWith('/incoming/mine.json') && calls++ === 1)
        replace(root, 'mine.json', mine('"third"'));
      return undefined;
    });
    const side = await sideOf(spoolAt(root, { disk }));
    writeFileSync(`${root}/incoming/mine.json`, mine('"first"'));
    await fanOutAll(side, () => ['a']);
    expect(calls).toBeGreaterThan(1);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"third"']);
    expect(read(`${root}/corrupt/mine.json`)).toBe(mine('"second"'));
    expect(read(`${root}/corrupt/mine.json.why`)).toBe('another event came to its place\n');
    await side.close();
  });

  it('the intake does not delete what was moved over an event after it was linked', async () => {
    const { side, drop } = await raced(
      ({ name, args }) => name === 'lstatSync' && String(args[0]).endsWith('/incoming/mine.json'),
      (root) => replace(root, 'mine.json', mine('"new"')),
    );
    drop('mine.json', mine('"old"'));
    expect(await fanOutAll(side, () => ['a', 'b'])).toMatchObject({
      events: 2,
      postponed: [],
      quarantined: [],
    });
    for (const endpoint of ['a', 'b']) {
      const [old] = await claimAll(side, endpoint);
      expect(text(old!)).toBe('"old"');
      await own.done(side, old!);
    }
    for (const endpoint of ['a', 'b']) expect((await claimAll(side, endpoint)).map(text)).toEqual(['"new"']);
    await side.close();
  });

  it('the intake does not need the names in tmp/ that somebody has taken', async () => {
    const { root, side, drop } = await raced(
      () => false,
      () => {},
      'EXDEV',
    );
    for (const name of ['mine.copy', 'a.health', 'b.done', 'token'])
      mkdirSync(`${root}/tmp/${name}/x`, { recursive: true });
    drop('mine.json', mine('1'));
    drop('b.jsonl', '{"id":"b","hook":"x"}\n1\n');
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 2, postponed: [] });
    await side.byId.saveHealth('a', { failures: 1 });
    await side.close();
    expect(names(`${root}/endpoints`)).toEqual(['a.json']);
  });
});
