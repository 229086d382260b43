import { appendFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { createStillness } from '../../../../src/spool/file/disk/stillness.js';
import { tempDir } from '../../../support/temp.js';
import { until } from '../../../support/world.js';

/** Longer than any test. */
const forEver = 1_000_000;

const reason = 'torn';

/** @param now the wall clock; default: the machine's */
function kit(stillMs: number, now: () => number = Date.now) {
  const root = tempDir();
  const stillness = createStillness(systemDisk, { now, stillMs });
  const path = (name: string): string => join(root, name);
  return {
    stillness,
    path,
    write: (name: string) => writeFileSync(path(name), name),
    isStill: (name: string, readMs = 0) => stillness.isStill(name, { path: path(name), reason, readMs }),
    isDue: (name: string) => stillness.isDue(name, path(name)),
  };
}

describe('createStillness()', () => {
  it('isStill() says no until an entry has not changed for a while, and is asked no more of it then', async () => {
    const { write, isStill, stillness } = kit(300);
    write('a');
    expect(isStill('a')).toBe(false);
    expect(stillness.all()).toMatchObject([{ name: 'a', reason: 'it is still being written (torn)' }]);
    await until('it is still', () => isStill('a'));
    expect(stillness.all()).toEqual([]);
  });

  it('isStill() begins again with every change of the size or the file', () => {
    const { write, isStill, isDue, path, stillness } = kit(forEver);
    write('a');
    isStill('a', 1_000);
    for (const change of [
      () => appendFileSync(path('a'), 'more'),
      () => {
        write('b');
        renameSync(path('b'), path('a'));
      },
    ]) {
      change();
      expect(isStill('a', 1_000)).toBe(false);
      expect(isDue('a')).toBe(false);
    }
    expect(stillness.all()).toHaveLength(1);
  });

  it('isStill() takes an entry that is old, one that is gone, and every one where nothing is to be waited for', () => {
    const later = kit(1_000, () => Date.now() + 10_000);
    later.write('old');
    expect(later.isStill('old')).toBe(true);
    expect(later.isStill('gone')).toBe(true);
    const hasty = kit(0);
    hasty.write('a');
    expect(hasty.isStill('a')).toBe(true);
    for (const { stillness } of [later, hasty]) expect(stillness.all()).toEqual([]);
  });

  it('isStill() does not trust an old mtime, nor a time that has not come yet', () => {
    const { write, isStill, path } = kit(1_000);
    write('copied');
    utimesSync(path('copied'), 1, 1);
    write('early');
    utimesSync(path('early'), 4_000_000_000, 4_000_000_000);
    expect([isStill('copied'), isStill('early')]).toEqual([false, false]);
  });

  it('isDue() is true for an entry that was not seen, and for one that is gone', () => {
    const { write, isStill, isDue, path } = kit(forEver);
    write('a');
    expect(isDue('a')).toBe(true);
    isStill('a');
    expect(isDue('a')).toBe(false);
    rmSync(path('a'));
    expect(isDue('a')).toBe(true);
  });

  it('isDue() has an entry that grows read again, later where reading it takes long', () => {
    const { write, isStill, isDue, path } = kit(forEver);
    for (const name of ['quick', 'slow']) write(name);
    isStill('quick', 0);
    isStill('slow', 1_000);
    for (const name of ['quick', 'slow']) appendFileSync(path(name), 'more');
    expect([isDue('quick'), isDue('slow')]).toEqual([true, false]);
  });

  it('keepOnly() forgets what is not there any more, within its range, and forget() one', () => {
    const { write, isStill, stillness } = kit(forEver);
    stillness.keepOnly(() => expect.fail('asked for names without need'), { after: '', upTo: undefined });
    for (const name of ['a', 'b', 'c', 'd']) {
      write(name);
      isStill(name);
    }
    stillness.keepOnly(() => ['b'], { after: 'a', upTo: 'c' });
    expect(stillness.all().map(({ name }) => name)).toEqual(['a', 'b', 'd']);
    stillness.forget('a');
    stillness.keepOnly(() => ['b'], { after: 'a', upTo: undefined });
    expect(stillness.all().map(({ name }) => name)).toEqual(['b']);
  });

  it('all() has 256 entries at most, those first that were seen first', () => {
    const { write, isStill, stillness } = kit(forEver);
    const names = Array.from({ length: 300 }, (_, n) => `${n}`);
    for (const name of names) {
      write(name);
      isStill(name);
    }
    expect(stillness.all().map(({ name }) => name)).toEqual(names.slice(0, 256));
  });
});
