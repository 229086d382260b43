import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  createProgressMarks,
  readMoving,
  readProgress,
} from '../../../../src/spool/file/batch/batch-progress.js';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { onLinux, openBelow } from '../../../support/open-files.js';
import { quickDir } from '../../../support/spool-kit.js';

describe('createProgressMarks()', () => {
  onLinux('mark() writes one byte in place, and keeps 64 files open', () => {
    const directory = quickDir();
    const marks = createProgressMarks(systemDisk);
    for (let n = 0; n < 100; n += 1) {
      writeFileSync(`${directory}/${n}`, '.....');
      marks.mark(`${directory}/${n}`, n % 5, n % 2 === 0 ? 'settled' : 'moving');
    }
    expect(openBelow(directory)).toBe(64);
    for (let n = 0; n < 100; n += 1) {
      const expected = [...'.....'];
      expected[n % 5] = n % 2 === 0 ? 'x' : '>';
      expect(readFileSync(`${directory}/${n}`, 'utf8')).toBe(expected.join(''));
    }
    marks.forget(`${directory}/99`);
    expect(openBelow(directory)).toBe(63);
    marks.close();
    expect(openBelow(directory)).toBe(0);
  });

  it.each([
    [undefined, 2],
    ['SHORT', 5],
  ])(
    'settle() writes what lies side by side together at the end of the turn (writes: %s)',
    async (fault, count) => {
      const path = `${quickDir()}/b.done`;
      writeFileSync(path, '.........');
      let writes = 0;
      const { disk } = faultyDisk(({ name }) => {
        if (name !== 'writeSync') return undefined;
        writes += 1;
        return fault;
      });
      const marks = createProgressMarks(disk);
      const settled = [4, 1, 7, 2, 3].map((index) => marks.settle(path, index));
      expect(readFileSync(path, 'utf8')).toBe('.........');
      await Promise.all(settled);
      expect(readFileSync(path, 'utf8')).toBe('.xxxx..x.');
      expect(writes).toBe(count);
      marks.close();
    },
  );

  it('settle() tells each whose write failed, and no other', async () => {
    const path = `${quickDir()}/b.done`;
    writeFileSync(path, '.........');
    const { disk } = faultyDisk(({ name, args }) =>
      name === 'writeSync' && args[4] === 5 ? 'EIO' : undefined,
    );
    const marks = createProgressMarks(disk);
    const ended = await Promise.allSettled([0, 1, 5, 6].map((index) => marks.settle(path, index)));
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(readFileSync(path, 'utf8')).toBe('xx.......');
    marks.close();
  });

  it('mark() makes a file anew that somebody took away, and minds no directory that is gone', () => {
    const directory = quickDir();
    const marks = createProgressMarks(systemDisk);
    marks.mark(`${directory}/b.done`, 2, 'settled');
    expect(readFileSync(`${directory}/b.done`, 'utf8')).toBe('\u0000\u0000x');
    expect(systemDisk.statSync(`${directory}/b.done`).mode & 0o777).toBe(0o600);
    marks.mark(`${directory}/gone/b.done`, 2, 'settled');
    marks.close();
  });

  it.each([
    ['.x>', 2, [2]],
    ['', 3, []],
    ['x', 2, []],
    ['xxx', 0, []],
    ['xx..x', 1, []],
    ['X\u0000x', 2, []],
    ['>>>', 3, [0, 1, 2]],
  ])('readProgress() of %j counts as owed what is not surely settled', (content, owed, moving) => {
    const path = `${quickDir()}/b.done`;
    writeFileSync(path, content);
    expect(readProgress(systemDisk, path, 3).owed).toBe(owed);
    expect(readMoving(systemDisk, path, 3)).toEqual(moving);
  });
});
