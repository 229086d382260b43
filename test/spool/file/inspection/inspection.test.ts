import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EntryQuery, InspectedEntry, QuarantinedEntry } from '../../../../src/spool/inspection.js';
import type { Spool } from '../../../../src/spool/spool.js';
import { describeInspection } from '../../../contracts/inspection-contract.js';
import { event, shellEvent } from '../../../support/builders.js';
import { fanOutAll, isRoot, madeSpool, quickDir, sideOf, spoolAt } from '../../../support/spool-kit.js';

describeInspection('createFileSpool()', () => spoolAt(`${quickDir()}/spool`));

async function read(spool: Spool, query?: EntryQuery): Promise<InspectedEntry[]> {
  const entries: InspectedEntry[] = [];
  for await (const entry of spool.inspection.entries(query)) entries.push(entry);
  return entries;
}

async function quarantineOf(spool: Spool): Promise<QuarantinedEntry[]> {
  const entries: QuarantinedEntry[] = [];
  for await (const entry of spool.inspection.quarantined()) entries.push(entry);
  return entries;
}

describe('createFileInspection()', () => {
  it('changes nothing, and passes over what is no entry', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    await spool.enqueue(event());
    const side = await sideOf(spool);
    await fanOutAll(side, () => ['a']);
    await side.close();
    mkdirSync(`${root}/queue/a/notes`);
    writeFileSync(`${root}/queue/a/00000001/torn.json`, '{"hook":');
    writeFileSync(`${root}/queue/stray`, '');
    symlinkSync('/nonexistent', `${root}/queue/a/00000001/link.json`);
    symlinkSync('/nonexistent', `${root}/dead/link`);
    writeFileSync(`${root}/incoming/torn.json`, '{');
    writeFileSync(`${root}/incoming/.hidden.json`, shellEvent('complete', '1'));
    expect(await read(spool)).toMatchObject([{ state: 'queued', endpoint: 'a' }]);
  });

  it('tells an event by the id within it, which its name need not be', async () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/incoming/mine.json`, shellEvent('complete', '1'));
    expect(await read(spoolAt(root))).toMatchObject([{ header: { id: 'mine', hook: 'complete' } }]);
  });

  it('quarantined() tells each name with its reason, also where the reason is gone', async () => {
    const root = madeSpool(quickDir());
    for (const name of ['one.json', 'two.json']) writeFileSync(`${root}/incoming/${name}`, '{');
    const spool = spoolAt(root);
    const side = await sideOf(spool);
    await fanOutAll(side, () => ['a']);
    await side.close();
    rmSync(`${root}/corrupt/two.json.why`);
    const [one, two, ...others] = await quarantineOf(spool);
    expect(one).toMatchObject({ name: 'one.json', reason: expect.stringMatching(/\S/) });
    expect(two).toEqual({ name: 'two.json', reason: '' });
    expect(others).toEqual([]);
  });

  it.skipIf(isRoot)('refuses in words where a directory may not be listed', async () => {
    const root = madeSpool(quickDir());
    chmodSync(`${root}/incoming`, 0);
    await expect(read(spoolAt(root))).rejects.toMatchObject({ code: 'PERMISSION' });
  });
});
