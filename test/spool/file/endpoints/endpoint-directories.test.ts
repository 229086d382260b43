import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { removeEmpty } from '../../../../src/spool/file/endpoints/endpoint-directories.js';
import { madeSpool, quickDir } from '../../../support/spool-kit.js';

describe('removeEmpty()', () => {
  it.each<[last: string | undefined, there: string[], left: string[]]>([
    [undefined, ['queue/a/00000001'], []],
    ['queue/a/00000001', ['queue/a/00000001'], []],
    ['queue/a/00000001', ['queue/a/00000001', 'retry/a'], []],
    ['queue/a/00000002', ['queue/a/00000001', 'queue/a/00000002'], []],
    ['queue/a/00000002', ['queue/a/00000001/x.json/', 'queue/a/00000002'], ['queue/a', 'queue/a/00000001']],
    ['queue/a/00000001', ['queue/a/00000001/x.json/'], ['queue/a', 'queue/a/00000001']],
    ['retry/a', ['queue/a/00000001', 'retry/a'], []],
    ['queue/b/00000001', ['queue/a/00000001'], []],
    ['queue/a/00000001', [], []],
  ])('removeEmpty() after a delivery in %s removes of %j all but %j', (last, there, left) => {
    const root = madeSpool(quickDir());
    for (const path of there) {
      mkdirSync(`${root}/${path.replace(/\/[^/]+\/$/, '')}`, { recursive: true });
      if (path.endsWith('/')) writeFileSync(`${root}/${path.slice(0, -1)}`, '');
    }
    removeEmpty(systemDisk, root, 'a', last);
    const all = ['queue/a', 'queue/a/00000001', 'queue/a/00000002', 'retry/a'];
    expect(all.filter((path) => existsSync(`${root}/${path}`))).toEqual(left);
  });
});
