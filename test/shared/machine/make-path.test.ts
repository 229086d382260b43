import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makePath } from '../../../src/shared/machine/make-path.js';
import { tempDir } from '../../support/temp.js';

describe('makePath()', () => {
  it('makePath() makes what is missing, and twice is as good as once', () => {
    const path = join(tempDir(), 'a/b/c');
    makePath(path, 0o700);
    makePath(path, 0o755);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
  });

  it('makePath() throws what stands in the way', () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    expect(() => makePath(join(file, 'a/b'), 0o700)).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  });

  it.skipIf(!existsSync('/proc/self'))('makePath() ends where no directory can be made', () => {
    expect(() => makePath('/proc/nope/a/b', 0o700)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});
