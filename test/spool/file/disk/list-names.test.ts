import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { listNames } from '../../../../src/spool/file/disk/list-names.js';
import { tempDir } from '../../../support/temp.js';

test('listNames() leaves out names with a dot before them and names that are not UTF-8, and nothing else', () => {
  const root = tempDir();
  const raw = (...bytes: number[]): Buffer => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(bytes)]);
  for (const name of ['a', '.b', 'c\uFFFD', 'd\n', 'ä']) writeFileSync(`${root}/${name}`, '');
  writeFileSync(raw(0x65, 0xff), '');
  mkdirSync(raw(...Array<number>(200).fill(0xfe)));
  expect(listNames(systemDisk, root).sort()).toEqual(['a', 'c\uFFFD', 'd\n', 'ä']);
});

test('listNames() finds nothing where there is no directory', () => {
  const root = tempDir();
  writeFileSync(`${root}/file`, '');
  expect(listNames(systemDisk, `${root}/file`)).toEqual([]);
  expect(listNames(systemDisk, `${root}/nowhere`)).toEqual([]);
});
