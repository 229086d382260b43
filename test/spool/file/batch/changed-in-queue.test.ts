import { renameSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { batch, queued } from '../../../support/batch-kit.js';
import { shellEvent } from '../../../support/builders.js';
import { claimAll, fanOutAll, leaseOf, names, read, spoolAt, text } from '../../../support/spool-kit.js';

describe('a batch that somebody changes in the queue', () => {
  it('claim() puts a batch that was truncated aside, whole, once it meets its end', async () => {
    const { root, lease, file } = await queued(['1', '2', '3']);
    truncateSync(file, batch(['1']).length);
    await lease.close();
    const next = await leaseOf(spoolAt(root));
    const { deliveries, quarantined } = await next.claim('a', { limit: 9, now: 0 });
    expect(deliveries.map(text)).toEqual(['1']);
    expect(quarantined).toEqual([{ name: 'b.jsonl', reason: 'it ends before its event 2' }]);
    await next.done(deliveries[0]!);
    expect(next.owing()).toEqual([]);
    await next.close();
    expect(read(`${root}/corrupt/b.jsonl`)).toBe(batch(['1']));
    expect(names(`${root}/queue`)).toEqual([]);
  });

  it('claim() reads another batch that was put in its place from where that has the event', async () => {
    const { root, lease, file } = await queued(['111', '222', '333']);
    const [first] = (await lease.claim('a', { limit: 1, now: 0 })).deliveries;
    const [second] = (await lease.claim('a', { limit: 1, now: 0 })).deliveries;
    lease.release(second!);
    writeFileSync(`${root}/tmp/new`, batch(['"a"', '"bbbbbb"', '"c"']));
    renameSync(`${root}/tmp/new`, file);
    await new Promise((resolve) => setTimeout(resolve, 60)); // it is looked at every 50 ms
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['"bbbbbb"', '"c"']);
    await lease.done(first!);
    await lease.close();
  });

  it('claim() puts one bad line aside alone', async () => {
    const { root, lease, file, progress } = await queued(['111', '222', '333']);
    await lease.close();
    writeFileSync(file, batch(['111', '{{{', '333']));
    const next = await leaseOf(spoolAt(root));
    const { deliveries, quarantined } = await next.claim('a', { limit: 9, now: 0 });
    expect(deliveries.map(text)).toEqual(['111', '333']);
    expect(quarantined.map(({ name }) => name)).toEqual(['b_2.json']);
    expect(read(`${root}/corrupt/b_2.json`)).toBe('{{{');
    expect(read(progress)).toBe('.x.');
    await next.close();
  });

  it('claim() hands out nothing of a batch that somebody took away, and goes on behind it', async () => {
    const { root, lease, file } = await queued(['1', '2']);
    writeFileSync(`${root}/incoming/s.json`, shellEvent('x', '"single"'));
    await fanOutAll(lease, () => ['a']);
    renameSync(file, `${root}/tmp/taken`);
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['"single"']);
    expect(await lease.owed('a')).toBe(1);
    await lease.close();
  });
});
