import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventToBytes } from '../../../../src/event/record.js';
import { batchToBytes, event } from '../../../support/builders.js';
import { discardAll, madeSpool, names, quickDir, sideOf, spoolAt } from '../../../support/spool-kit.js';

describe('discard() of a drain', () => {
  const why = { reason: 'flushed', message: 'x', time: '2026-11-23T12:00:00.000Z' };

  it('discard() moves events, batches, deliveries and retries that match, and leaves what it cannot read', async () => {
    const root = madeSpool(quickDir());
    const [x, y] = [event({ hook: 'x' }), event({ hook: 'y' })];
    const { payload: _, ...header } = x;
    mkdirSync(`${root}/queue/a/00000001`, { recursive: true });
    mkdirSync(`${root}/retry/b`);
    for (const fired of [x, y]) {
      for (const directory of ['incoming', 'queue/a/00000001'])
        writeFileSync(`${root}/${directory}/${fired.id}.json`, eventToBytes(fired));
      writeFileSync(`${root}/retry/b/0000000000001.1.${fired.id}.json`, eventToBytes(fired));
    }
    writeFileSync(`${root}/incoming/garbage.json`, 'garbage');
    symlinkSync(`${x.id}.json`, `${root}/incoming/link.json`);
    writeFileSync(
      `${root}/incoming/b.jsonl`,
      batchToBytes({ ...header, payloads: [Buffer.from('1'), Buffer.from('2')] }),
    );
    const side = await sideOf(spoolAt(root));
    const request = { select: { hook: 'x' }, incoming: true, why };
    const { entries, isDone } = await discardAll(side, request);
    expect(isDone).toBe(true);
    expect(entries.map(({ endpoint, events }) => [endpoint, events])).toEqual(
      expect.arrayContaining([
        [undefined, 1],
        [undefined, 2],
        ['a', 1],
        ['b', 1],
      ]),
    );
    expect(readdirSync(`${root}/dead/+incoming`).sort()).toEqual(
      [`${x.id}.json`, `${x.id}.why.json`, 'b.jsonl'].sort(),
    );
    for (const endpoint of ['a', 'b'])
      expect(readdirSync(`${root}/dead/${endpoint}`).sort()).toEqual([`${x.id}.json`, `${x.id}.why.json`]);
    expect(readdirSync(`${root}/incoming`).sort()).toEqual(
      [`${y.id}.json`, 'garbage.json', 'link.json'].sort(),
    );
    expect(readdirSync(`${root}/queue/a/00000001`)).toEqual([`${y.id}.json`]);
    await side.close();
  });
});

it('join() lasts no longer than its work: its timers keep no process alive', async () => {
  const root = madeSpool(quickDir());
  const { bundle } = await import('../../../support/child.js');
  const script = await bundle(
    `${quickDir()}/timers.mjs`,
    `
    import { createDirectorySync } from '${process.cwd()}/src/spool/file/disk/directory-sync.ts';
    import { createEndpointFiles } from '${process.cwd()}/src/spool/file/endpoints/endpoint-files.ts';
    import { createHealthFiles } from '${process.cwd()}/src/spool/file/endpoints/health-files.ts';
    import { systemDisk } from '${process.cwd()}/src/spool/file/disk/disk.ts';
    createDirectorySync(systemDisk).touch('${root}');
    createHealthFiles(systemDisk, '${root}', () => 'token', createEndpointFiles(systemDisk, '${root}')).set('a', { failures: 1 });
  `,
  );
  execFileSync(process.execPath, [script]);
  expect(names(`${root}/endpoints`)).toEqual([]);
});
