import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { batchMemberId, createEventId } from '../../../../src/event/event-id.js';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { batchToBytes, event, shellEvent } from '../../../support/builders.js';
import { faultyDisk, Killed } from '../../../support/faulty-disk.js';
import { drop, opened, putAside } from '../../../support/intake-kit.js';
import { own } from '../../../support/own.js';
import {
  claimAll,
  fanOut,
  fanOutAll,
  ids,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';
import { tempDir } from '../../../support/temp.js';
import { countTurns } from '../../../support/turns.js';

describe('the intake of batches', () => {
  const lines = ['1', '"two"', '{"three":3.0}'];

  it('the intake takes in a batch that a shell dropped without an id, under one new id', async () => {
    const { root, side } = await opened();
    drop(root, 'dropped.jsonl', ['{"hook":"x"}', ...lines, ''].join('\n'));
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 3, quarantined: [] });
    const claimed = await claimAll(side, 'a');
    expect(claimed.map(text)).toEqual(lines);
    const stem = claimed[0]!.event.id.slice(0, -2);
    expect(ids(claimed)).toEqual([1, 2, 3].map((n) => batchMemberId(stem, n)));
    await side.close();
  });

  it('the intake keeps the id that a batch has for a name', async () => {
    const { root, side } = await opened();
    const id = createEventId(Date.now(), randomBytes(10));
    drop(root, `${id}.jsonl`, '{"hook":"x"}\n1\n');
    await fanOutAll(side, () => ['a']);
    expect(ids(await claimAll(side, 'a'))).toEqual([batchMemberId(id, 1)]);
    await side.close();
  });

  const bad: Array<[string, (path: string) => void]> = [
    ['a batch with a bad line', (path) => writeFileSync(path, '{"hook":"x"}\n1\n{"a":\n')],
    ['a batch without a hook', (path) => writeFileSync(path, '{}\n1\n')],
    ['a directory named like a batch', (path) => mkdirSync(path)],
  ];
  for (const [what, make] of bad) {
    it(`the intake moves ${what} to corrupt/, whole`, async () => {
      const { root, side } = await opened();
      make(`${root}/incoming/x.jsonl`);
      expect((await putAside(root, side)).name).toBe('x.jsonl');
    });
  }

  it('the intake takes in several batches with the same id, and claim() hands out one after the other', async () => {
    const { root, side } = await opened();
    drop(root, 'before.jsonl', '{"id":"mine","hook":"x"}\n1\n');
    drop(root, 'mine.jsonl', '{"id":"mine","hook":"x"}\n2\n');
    drop(root, 'over.jsonl', '{"id":"mine","hook":"x"}\n3\n');
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 3, quarantined: [], postponed: [] });
    const found: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const claimed = await claimAll(side, 'a');
      expect(claimed).toHaveLength(1);
      found.push(text(claimed[0]!));
      await own.done(side, claimed[0]!);
    }
    expect(found).toEqual(['2', '1', '3']);
    expect(side.byId.owing()).toEqual([]);
    expect(names(`${root}/incoming`)).toEqual([]);
    await side.close();
  });

  it('the intake makes nothing new of a batch that says the same as one that is queued', async () => {
    const { root, side } = await opened();
    drop(root, 'mine.jsonl', '{"id":"mine","hook":"x"}\n1\n2\n');
    await fanOutAll(side, () => ['a', 'b']);
    const [first] = await claimAll(side, 'a');
    await own.done(side, first!);
    drop(root, 'mine.jsonl', '{"hook":"x","id":"mine","time":"2020-01-01T00:00:00Z"}\n\n 1 \r\n2\n');
    expect(await fanOutAll(side, () => ['a', 'b'])).toMatchObject({
      deliveries: 0,
      postponed: [],
      quarantined: [],
    });
    expect(names(`${root}/incoming`)).toEqual([]);
    expect((await claimAll(side, 'b')).map(text)).toEqual(['1', '2']);
    expect(await side.byId.owed('a')).toBe(1);
    await side.close();
  });

  it('the intake delivers the events of a batch and events that have their ids', async () => {
    const { root, side } = await opened();
    drop(root, 'mine_2.json', '{"id":"mine_2","hook":"x","payload":"first"}');
    drop(root, 'mine.jsonl', '{"id":"mine","hook":"x"}\n1\n2\n');
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 3, quarantined: [], postponed: [] });
    const claimed = await claimAll(side, 'a');
    expect(claimed.map(text)).toEqual(['1', '2']);
    for (const delivery of claimed) await own.done(side, delivery);
    const [first] = await claimAll(side, 'a');
    expect(text(first!)).toBe('"first"');
    await own.done(side, first!);
    expect(side.byId.owing()).toEqual([]);
    await side.close();
    expect(names(`${root}/queue`)).toEqual([]);
  });

  it('the intake puts a batch into none of its queues while one of them cannot take it', async () => {
    let failing = true;
    const { side, inbox, root } = await opened({
      fault: ({ name, args }) =>
        failing && name === 'linkSync' && /\/queue\/b\/.*jsonl$/.test(String(args[1])) ? 'EIO' : undefined,
    });
    const { payload: _, ...header } = event();
    await inbox.enqueue({ ...header, payloads: lines.map((line) => Buffer.from(line)) });
    const single = event();
    await inbox.enqueue(single);
    const step = await fanOutAll(side, () => ['a', 'b']);
    expect(step.postponed.map(({ name }) => name)).toEqual([`${header.id}.jsonl`]);
    expect(names(`${root}/incoming`)).toEqual([`${header.id}.jsonl`]);
    for (const endpoint of ['a', 'b']) expect(ids(await claimAll(side, endpoint))).toEqual([single.id]);
    failing = false;
    await fanOutAll(side, () => ['a', 'b']);
    for (const endpoint of ['a', 'b']) expect((await claimAll(side, endpoint)).map(text)).toEqual(lines);
    await side.close();
  });

  it('the intake of a batch that somebody took back does nothing', async () => {
    const { root, side } = await opened({
      fault({ name, args }) {
        if (name === 'openSync' && String(args[0]).endsWith('x.jsonl'))
          rmSync(String(args[0]), { force: true });
        return undefined;
      },
    });
    drop(root, 'x.jsonl', '{"hook":"x"}\n1\n');
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 0, quarantined: [], postponed: [] });
    await side.close();
  });

  it('claim() hands out the events of a batch in order and once, at whichever call a drain is killed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { payload: _, ...header } = event();
    const bytes = batchToBytes({ ...header, payloads: lines.map((line) => Buffer.from(line)) });
    const endpoints = ['a', 'b'];
    let n = 0;
    let killed = true;
    while (killed) {
      n += 1;
      const root = madeSpool(quickDir());
      drop(root, 'named-otherwise.jsonl', bytes);
      const faulty = faultyDisk(({ nth }) => (nth === n ? 'KILL' : undefined));
      const done = new Map(endpoints.map((endpoint) => [endpoint, 0]));
      let unsure = '';
      const error = await (async () => {
        const side = await sideOf(spoolAt(root, { disk: faulty.disk }));
        await fanOutAll(side, () => endpoints);
        for (const endpoint of endpoints) {
          const { deliveries } = await own.claim(side, endpoint, { limit: 2, now: 0 });
          unsure = endpoint;
          await own.done(side, deliveries[0]!);
          unsure = '';
          done.set(endpoint, 1);
        }
        return side.close();
      })().catch((caught: unknown) => caught);
      killed = error instanceof Killed;
      if (!killed) expect(error).toBeUndefined();
      faulty.closeAll();
      const side = await sideOf(spoolAt(root));
      expect(await fanOutAll(side, () => endpoints)).toMatchObject({ quarantined: [], postponed: [] });
      for (const endpoint of endpoints) {
        const claimed = await claimAll(side, endpoint);
        const gone = unsure === endpoint ? lines.length - claimed.length : done.get(endpoint)!;
        expect(gone).toBeLessThan(2);
        expect(claimed.map(text)).toEqual(lines.slice(gone));
        expect(ids(claimed)).toEqual([1, 2, 3].slice(gone).map((each) => batchMemberId(header.id, each)));
        for (const delivery of claimed) await own.done(side, delivery);
      }
      await side.close();
      expect(names(`${root}/queue`)).toEqual([]);
      expect(names(`${root}/incoming`)).toEqual([]);
    }
    vi.useRealTimers();
    expect(n).toBeGreaterThan(80);
  });

  it('the intake yields to answers in flight while it checks a long batch', async () => {
    const { root, inbox } = await opened({ directory: tempDir() });
    const startedAt = Date.now();
    const side = await sideOf(spoolAt(root, { now: () => startedAt })); // a step's time is never over
    const { payload: _, ...header } = event();
    const payloads = Array.from({ length: 2000 }, (_each, n) => Buffer.from(String(n)));
    await inbox.enqueue({ ...header, payloads });
    const turns = countTurns();
    await fanOut(side, () => []);
    turns.stop();
    expect(turns.count()).toBeGreaterThan(2);
    await side.close();
  });

  it('the intake takes in an event moved into incoming/ while a batch is checked', async () => {
    const { root, inbox } = await opened();
    let now = Date.now();
    const side = await sideOf(spoolAt(root, { now: () => (now += 30) }));
    const { payload: _, ...header } = event();
    const payloads = Array.from({ length: 2000 }, (_each, n) => Buffer.from(String(n)));
    await inbox.enqueue({ ...header, payloads });
    expect(await fanOut(side, () => ['a'])).toMatchObject({ events: 0, more: true });
    drop(root, 'late.json', shellEvent('x', '"late"'));
    let taken = 0;
    while (taken === 0) taken += (await fanOut(side, () => ['a'])).events;
    expect(taken).toBe(1);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"late"']);
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 2000 });
    await side.close();
  });
});
