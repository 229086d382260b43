import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventToBytes } from '../../../../src/event/record.js';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { mostOfOneId } from '../../../../src/spool/file/placing/put.js';
import { event } from '../../../support/builders.js';
import { drop, opened } from '../../../support/intake-kit.js';
import { own } from '../../../support/own.js';
import {
  claimAll,
  fanOutAll,
  ids,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

/** A disk that does not tell `A` from `a` in the names of its queues, as far as looking and renaming go. */
function caselessDisk(): typeof systemDisk {
  const real = (path: unknown): string => {
    const [directory, name] = [dirname(String(path)), basename(String(path))];
    if (!directory.includes('/queue/') || !existsSync(directory)) return String(path);
    const there = readdirSync(directory).find((each) => each.toLowerCase() === name.toLowerCase());
    return `${directory}/${there ?? name}`;
  };
  const disk: Record<string, unknown> = {
    ...systemDisk,
    lstatSync: (path: string, options: object) => systemDisk.lstatSync(real(path), options),
    renameSync: (from: string, to: string) => systemDisk.renameSync(from, real(to)),
  };
  return disk as typeof systemDisk;
}

describe('the intake of several events with one id', () => {
  it('the intake takes in all entries with the same id, and claim() hands out one after the other', async () => {
    const { root, side } = await opened();
    for (const [n, name] of ['one', 'mine', 'two'].entries())
      drop(root, `${name}.json`, `{"id":"mine","hook":"x","payload":${n}}`);
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 3, quarantined: [], postponed: [] });
    const found: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const [next, ...others] = await claimAll(side, 'a');
      expect(others).toEqual([]);
      expect(await claimAll(side, 'a')).toEqual([]);
      found.push(text(next!));
      await own.done(side, next!);
    }
    expect(found).toEqual(['1', '0', '2']); // first the one whose name was its id
    expect(side.byId.owing()).toEqual([]);
    await side.close();
    expect(names(`${root}/queue`)).toEqual([]);
  });

  it('claim() hands out the first of two events with one id again where it is given back or fails, and the other then', async () => {
    const { side, inbox } = await opened();
    const fired = event();
    for (const payload of ['"first"', '"other"']) {
      await inbox.enqueue({ ...fired, payload: Buffer.from(payload) });
      await fanOutAll(side, () => ['a']);
    }
    const [first] = await claimAll(side, 'a');
    await own.giveBack(side, first!);
    const probe = [fired.id];
    const [probed] = (await own.claim(side, 'a', { limit: 9, now: 0, probe })).deliveries;
    expect(text(probed!)).toBe('"first"');
    expect((await own.claim(side, 'a', { limit: 9, now: 0, probe })).deliveries).toEqual([]);
    await own.defer(side, probed!, { dueMs: 5, attempts: 1 });
    const [other] = await claimAll(side, 'a', 9);
    expect([text(other!), other!.attempts]).toEqual(['"first"', 1]);
    expect(await claimAll(side, 'a', 9)).toEqual([]);
    await own.bury(side, other!, { reason: 'gave-up', message: '', attempts: 1, time: '' });
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"other"']);
    await side.close();
  });

  it('the intake keeps an entry in incoming/ where 64 others of its id are queued, and all others go on', async () => {
    const { root, side } = await opened();
    for (let n = 0; n < mostOfOneId + 3; n += 1)
      drop(root, `${n}.json`, `{"id":"mine","hook":"x","payload":${n}}`);
    drop(root, 'z.json', '{"hook":"x","payload":"z"}');
    const { events, postponed } = await fanOutAll(side, () => ['a']);
    expect(events).toBe(mostOfOneId + 1);
    expect(postponed).toHaveLength(3);
    expect(names(`${root}/incoming`)).toContain('mine.json');
    expect((await claimAll(side, 'a')).map(text)).toContain('"z"');
    await side.close();
  });

  it('the intake makes one delivery of an event that is queued already', async () => {
    const { side, inbox } = await opened();
    const fired = event();
    await inbox.enqueue(fired);
    await fanOutAll(side, () => ['a']);
    await inbox.enqueue({ ...fired, time: '2020-01-01T00:00:00.000Z' });
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 1, deliveries: 0, quarantined: [] });
    expect(ids(await claimAll(side, 'a'))).toEqual([fired.id]);
    expect(await side.byId.owed('a')).toBe(1);
    await side.close();
  });

  it('the intake puts another event of a queued id into every queue, and only where the first is queued it waits for that', async () => {
    const { root, side, inbox } = await opened();
    const fired = event();
    await inbox.enqueue(fired);
    await fanOutAll(side, () => ['b']);
    await inbox.enqueue({ ...fired, payload: Buffer.from('"other"') });
    const taken = await fanOutAll(side, () => ['a', 'b', 'c']);
    expect(taken).toMatchObject({ events: 1, deliveries: 3, quarantined: [], postponed: [] });
    expect(names(`${root}/incoming`)).toEqual([]);
    for (const endpoint of ['a', 'c'])
      expect((await claimAll(side, endpoint)).map(text)).toEqual(['"other"']);
    const [first, ...others] = await claimAll(side, 'b');
    expect(text(first!)).toEqual(text({ event: fired }));
    expect(others).toEqual([]);
    await own.done(side, first!);
    expect((await claimAll(side, 'b')).map(text)).toEqual(['"other"']);
    await side.close();
  });

  it('the intake sees an event in the segment before the last one, too', async () => {
    const { root, inbox } = await opened();
    const fired = event();
    const other = event();
    for (const [segment, put] of [
      ['00000001', fired],
      ['00000002', event()],
    ] as const) {
      mkdirSync(`${root}/queue/a/${segment}`, { recursive: true });
      writeFileSync(`${root}/queue/a/${segment}/${put.id}.json`, eventToBytes(put));
    }
    writeFileSync(`${root}/queue/a/00000001/${other.id}.json`, eventToBytes(other));
    await inbox.enqueue(fired);
    await inbox.enqueue({ ...other, payload: Buffer.from('"changed"') });
    const side = await sideOf(spoolAt(root));
    const { events, deliveries, postponed } = await fanOutAll(side, () => ['a']);
    expect({ events, deliveries, postponed }).toEqual({ events: 2, deliveries: 1, postponed: [] });
    expect(names(`${root}/queue/a`)).toEqual(['00000001', '00000002']);
    const claimed = await claimAll(side, 'a');
    expect(claimed).toHaveLength(3);
    for (const delivery of claimed) await own.done(side, delivery);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"changed"']);
    await side.close();
  });

  it('the intake looks once at each file that it puts into a segment of its own, and never for what cannot be there', async () => {
    const looks: string[] = [];
    const { root, side, inbox } = await opened({
      fault: ({ name, args }) => {
        if (name === 'lstatSync') looks.push(String(args[0]));
        return undefined;
      },
    });
    const fired = Array.from({ length: 5 }, () => event());
    for (const each of fired) await inbox.enqueue(each);
    await fanOutAll(side, () => ['a']);
    expect(looks).toEqual(fired.map(({ id }) => `${root}/queue/a/00000001/${id}.json`));
    await side.close();
  });

  it('the intake does not put an event over another one whose id it has given a place just now', async () => {
    const { root, side } = await opened();
    const file = (text: string) => `{"id":"Same","hook":"x","payload":"${text}"}`;
    writeFileSync(`${root}/incoming/Same.json`, file('first'));
    await fanOutAll(side, () => ['a']);
    writeFileSync(`${root}/incoming/Same.json`, file('second'));
    expect((await fanOutAll(side, () => ['a'])).postponed).toEqual([]);
    const [first] = await claimAll(side, 'a');
    expect(text(first!)).toBe('"first"');
    await own.done(side, first!);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"second"']);
    await side.close();
  });

  it('the intake does not put an event over one whose id differs in case, where the file system makes no difference', async () => {
    const root = madeSpool(quickDir());
    const side = await sideOf(spoolAt(root, { disk: caselessDisk() }));
    writeFileSync(`${root}/incoming/Same.json`, '{"id":"Same","hook":"x","payload":1}');
    await fanOutAll(side, () => ['a']);
    writeFileSync(`${root}/incoming/same.json`, '{"id":"same","hook":"x","payload":2}');
    expect((await fanOutAll(side, () => ['a'])).postponed).toEqual([]);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['1', '2']);
    expect(names(`${root}/queue/a`)).toHaveLength(2);
    await side.close();
  });

  it('the intake gives an event another place where a directory has its own in the queue', async () => {
    const { root, side: earlier, inbox } = await opened();
    await earlier.close();
    const fired = event();
    mkdirSync(`${root}/queue/a/00000001/${fired.id}.json`, { recursive: true });
    const side = await sideOf(spoolAt(root));
    await inbox.enqueue(fired);
    expect((await fanOutAll(side, () => ['a'])).postponed).toEqual([]);
    expect((await own.claim(side, 'a', { limit: 1, now: 0 })).quarantined).toHaveLength(1);
    expect(ids(await claimAll(side, 'a'))).toEqual([fired.id]);
    await side.close();
  });
});
