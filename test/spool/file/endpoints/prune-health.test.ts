import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { pruneHealth } from '../../../../src/spool/file/endpoints/prune-health.js';
import { madeSpool, names, quickDir } from '../../../support/spool-kit.js';

describe('pruneHealth()', () => {
  it('removes the counts that earlier versions kept, also of endpoints that are owed something', () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/queue/a`);
    for (const name of ['a.counts', 'b.counts']) writeFileSync(`${root}/endpoints/${name}`, '{}');
    writeFileSync(`${root}/endpoints/a.json`, '{"endpoint":"a","failures":1}');
    pruneHealth(systemDisk, root, { isNeeded: () => true, start: 0 });
    expect(names(`${root}/endpoints`)).toEqual(['a.json']);
  });
});
