import { renameSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { batch, queued } from '../../../support/batch-kit.js';
import { shellEvent } from '../../../support/builders.js';
import { own } from '../../../support/own.js';
import { claimAll, fanOutAll, names, read, sideOf, spoolAt, text } from '../../../support/spool-kit.js';

describe('a batch that somebody changes in the queue', () => {
  it('claim() puts a batch that was truncated aside, whole, once it meets its end', async () => {
    const { root, side, file } = await queued(['1', '2', '3']);
    truncateSync(file, batch(['1']).length);
    await side.close();
    const next = await sideOf(spoolAt(root));
    const { deliveries, quarantined } = await own.claim(next, 'a', { limit: 9, now: 0 });
    expect(deliveries.map(text)).toEqual(['1']);
    expect(quarantined).toEqual([{ name: 'b.jsonl', reason: 'it ends before its event 2' }]);
    await own.done(next, deliveries[0]!);
    expect(next.byId.owing()).toEqual([]);
    await next.close();
    expect(read(`${root}/corrupt/b.jsonl`)).toBe(batch(['1']));
    expect(names(`${root}/queue`)).toEqual([]);
  });

  it('claim() reads another batch that was put in its place from where that has the event', async () => {
    const { root, side, file } = await queued(['111', '222', '333']);
    const [first] = (await own.claim(side, 'a', { limit: 1, now: 0 })).deliveries;
    const [second] = (await own.claim(side, 'a', { limit: 1, now: 0 })).deliveries;
    await own.giveBack(side, second!);
    writeFileSync(`${root}/tmp/new`, batch(['"a"', '"bbbbbb"', '"c"']));
    renameSync(`${root}/tmp/new`, file);
    await new Promise((resolve) => setTimeout(resolve, 60)); // it is looked at every 50 ms
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"bbbbbb"', '"c"']);
    await own.done(side, first!);
    await side.close();
  });

  it('claim() puts one bad line aside alone', async () => {
    const { root, side, file, progress } = await queued(['111', '222', '333']);
    await side.close();
    writeFileSync(file, batch(['111', '{{{', '333']));
    const next = await sideOf(spoolAt(root));
    const { deliveries, quarantined } = await own.claim(next, 'a', { limit: 9, now: 0 });
    expect(deliveries.map(text)).toEqual(['111', '333']);
    expect(quarantined.map(({ name }) => name)).toEqual(['b_2.json']);
    expect(read(`${root}/corrupt/b_2.json`)).toBe('{{{');
    expect(read(progress)).toBe('.x.');
    await next.close();
  });

  it('claim() hands out nothing of a batch that somebody took away, and goes on behind it', async () => {
    const { root, side, file } = await queued(['1', '2']);
    writeFileSync(`${root}/incoming/s.json`, shellEvent('x', '"single"'));
    await fanOutAll(side, () => ['a']);
    renameSync(file, `${root}/tmp/taken`);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"single"']);
    expect(await side.byId.owed('a')).toBe(1);
    await side.close();
  });
});
