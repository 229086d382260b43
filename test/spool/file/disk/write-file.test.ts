import { linkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { ensureDirectory, removeIfThere } from '../../../../src/spool/file/disk/write-file.js';
import { quickDir } from '../../../support/spool-kit.js';

describe('the calls of write-file.ts', () => {
  it('removeIfThere() and ensureDirectory() throw what they cannot make good', () => {
    const directory = quickDir();
    writeFileSync(`${directory}/file`, '');
    linkSync(`${directory}/file`, `${directory}/link`);
    removeIfThere(systemDisk, `${directory}/link`);
    removeIfThere(systemDisk, `${directory}/link`);
    expect(() => removeIfThere(systemDisk, `${directory}/file/x`)).toThrow('ENOTDIR');
    expect(ensureDirectory(systemDisk, `${directory}/made`, 0o700)).toBe(true);
    expect(ensureDirectory(systemDisk, `${directory}/made`, 0o700)).toBe(false);
    expect(() => ensureDirectory(systemDisk, `${directory}/file/x`, 0o700)).toThrow('ENOTDIR');
  });
});
