/** What somebody does to a file between two calls of the intake. */
import { appendFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { headerOf } from '../../../../src/spool/file/batch/delivery-file.js';
import { shellEvent } from '../../../support/builders.js';
import { type DiskCall, faultyDisk } from '../../../support/faulty-disk.js';
import {
  claimAll,
  fanOutAll,
  ids,
  leaseOf,
  madeSpool,
  names,
  quickDir,
  read,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';
import { countTurns, type Turns } from '../../../support/turns.js';

/** A spool on which `act` is done once, right before the first call that matches. */
async function raced(when: (call: DiskCall) => boolean, act: (root: string) => void, alsoFails?: string) {
  const root = madeSpool(quickDir());
  let done = false;
  const { disk } = faultyDisk((call) => {
    if (!done && when(call)) {
      done = true;
      act(root);
    }
    return call.name === 'linkSync' ? alsoFails : undefined;
  });
  const spool = spoolAt(root, { disk });
  const drop = (name: string, content: string) => writeFileSync(`${root}/incoming/${name}`, content);
  return { root, spool, lease: await leaseOf(spool), drop };
}

function mine(payload: string): string {
  return `{"id":"mine","hook":"x","payload":${payload}}`;
}

/** Moves a new file over one of `incoming/`, as `mv` does. */
function replace(root: string, name: string, content: string): void {
  writeFileSync(`${root}/tmp/new`, content);
  renameSync(`${root}/tmp/new`, `${root}/incoming/${name}`);
}

describe('fanOut() against others', () => {
  const toIncoming = ({ name, args }: DiskCall) =>
    name === 'linkSync' && String(args[1]).endsWith('/incoming/mine.json');

  it('fanOut() does not overwrite an event that is fired under the id of a dropped one meanwhile', async () => {
    const { lease, drop, root } = await raced(toIncoming, (at) =>
      writeFileSync(`${at}/incoming/mine.json`, mine('"fired"')),
    );
    drop('dropped.json', mine('"dropped"'));
    const { postponed } = await lease.fanOut(() => ['a']);
    expect(postponed).toEqual([
      { name: 'dropped.json', reason: 'another event with the id mine is waiting' },
    ]);
    expect(read(`${root}/incoming/mine.json`)).toBe(mine('"fired"'));
    await fanOutAll(lease, () => ['a']);
    const [first] = await claimAll(lease, 'a');
    expect(text(first!)).toBe('"fired"');
    await lease.done(first!);
    await fanOutAll(lease, () => ['a']);
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['"dropped"']);
    await lease.close();
  });

  it('fanOut() gives a dropped event its name where links are refused, too', async () => {
    const { lease, drop } = await raced(
      () => false,
      () => {},
      'EPERM',
    );
    drop('dropped.json', mine('1'));
    drop('other.json', mine('2'));
    expect(await fanOutAll(lease, () => ['a'])).toMatchObject({ events: 2, postponed: [], quarantined: [] });
    const [first] = await claimAll(lease, 'a');
    expect(text(first!)).toBe('1');
    await lease.done(first!);
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['2']);
    await lease.close();
  });

  it('fanOut() goes on after a crash between giving a dropped event its name and taking the old one away', async () => {
    const { lease, drop, root } = await raced(
      ({ name, args }) => {
        return name === 'unlinkSync' && String(args[0]).endsWith('dropped.json');
      },
      () => {
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      },
    );
    drop('dropped.json', mine('1'));
    await lease.fanOut(() => ['a']);
    expect(names(`${root}/incoming`)).toEqual(['dropped.json', 'mine.json']);
    expect(await fanOutAll(lease, () => ['a'])).toMatchObject({ postponed: [], quarantined: [] });
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['1']);
    expect(names(`${root}/incoming`)).toEqual([]);
    await lease.close();
  });

  it('fanOut() takes in what was moved over an event before it was linked', async () => {
    const { lease, drop } = await raced(
      ({ name, args }) => name === 'linkSync' && String(args[1]).includes('/queue/b/'),
      (root) => replace(root, 'mine.json', mine('"new"')),
    );
    drop('mine.json', mine('"old"'));
    expect(await lease.fanOut(() => ['a', 'b'])).toMatchObject({ events: 0, more: true });
    await fanOutAll(lease, () => ['a', 'b']);
    for (const endpoint of ['a', 'b']) expect((await claimAll(lease, endpoint)).map(text)).toEqual(['"new"']);
    await lease.close();
  });

  for (const [how, call, endpoints] of [
    ['linked', 'linkSync', ['a', 'b']],
    ['moved', 'renameSync', ['a']],
  ] as const) {
    const toQueue = ({ name, args }: DiskCall) => name === call && String(args[1]).includes('/queue/a/');

    it(`fanOut() says nothing of an event that was taken back before it was ${how}`, async () => {
      const { lease, drop, root } = await raced(toQueue, (at) =>
        renameSync(`${at}/incoming/mine.json`, `${at}/tmp/taken-back`),
      );
      drop('mine.json', mine('1'));
      expect(await fanOutAll(lease, () => endpoints)).toMatchObject({
        events: 0,
        postponed: [],
        quarantined: [],
      });
      expect(existsSync(`${root}/tmp/taken-back`)).toBe(true);
      await lease.close();
    });

    it(`fanOut() takes in what was moved over an event right before it was ${how}`, async () => {
      const { lease, drop } = await raced(toQueue, (root) => replace(root, 'mine.json', mine('"new"')));
      drop('mine.json', mine('"old"'));
      expect(await lease.fanOut(() => endpoints)).toMatchObject({ events: 0, more: true });
      await fanOutAll(lease, () => endpoints);
      for (const endpoint of endpoints)
        expect((await claimAll(lease, endpoint)).map(text)).toEqual(['"new"']);
      await lease.close();
    });
  }

  it('fanOut() loses nothing where one event after the other is moved over one that it moves', async () => {
    let calls = 0;
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(({ name, args }) => {
      if (name === 'renameSync' && String(args[1]).includes('/queue/a/') && calls++ === 0)
        replace(root, 'mine.json', mine('"second"'));
      if (name === 'linkSync' && String(args[1]).endsWith('/incoming/mine.json') && calls++ === 1)
        replace(root, 'mine.json', mine('"third"'));
      return undefined;
    });
    const lease = await leaseOf(spoolAt(root, { disk }));
    writeFileSync(`${root}/incoming/mine.json`, mine('"first"'));
    await fanOutAll(lease, () => ['a']);
    expect(calls).toBeGreaterThan(1);
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['"third"']);
    expect(read(`${root}/corrupt/mine.json`)).toBe(mine('"second"'));
    expect(read(`${root}/corrupt/mine.json.why`)).toBe('another event came to its place\n');
    await lease.close();
  });

  it('fanOut() does not delete what was moved over an event after it was linked', async () => {
    const { lease, drop } = await raced(
      ({ name, args }) => name === 'lstatSync' && String(args[0]).endsWith('/incoming/mine.json'),
      (root) => replace(root, 'mine.json', mine('"new"')),
    );
    drop('mine.json', mine('"old"'));
    expect(await fanOutAll(lease, () => ['a', 'b'])).toMatchObject({
      events: 2,
      postponed: [],
      quarantined: [],
    });
    for (const endpoint of ['a', 'b']) {
      const [old] = await claimAll(lease, endpoint);
      expect(text(old!)).toBe('"old"');
      await lease.done(old!);
    }
    for (const endpoint of ['a', 'b']) expect((await claimAll(lease, endpoint)).map(text)).toEqual(['"new"']);
    await lease.close();
  });

  it('fanOut() does not need the names in tmp/ that somebody has taken', async () => {
    const { root, lease, drop } = await raced(
      () => false,
      () => {},
      'EXDEV',
    );
    for (const name of ['mine.copy', 'a.health', 'b.done', 'token'])
      mkdirSync(`${root}/tmp/${name}/x`, { recursive: true });
    drop('mine.json', mine('1'));
    drop('b.jsonl', '{"id":"b","hook":"x"}\n1\n');
    expect(await fanOutAll(lease, () => ['a'])).toMatchObject({ events: 2, postponed: [] });
    await lease.saveHealth('a', { failures: 1 });
    await lease.close();
    expect(names(`${root}/endpoints`)).toEqual(['a.json']);
  });
});

describe('fanOut() of batches against others', () => {
  const payloads = Array.from({ length: 600 }, (_, n) => String(n));
  const batch = (lines: readonly string[]) => ['{"id":"b","hook":"x"}', ...lines, ''].join('\n');

  /** A lease on whose clock every look takes as long as a slice. */
  async function sliced() {
    const root = madeSpool(quickDir());
    let now = Date.now();
    const lease = await leaseOf(spoolAt(root, { now: () => (now += 60) }));
    const drop = (name: string, content: string) => writeFileSync(`${root}/incoming/${name}`, content);
    return { root, lease, drop };
  }

  it('fanOut() takes in a batch that was put over the one that it checked', async () => {
    const { lease, drop } = await raced(
      ({ name, args }) => name === 'linkSync' && String(args[1]).endsWith('/b.jsonl'),
      (root) => replace(root, 'b.jsonl', batch(['"new"'])),
    );
    drop('b.jsonl', batch(['"old"', '"old"']));
    expect(await fanOutAll(lease, () => ['a', 'b'])).toMatchObject({
      events: 1,
      quarantined: [],
      postponed: [],
    });
    for (const endpoint of ['a', 'b']) expect((await claimAll(lease, endpoint)).map(text)).toEqual(['"new"']);
    await lease.close();
  });

  it('fanOut() does not delete a batch that was put over one after that was linked', async () => {
    let isLinked = false;
    const { lease, drop } = await raced(
      ({ name, args }) => {
        isLinked ||= name === 'linkSync' && String(args[1]).includes('/queue/');
        return isLinked && name === 'lstatSync' && String(args[0]).endsWith('/incoming/b.jsonl');
      },
      (root) => replace(root, 'b.jsonl', batch(['"new"'])),
    );
    drop('b.jsonl', batch(['"old"']));
    expect(await fanOutAll(lease, () => ['a'])).toMatchObject({ events: 2, postponed: [], quarantined: [] });
    const [old] = await claimAll(lease, 'a');
    expect(text(old!)).toBe('"old"');
    await lease.done(old!);
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['"new"']);
    await lease.close();
  });

  for (const endpoints of [['a'], ['a', 'b']]) {
    it(`fanOut() takes a batch for ${endpoints.length} in again that has grown since it was linked, and loses no line`, async () => {
      let isLinked = false;
      const { root, lease, drop } = await raced(
        ({ name, args }) => {
          isLinked ||= name === 'linkSync' && String(args[1]).includes('/queue/');
          return isLinked && name === 'lstatSync' && String(args[0]).endsWith('/incoming/b.jsonl');
        },
        (at) => appendFileSync(`${at}/incoming/b.jsonl`, '"more"\n'),
      );
      drop('b.jsonl', batch(['"first"']));
      expect(await fanOutAll(lease, () => endpoints)).toMatchObject({
        events: 2,
        quarantined: [],
        postponed: [],
      });
      for (const endpoint of endpoints)
        expect((await claimAll(lease, endpoint)).map(text)).toEqual(['"first"', '"more"']);
      expect(names(`${root}/incoming`)).toEqual([]);
      await lease.close();
    });

    it(`fanOut() takes a batch for ${endpoints.length} in again that has grown after a drain was killed that had linked it`, async () => {
      const root = madeSpool(quickDir());
      const { disk, closeAll } = faultyDisk(({ name, args }) =>
        name === 'unlinkSync' && String(args[0]).endsWith('/incoming/b.jsonl') ? 'KILL' : undefined,
      );
      writeFileSync(`${root}/incoming/b.jsonl`, batch(['"first"']));
      const killed = await leaseOf(spoolAt(root, { disk }));
      await expect(fanOutAll(killed, () => endpoints)).rejects.toThrow();
      closeAll();
      appendFileSync(`${root}/incoming/b.jsonl`, '"more"\n');
      const lease = await leaseOf(spoolAt(root));
      expect(await fanOutAll(lease, () => endpoints)).toMatchObject({
        events: 2,
        quarantined: [],
        postponed: [],
      });
      for (const endpoint of endpoints)
        expect((await claimAll(lease, endpoint)).map(text)).toEqual(['"first"', '"more"']);
      await lease.close();
    });
  }

  for (const endpoints of [['a'], ['a', 'b']]) {
    it(`fanOut() takes a batch for ${endpoints.length} in again that was copied and has grown until its removal`, async () => {
      const { root, lease, drop } = await raced(
        ({ name, args }) =>
          (name === 'unlinkSync' || name === 'renameSync') && String(args[0]).endsWith('/incoming/b.jsonl'),
        (at) => appendFileSync(`${at}/incoming/b.jsonl`, '"more"\n'),
        'EPERM',
      );
      drop('b.jsonl', batch(['"first"']));
      expect(await fanOutAll(lease, () => endpoints)).toMatchObject({
        events: 2,
        quarantined: [],
        postponed: [],
      });
      for (const endpoint of endpoints)
        expect((await claimAll(lease, endpoint)).map(text)).toEqual(['"first"', '"more"']);
      for (const room of ['incoming', 'tmp']) expect(names(`${root}/${room}`)).toEqual([]);
      await lease.close();
    });
  }

  it('fanOut() leaves an event that has grown since it was read, and reads it again', async () => {
    for (const endpoints of [['a'], ['a', 'b']]) {
      const { root, lease, drop } = await raced(
        ({ name, args }) =>
          (name === 'linkSync' || name === 'renameSync') && String(args[1]).includes('/queue/'),
        (at) => appendFileSync(`${at}/incoming/mine.json`, '\n\n'),
      );
      drop('mine.json', mine('1'));
      expect(await fanOutAll(lease, () => endpoints)).toMatchObject({
        events: 1,
        quarantined: [],
        postponed: [],
      });
      for (const endpoint of endpoints) expect((await claimAll(lease, endpoint)).map(text)).toEqual(['1']);
      expect(read(`${root}/queue/a/00000001/mine.json`)).toBe(`${mine('1')}\n\n`);
      await lease.close();
    }
  });

  it('fanOut() checks a large batch in slices, takes in single events between them, and begins anew after a kill', async () => {
    const { root, lease, drop } = await sliced();
    drop('b.jsonl', batch(payloads));
    drop('single.json', shellEvent('x', '"single"'));
    const first = await lease.fanOut(() => ['a']);
    expect(first).toMatchObject({ events: 0, checked: 1, more: true });
    expect(await lease.fanOut(() => ['a'])).toMatchObject({ events: 1, more: true });
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['"single"']);
    expect(names(`${root}/queue/a`)).toEqual(['00000001']);
    const next = await leaseOf(spoolAt(root));
    await fanOutAll(next, () => ['a']);
    expect((await claimAll(next, 'a')).map(text)).toEqual(['"single"', ...payloads]);
    await next.close();
  });

  it('fanOut() goes on with the batch that it has begun to check, whatever comes before it by name', async () => {
    const { lease, drop } = await sliced();
    drop('b.jsonl', batch(payloads));
    expect(await lease.fanOut(() => ['a'])).toMatchObject({ checked: 1, more: true });
    drop('a.jsonl', '{"id":"a","hook":"x"}\n"a"\n');
    await fanOutAll(lease, () => ['a']);
    expect((await claimAll(lease, 'a')).map(text)).toEqual([...payloads, '"a"']);
    await lease.close();
  });

  for (const [what, act] of [
    ['takes back', (root: string) => renameSync(`${root}/incoming/b.jsonl`, `${root}/tmp/taken-back`)],
    ['replaces', (root: string) => replace(root, 'b.jsonl', '{"id":"b","hook":"x"}\nnot JSON\n')],
  ] as const) {
    it(`fanOut() queues nothing of a batch that somebody ${what} between two slices`, async () => {
      const { root, lease, drop } = await sliced();
      drop('b.jsonl', batch(payloads));
      expect(await lease.fanOut(() => ['a'])).toMatchObject({ events: 0, more: true });
      act(root);
      const { events, quarantined, postponed } = await fanOutAll(lease, () => ['a']);
      expect({ events, postponed }).toEqual({ events: 0, postponed: [] });
      expect(quarantined.map(({ name }) => name)).toEqual(what === 'replaces' ? ['b.jsonl'] : []);
      expect(await claimAll(lease, 'a')).toEqual([]);
      await lease.close();
      await (await leaseOf(spoolAt(root))).close();
      expect(names(`${root}/queue`)).toEqual([]);
    });
  }

  it('fanOut() takes in an event whose name only begins like that of a batch that waits', async () => {
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(({ name, args }) =>
      name === 'linkSync' && String(args[1]).endsWith('.jsonl') ? 'EIO' : undefined,
    );
    const lease = await leaseOf(spoolAt(root, { disk }));
    writeFileSync(`${root}/incoming/b.jsonl`, batch(['1']));
    writeFileSync(`${root}/incoming/b_1.json`, '{"id":"b_1","hook":"x","payload":"other"}');
    const { events, postponed } = await fanOutAll(lease, () => ['a']);
    expect(events).toBe(1);
    expect(postponed).toEqual([{ name: 'b.jsonl', reason: 'it cannot be taken in now (EIO)' }]);
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['"other"']);
    await lease.close();
  });

  for (const full of ['bavail', 'ffree'] as const) {
    it(`fanOut() takes in a batch where hardly any ${full} is left, and enqueue() accepts one that fits`, async () => {
      const root = madeSpool(quickDir());
      const real = faultyDisk(() => undefined).disk;
      const disk = {
        ...real,
        statfsSync: () => ({ bsize: 4096, blocks: 1e6, bavail: 1e6, files: 1e6, ffree: 1e6, [full]: 266 }),
      } as unknown as typeof real;
      const spool = spoolAt(root, { disk });
      const lease = await leaseOf(spool);
      writeFileSync(`${root}/incoming/b.jsonl`, batch(payloads));
      const header = { id: 'd', hook: 'x', time: new Date(0).toISOString() };
      await spool.enqueue({ ...header, payloads: payloads.map((line) => Buffer.from(line)) });
      expect(await fanOutAll(lease, () => ['a'])).toMatchObject({
        events: 1200,
        postponed: [],
        quarantined: [],
      });
      expect((await claimAll(lease, 'a')).map(text)).toEqual([...payloads, ...payloads]);
      await lease.close();
    });
  }
});

describe('fanOut() to very many', () => {
  it('fanOut() of events whose places take long lets others have their turn', async () => {
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(({ name, args }) => {
      const isLink = name === 'linkSync' && String(args[1]).includes('/queue/');
      for (const since = performance.now(); isLink && performance.now() - since < 5; );
      return undefined;
    });
    const lease = await leaseOf(spoolAt(root, { disk }));
    for (let n = 0; n < 60; n += 1) writeFileSync(`${root}/incoming/e${n}.json`, '{"hook":"x","payload":1}');
    const turns = countTurns();
    // On a busy machine one step does not read them all.
    const { events } = await lease.fanOut(() => ['a', 'b']);
    turns.stop();
    expect(events).toBeGreaterThan(16);
    expect(turns.count()).toBeGreaterThan(events / 8); // one and some for the fsyncs otherwise
    await lease.close();
  });

  it('fanOut() of one event to 2,000 endpoints lets others have their turn', async () => {
    let turns: Turns | undefined;
    let turnsPutting = 0;
    const { lease, drop } = await raced(
      ({ name }) => name === 'fsync',
      () => {
        turnsPutting = turns?.count() ?? 0;
      },
    );
    drop('mine.json', mine('1'));
    turns = countTurns();
    const endpoints = Array.from({ length: 2000 }, (_, n) => `e${n}`);
    const step = lease.fanOut(() => endpoints);
    const claiming = lease.claim('e0', { limit: 1, now: 0 });
    expect(await step).toMatchObject({ events: 1, deliveries: 2000 });
    turns.stop();
    expect(turnsPutting).toBeGreaterThan(3);
    expect(turns.count()).toBeGreaterThan(turnsPutting + 20);
    expect(ids((await claiming).deliveries)).toEqual(['mine']);
    expect(await claimAll(lease, 'e0')).toEqual([]);
    await lease.close();
  });
});

describe('close()', () => {
  it('close() touches nothing of a spool that has taken the place of its own', async () => {
    const { root, lease, drop } = await raced(
      () => false,
      () => {},
    );
    drop('mine.json', mine('1'));
    await lease.fanOut(() => ['a']);
    const [delivery] = await claimAll(lease, 'a');
    await lease.done(delivery!);
    await lease.saveHealth('a', { failures: 1 });
    renameSync(root, `${root}-old`);
    madeSpool(root.slice(0, -'/spool'.length));
    mkdirSync(`${root}/queue/a/00000001`, { recursive: true });
    await lease.close();
    expect(names(`${root}/endpoints`)).toEqual([]);
    expect(names(`${root}/queue/a`)).toEqual(['00000001']);
  });
});

describe('headerOf()', () => {
  it('headerOf() gives an event a time with a year of four digits, whatever the age of its file', () => {
    const stat = { ino: 1, nlink: 1, uid: 0, size: 1 };
    for (const [mtimeMs, time] of [
      [1e300, '9999-12-31T23:59:59.999Z'],
      [-1e300, '1970-01-01T00:00:00.000Z'],
      [1.5, '1970-01-01T00:00:00.001Z'],
    ] as const)
      expect(headerOf({ hook: 'x' }, { id: 'mine', stat: { ...stat, mtimeMs } }).time).toBe(time);
  });
});
