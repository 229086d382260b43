import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { batch, queued, rest, why } from '../../../support/batch-kit.js';
import { own } from '../../../support/own.js';
import {
  claimAll,
  discardAll,
  fanOutAll,
  farFuture,
  filesBelow,
  madeSpool,
  names,
  quickDir,
  read,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

async function backlogOf(root: string): Promise<unknown> {
  for await (const { waiting, retrying, dead } of spoolAt(root).backlog('a'))
    return { waiting, retrying, dead };
  return undefined;
}

describe('a batch in a queue', () => {
  it('done(), defer(), bury() and release() of its events are told by its progress, and in the counts', async () => {
    const { root, side, progress } = await queued(['1', '2', '3', '4', '5']);
    expect(read(progress)).toBe('.....');
    const claimed = await claimAll(side, 'a');
    expect(await side.byId.owed('a')).toBe(5);
    await own.done(side, claimed[1]!);
    await own.defer(side, claimed[2]!, { dueMs: 1_000, attempts: 2 });
    await own.bury(side, claimed[3]!, why);
    await own.giveBack(side, claimed[4]!);
    expect(read(progress)).toBe('.xxx.');
    expect(await side.byId.owed('a')).toBe(3);
    expect(await backlogOf(root)).toEqual({ waiting: 2, retrying: 1, dead: 1 });
    expect(filesBelow(`${root}/retry`)).toEqual(['a/0000000001000.2.b_3.json']);
    expect(read(`${root}/retry/a/0000000001000.2.b_3.json`)).toContain('"payload":3\n');
    expect(read(`${root}/dead/a/b_4.json`)).toContain('"id":"b_4"');
    expect(read(`${root}/dead/a/b_4.why.json`)).toContain('gave-up');
    const again = await own.claim(side, 'a', { limit: 9, now: farFuture });
    expect(again.deliveries.map(text)).toEqual(['3', '5']);
    expect(again.deliveries[0]!.attempts).toBe(2);
    for (const delivery of [claimed[0]!, ...again.deliveries]) await own.done(side, delivery);
    expect(await side.byId.owed('a')).toBe(0);
    expect(existsSync(progress)).toBe(false);
    await side.close();
    expect(names(`${root}/queue`)).toEqual([]);
  });

  it('its events keep their order, and single events before and after it keep theirs', async () => {
    const root = madeSpool(quickDir());
    const side = await sideOf(spoolAt(root));
    const put = async (name: string, content: string) => {
      writeFileSync(`${root}/incoming/${name}`, content);
      await fanOutAll(side, () => ['a']);
    };
    const single = (id: string) => `{"id":"${id}","hook":"x","payload":"${id}"}`;
    await put('s1.json', single('s1'));
    await put('b.jsonl', batch(Array.from({ length: 12 }, (_, n) => `${n}`)));
    await put('s0.json', single('s0'));
    await put('c.jsonl', batch(['"c"'], 'c'));
    await put('s2.json', single('s2'));
    expect(names(`${root}/queue/a`)).toEqual([
      '00000001',
      '00000002.12.b',
      '00000003',
      '00000004.1.c',
      '00000005',
    ]);
    const expected = ['"s1"', ...Array.from({ length: 12 }, (_, n) => `${n}`), '"s0"', '"c"', '"s2"'];
    const claimed = await claimAll(side, 'a');
    expect(claimed.map(text)).toEqual(expected);
    for (const n of [14, 3, 0, 15, 7]) await own.giveBack(side, claimed[n]!);
    expect((await claimAll(side, 'a')).map(text)).toEqual([0, 3, 7, 14, 15].map((n) => expected[n]));
    await side.close();
    expect(await rest(root)).toEqual(expected);
  });

  it('it is removed when its last event is settled, at close(), or by the next drain', async () => {
    const settled = await queued(['1', '2']);
    for (const delivery of await claimAll(settled.side, 'a')) await own.done(settled.side, delivery);
    expect(names(`${settled.root}/queue/a`)).toEqual([]);
    await settled.side.close();
    for (const call of ['unlinkSync', 'rmdirSync']) {
      let failing = true;
      const { root, side, file } = await queued(['1'], ({ name, args }) =>
        failing && name === call && String(args[0]).includes('/queue/') ? 'EIO' : undefined,
      );
      const [only] = await claimAll(side, 'a');
      await own.done(side, only!);
      expect(existsSync(file)).toBe(call === 'unlinkSync');
      expect(side.byId.owing()).toEqual([]);
      failing = false;
      await side.close();
      expect(names(`${root}/queue`)).toEqual([]);
    }
    const left = await queued(['1']);
    writeFileSync(left.progress, 'x');
    const next = await sideOf(spoolAt(left.root));
    expect(next.byId.owing()).toEqual([]);
    expect(names(`${left.root}/queue`)).toEqual([]);
    await next.close();
  });

  it('a batch with the name of one that is done is marked in its own file', async () => {
    const { root, side } = await queued(['1', '2']);
    for (const delivery of await claimAll(side, 'a')) await own.done(side, delivery);
    writeFileSync(`${root}/incoming/b.jsonl`, batch(['"new 1"', '"new 2"']));
    await fanOutAll(side, () => ['a']);
    const claimed = await claimAll(side, 'a');
    expect(claimed.map(text)).toEqual(['"new 1"', '"new 2"']);
    for (const delivery of claimed) await own.done(side, delivery);
    expect(names(`${root}/queue/a`)).toEqual([]);
    await side.close();
    expect(await rest(root)).toEqual([]);
  });

  it('discard() of a batch of which some is settled moves what is owed', async () => {
    const { root, side } = await queued(['1', '2', '3']);
    const [first, second, third] = await claimAll(side, 'a');
    await own.done(side, first!);
    await own.defer(side, second!, { dueMs: 1, attempts: 1 });
    await own.giveBack(side, third!);
    writeFileSync(`${root}/incoming/c.jsonl`, batch(['1', '', '2'], 'c'));
    const why = { reason: 'flushed', message: 'x', time: '2026-11-23T12:00:00.000Z' };
    const of = (wanted: string) => ({
      incoming: true,
      select: { hook: wanted },
      why,
    });
    expect((await discardAll(side, of('y'))).entries).toEqual([]);
    const { entries } = await discardAll(side, of('x'));
    expect(entries.map(({ endpoint, events }) => [endpoint, events])).toEqual([
      [undefined, 2],
      ['a', 1],
      ['a', 1],
    ]);
    expect(side.byId.owing()).toEqual([]);
    await side.close();
    expect(await rest(root)).toEqual([]);
  });

  it('claim() with a probe passes over the event that failed, and hands it out last', async () => {
    const { side } = await queued(['1', '2', '3']);
    const probe = async () =>
      (await own.claim(side, 'a', { limit: 1, now: 0, probe: ['b_1', 'b_3'] })).deliveries.map(text);
    expect([await probe(), await probe(), await probe()]).toEqual([['2'], ['1'], ['3']]);
    await side.close();
  });
});
