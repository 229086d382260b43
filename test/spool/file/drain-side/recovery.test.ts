import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { tmpAgeMs } from '../../../../src/spool/file/disk/layout.js';
import { recover } from '../../../../src/spool/file/drain-side/recovery.js';
import { bug, buggy } from '../../../support/buggy-disk.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { madeSpool, names, quickDir } from '../../../support/spool-kit.js';

describe('recover()', () => {
  it('recover() sweeps what is older than 36 hours out of tmp/, and keeps the rest', async () => {
    const root = madeSpool(quickDir());
    const now = Date.now();
    const ages = {
      'old.json': tmpAgeMs + 1000,
      'young.json': tmpAgeMs - 60_000,
      old: tmpAgeMs + 1000,
      full: tmpAgeMs + 1000,
    };
    for (const name of ['old', 'full']) mkdirSync(`${root}/tmp/${name}`);
    writeFileSync(`${root}/tmp/full/x`, '');
    for (const [name, age] of Object.entries(ages)) {
      if (name.endsWith('.json')) writeFileSync(`${root}/tmp/${name}`, '');
      utimesSync(`${root}/tmp/${name}`, (now - age) / 1000, (now - age) / 1000);
    }
    expect((await recover(systemDisk, root, now)).quarantined).toEqual([]);
    expect(names(`${root}/tmp`)).toEqual(['full', 'young.json']);
  });

  it('recover() removes empty segments and endpoints, but not their dead', async () => {
    const root = madeSpool(quickDir());
    for (const path of [
      'queue/a/00000001',
      'queue/a/00000002',
      'queue/b/00000001',
      'retry/a',
      'retry/b',
      'dead/a',
    ]) {
      mkdirSync(`${root}/${path}`, { recursive: true });
    }
    for (const path of ['queue/a/00000002/x.json', 'retry/b/1.1.x.json'])
      writeFileSync(`${root}/${path}`, '');
    const { found } = await recover(systemDisk, root, Date.now());
    expect(found).toEqual(
      new Map([
        ['a', { isWaiting: true, hasRetries: false }],
        ['b', { isWaiting: false, hasRetries: true }],
      ]),
    );
    expect([names(`${root}/queue`), names(`${root}/queue/a`)]).toEqual([['a'], ['00000002']]);
    expect([names(`${root}/retry`), names(`${root}/dead`)]).toEqual([['b'], ['a']]);
  });

  it('recover() goes on where a directory cannot be removed, or a file is gone before it is swept', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/queue/a`);
    writeFileSync(`${root}/tmp/x`, '');
    const { disk } = faultyDisk(({ name, args }) => {
      if (name === 'lstatSync' && String(args[0]).endsWith('/tmp/x')) rmSync(`${root}/tmp/x`);
      return name === 'rmdirSync' ? 'EBUSY' : undefined;
    });
    expect((await recover(disk, root, Date.now())).quarantined).toEqual([]);
    expect(names(`${root}/queue`)).toEqual(['a']);
  });

  it('recover() lets a bug through', async () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/tmp/x`, '');
    await expect(recover(buggy('unlinkSync'), root, Date.now() + 2 * tmpAgeMs)).rejects.toThrow(bug);
    mkdirSync(`${root}/queue/a`);
    await expect(recover(buggy('rmdirSync'), root, Date.now())).rejects.toThrow(bug);
  });
});
