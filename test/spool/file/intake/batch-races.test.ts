import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DrainSide } from '../../../../src/spool/spool.js';
import { shellEvent } from '../../../support/builders.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
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

/** The batch `"first"` that has got `"more"` is taken in whole, for each endpoint. */
async function expectBoth(side: DrainSide, endpoints: readonly string[]): Promise<void> {
  expect(await fanOutAll(side, () => endpoints)).toMatchObject({
    events: 2,
    quarantined: [],
    postponed: [],
  });
  for (const endpoint of endpoints)
    expect((await claimAll(side, endpoint)).map(text)).toEqual(['"first"', '"more"']);
}

describe('the intake of batches against others', () => {
  const payloads = Array.from({ length: 600 }, (_, n) => String(n));
  const batch = (lines: readonly string[]) => ['{"id":"b","hook":"x"}', ...lines, ''].join('\n');

  /** A drain on whose clock every look takes as long as a slice. */
  async function sliced() {
    const root = madeSpool(quickDir());
    let now = Date.now();
    const side = await sideOf(spoolAt(root, { now: () => (now += 60) }));
    const drop = (name: string, content: string) => writeFileSync(`${root}/incoming/${name}`, content);
    return { root, side, drop };
  }

  it('the intake takes in a batch that was put over the one that it checked', async () => {
    const { side, drop } = await raced(
      ({ name, args }) => name === 'linkSync' && String(args[1]).endsWith('/b.jsonl'),
      (root) => replace(root, 'b.jsonl', batch(['"new"'])),
    );
    drop('b.jsonl', batch(['"old"', '"old"']));
    expect(await fanOutAll(side, () => ['a', 'b'])).toMatchObject({
      events: 1,
      quarantined: [],
      postponed: [],
    });
    for (const endpoint of ['a', 'b']) expect((await claimAll(side, endpoint)).map(text)).toEqual(['"new"']);
    await side.close();
  });

  it('the intake does not delete a batch that was put over one after that was linked', async () => {
    let isLinked = false;
    const { side, drop } = await raced(
      ({ name, args }) => {
        isLinked ||= name === 'linkSync' && String(args[1]).includes('/queue/');
        return isLinked && name === 'lstatSync' && String(args[0]).endsWith('/incoming/b.jsonl');
      },
      (root) => replace(root, 'b.jsonl', batch(['"new"'])),
    );
    drop('b.jsonl', batch(['"old"']));
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 2, postponed: [], quarantined: [] });
    const [old] = await claimAll(side, 'a');
    expect(text(old!)).toBe('"old"');
    await own.done(side, old!);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"new"']);
    await side.close();
  });

  for (const endpoints of [['a'], ['a', 'b']]) {
    it(`the intake takes a batch for ${endpoints.length} in again that has grown since it was linked, and loses no line`, async () => {
      let isLinked = false;
      const { root, side, drop } = await raced(
        ({ name, args }) => {
          isLinked ||= name === 'linkSync' && String(args[1]).includes('/queue/');
          return isLinked && name === 'lstatSync' && String(args[0]).endsWith('/incoming/b.jsonl');
        },
        (at) => appendFileSync(`${at}/incoming/b.jsonl`, '"more"\n'),
      );
      drop('b.jsonl', batch(['"first"']));
      await expectBoth(side, endpoints);
      expect(names(`${root}/incoming`)).toEqual([]);
      await side.close();
    });

    it(`the intake takes a batch for ${endpoints.length} in again that has grown after a drain was killed that had linked it`, async () => {
      const root = madeSpool(quickDir());
      const { disk, closeAll } = faultyDisk(({ name, args }) =>
        name === 'unlinkSync' && String(args[0]).endsWith('/incoming/b.jsonl') ? 'KILL' : undefined,
      );
      writeFileSync(`${root}/incoming/b.jsonl`, batch(['"first"']));
      const killed = await sideOf(spoolAt(root, { disk }));
      await expect(fanOutAll(killed, () => endpoints)).rejects.toThrow();
      closeAll();
      appendFileSync(`${root}/incoming/b.jsonl`, '"more"\n');
      const side = await sideOf(spoolAt(root));
      await expectBoth(side, endpoints);
      await side.close();
    });
  }

  for (const endpoints of [['a'], ['a', 'b']]) {
    it(`the intake takes a batch for ${endpoints.length} in again that was copied and has grown until its removal`, async () => {
      const { root, side, drop } = await raced(
        ({ name, args }) =>
          (name === 'unlinkSync' || name === 'renameSync') && String(args[0]).endsWith('/incoming/b.jsonl'),
        (at) => appendFileSync(`${at}/incoming/b.jsonl`, '"more"\n'),
        'EPERM',
      );
      drop('b.jsonl', batch(['"first"']));
      await expectBoth(side, endpoints);
      for (const room of ['incoming', 'tmp']) expect(names(`${root}/${room}`)).toEqual([]);
      await side.close();
    });
  }

  it('the intake leaves an event that has grown since it was read, and reads it again', async () => {
    for (const endpoints of [['a'], ['a', 'b']]) {
      const { root, side, drop } = await raced(
        ({ name, args }) =>
          (name === 'linkSync' || name === 'renameSync') && String(args[1]).includes('/queue/'),
        (at) => appendFileSync(`${at}/incoming/mine.json`, '\n\n'),
      );
      drop('mine.json', mine('1'));
      expect(await fanOutAll(side, () => endpoints)).toMatchObject({
        events: 1,
        quarantined: [],
        postponed: [],
      });
      for (const endpoint of endpoints) expect((await claimAll(side, endpoint)).map(text)).toEqual(['1']);
      expect(read(`${root}/queue/a/00000001/mine.json`)).toBe(`${mine('1')}\n\n`);
      await side.close();
    }
  });

  it('the intake checks a large batch in slices, takes in single events between them, and begins anew after a kill', async () => {
    const { root, side, drop } = await sliced();
    drop('b.jsonl', batch(payloads));
    drop('single.json', shellEvent('x', '"single"'));
    const first = await fanOut(side, () => ['a']);
    expect(first).toMatchObject({ events: 0, checked: 1, more: true });
    expect(await fanOut(side, () => ['a'])).toMatchObject({ events: 1, more: true });
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"single"']);
    expect(names(`${root}/queue/a`)).toEqual(['00000001']);
    const next = await sideOf(spoolAt(root));
    await fanOutAll(next, () => ['a']);
    expect((await claimAll(next, 'a')).map(text)).toEqual(['"single"', ...payloads]);
    await next.close();
  });

  it('the intake goes on with the batch that it has begun to check, whatever comes before it by name', async () => {
    const { side, drop } = await sliced();
    drop('b.jsonl', batch(payloads));
    expect(await fanOut(side, () => ['a'])).toMatchObject({ checked: 1, more: true });
    drop('a.jsonl', '{"id":"a","hook":"x"}\n"a"\n');
    await fanOutAll(side, () => ['a']);
    expect((await claimAll(side, 'a')).map(text)).toEqual([...payloads, '"a"']);
    await side.close();
  });

  for (const [what, act] of [
    ['takes back', (root: string) => renameSync(`${root}/incoming/b.jsonl`, `${root}/tmp/taken-back`)],
    ['replaces', (root: string) => replace(root, 'b.jsonl', '{"id":"b","hook":"x"}\nnot JSON\n')],
  ] as const) {
    it(`the intake queues nothing of a batch that somebody ${what} between two slices`, async () => {
      const { root, side, drop } = await sliced();
      drop('b.jsonl', batch(payloads));
      expect(await fanOut(side, () => ['a'])).toMatchObject({ events: 0, more: true });
      act(root);
      const { events, quarantined, postponed } = await fanOutAll(side, () => ['a']);
      expect({ events, postponed }).toEqual({ events: 0, postponed: [] });
      expect(quarantined.map(({ name }) => name)).toEqual(what === 'replaces' ? ['b.jsonl'] : []);
      expect(await claimAll(side, 'a')).toEqual([]);
      await side.close();
      await (await sideOf(spoolAt(root))).close();
      expect(names(`${root}/queue`)).toEqual([]);
    });
  }

  it('the intake takes in an event whose name only begins like that of a batch that waits', async () => {
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(({ name, args }) =>
      name === 'linkSync' && String(args[1]).endsWith('.jsonl') ? 'EIO' : undefined,
    );
    const side = await sideOf(spoolAt(root, { disk }));
    writeFileSync(`${root}/incoming/b.jsonl`, batch(['1']));
    writeFileSync(`${root}/incoming/b_1.json`, '{"id":"b_1","hook":"x","payload":"other"}');
    const { events, postponed } = await fanOutAll(side, () => ['a']);
    expect(events).toBe(1);
    expect(postponed).toEqual([{ name: 'b.jsonl', reason: 'it cannot be taken in now (EIO)' }]);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"other"']);
    await side.close();
  });

  for (const full of ['bavail', 'ffree'] as const) {
    it(`the intake takes in a batch where hardly any ${full} is left, and enqueue() accepts one that fits`, async () => {
      const root = madeSpool(quickDir());
      const real = faultyDisk(() => undefined).disk;
      const disk = {
        ...real,
        statfsSync: () => ({ bsize: 4096, blocks: 1e6, bavail: 1e6, files: 1e6, ffree: 1e6, [full]: 266 }),
      } as unknown as typeof real;
      const spool = spoolAt(root, { disk });
      const side = await sideOf(spool);
      writeFileSync(`${root}/incoming/b.jsonl`, batch(payloads));
      const header = { id: 'd', hook: 'x', time: new Date(0).toISOString() };
      await spool.enqueue({ ...header, payloads: payloads.map((line) => Buffer.from(line)) });
      expect(await fanOutAll(side, () => ['a'])).toMatchObject({
        events: 1200,
        postponed: [],
        quarantined: [],
      });
      expect((await claimAll(side, 'a')).map(text)).toEqual([...payloads, ...payloads]);
      await side.close();
    });
  }
});
