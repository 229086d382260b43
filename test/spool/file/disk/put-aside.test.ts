import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { putAside } from '../../../../src/spool/file/disk/put-aside.js';
import { bug, buggy } from '../../../support/buggy-disk.js';
import { type Fault, faultyDisk } from '../../../support/faulty-disk.js';
import { madeSpool, names, quickDir, read } from '../../../support/spool-kit.js';

describe('putAside()', () => {
  function aside(root: string, name: string, content: string, fault: Fault = () => undefined) {
    const path = `${root}/tmp/unreadable`;
    writeFileSync(path, content);
    return putAside(faultyDisk(fault).disk, root, { path, name, reason: 'why' });
  }

  it('putAside() finds a free name, for the file and for its reason', () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/corrupt/x.json.1.why`, 'somebody’s');
    expect(['1', '2', '3'].map((content) => aside(root, 'x.json', content)?.name)).toEqual([
      'x.json',
      'x.json.2',
      'x.json.3',
    ]);
    expect(read(`${root}/corrupt/x.json.2`)).toBe('2');
    expect(read(`${root}/corrupt/x.json.2.why`)).toBe('why\n');
    expect(read(`${root}/corrupt/x.json.1.why`)).toBe('somebody’s');
  });

  it('putAside() shortens a name so that a number and .why have room', () => {
    const root = madeSpool(quickDir());
    const long = '🪝'.repeat(63);
    for (let n = 0; n < 12; n += 1) expect(aside(root, long, 'x')).toBeDefined();
    expect(names(`${root}/corrupt`)).toHaveLength(24);
  });

  it('putAside() moves the file even where its reason cannot be written', () => {
    const root = madeSpool(quickDir());
    expect(aside(root, 'x', 'x', ({ name }) => (name === 'writeSync' ? 'ENOSPC' : undefined))?.name).toBe(
      'x',
    );
    expect(names(`${root}/corrupt`)).toEqual(['x']);
  });

  it('putAside() leaves no reason behind where the file was taken, or cannot be moved', () => {
    const root = madeSpool(quickDir());
    expect(
      putAside(systemDisk, root, { path: `${root}/tmp/nothing`, name: 'x', reason: 'why' }),
    ).toBeUndefined();
    expect(() => aside(root, 'x', 'x', ({ name }) => (name === 'renameSync' ? 'EACCES' : undefined))).toThrow(
      'EACCES',
    );
    expect(names(`${root}/corrupt`)).toEqual([]);
    expect(names(`${root}/tmp`)).toEqual(['unreadable']);
  });

  it('putAside() lets a bug through', () => {
    const root = madeSpool(quickDir());
    expect(() => putAside(buggy('openSync'), root, { path: `${root}/x`, name: 'x', reason: 'why' })).toThrow(
      bug,
    );
  });
});
