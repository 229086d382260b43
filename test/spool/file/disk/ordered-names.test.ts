import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { orderedNames } from '../../../../src/spool/file/disk/ordered-names.js';
import { isRoot, quickDir } from '../../../support/spool-kit.js';

describe('orderedNames()', () => {
  it('orderedNames() gives all names in order, however many there are', () => {
    const directory = quickDir();
    const names = Array.from({ length: 10_000 }, (_, n) => `name-${(n * 7919) % 10_000}`);
    for (const name of names) writeFileSync(`${directory}/${name}`, '');
    let reads = 0;
    const disk = {
      ...systemDisk,
      opendirSync: ((...args: Parameters<typeof systemDisk.opendirSync>) => {
        reads += 1;
        return systemDisk.opendirSync(...args);
      }) as typeof systemDisk.opendirSync,
    };
    expect([...orderedNames(disk, directory)]).toEqual([...names].sort());
    expect(reads).toBe(2);
  });

  it('orderedNames() gives the names after one, of those that are accepted', () => {
    const directory = quickDir();
    for (const name of ['a', 'b', 'c', 'd', '.e']) writeFileSync(`${directory}/${name}`, '');
    const found = orderedNames(systemDisk, directory, { after: 'b', accept: (name) => name !== 'c' });
    expect([...found]).toEqual(['d']);
  });

  it('orderedNames() of a directory that is missing has none', () => {
    expect([...orderedNames(systemDisk, `${quickDir()}/none`)]).toEqual([]);
  });

  it.skipIf(isRoot)(
    'orderedNames() throws for a directory that it may not list, unless that is to be skipped',
    () => {
      const directory = `${quickDir()}/closed`;
      mkdirSync(directory);
      chmodSync(directory, 0);
      expect(() => [...orderedNames(systemDisk, directory)]).toThrow('EACCES');
      expect([...orderedNames(systemDisk, directory, { skipUnreadable: true })]).toEqual([]);
    },
  );
});
