import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replaceFile, resolveLinks } from '../../../src/hooks/file/replace-file.js';
import { tempDir } from '../../support/temp.js';

const place = (): string => realpathSync(tempDir());

describe('resolveLinks()', () => {
  it('resolveLinks() makes the directories of a file that is not there, for its owner alone', async () => {
    const root = place();
    expect(await resolveLinks(join(root, 'a/b/hooks.yaml'))).toBe(join(root, 'a/b/hooks.yaml'));
    expect(statSync(join(root, 'a/b')).mode & 0o777).toBe(0o700);
  });

  it('resolveLinks() follows links, also if the last one is dangling', async () => {
    const root = place();
    mkdirSync(join(root, 'real'));
    symlinkSync('real', join(root, 'there'));
    writeFileSync(join(root, 'real/file'), '');
    symlinkSync('second', join(root, 'first'));
    symlinkSync('made/new.yaml', join(root, 'second'));
    expect(await resolveLinks(join(root, 'there/file'))).toBe(join(root, 'real/file'));
    expect(await resolveLinks(join(root, 'first'))).toBe(join(root, 'made/new.yaml'));
    expect(readdirSync(join(root, 'made'))).toEqual([]);
  });

  it('resolveLinks() refuses links that lead to themselves', async () => {
    const root = place();
    symlinkSync('b', join(root, 'a'));
    symlinkSync('a', join(root, 'b'));
    await expect(resolveLinks(join(root, 'a'))).rejects.toMatchObject({ code: 'ELOOP' });
  });
});

describe('replaceFile()', () => {
  const never = { keep: undefined, unless: async () => false };

  it('replaceFile() makes a new file for its owner alone, and nothing beside it', async () => {
    const root = place();
    expect(await replaceFile(join(root, 'new'), 'text', never)).toBe(true);
    expect(readdirSync(root)).toEqual(['new']);
    expect(readFileSync(join(root, 'new'), 'utf8')).toBe('text');
    expect(statSync(join(root, 'new')).mode & 0o777).toBe(0o600);
  });

  it('replaceFile() keeps the mode of the old file', async () => {
    const path = join(place(), 'file');
    writeFileSync(path, 'old');
    chmodSync(path, 0o640);
    await replaceFile(path, 'new', { ...never, keep: statSync(path) });
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it.skipIf(process.getuid?.() !== 0)('replaceFile() keeps the owner of the old file, as root', async () => {
    const path = join(place(), 'file');
    writeFileSync(path, 'old');
    chownSync(path, 65_534, 65_534);
    await replaceFile(path, 'new', { ...never, keep: statSync(path) });
    expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 65_534 });
  });

  it('replaceFile() replaces nothing when it is told not to at the last moment', async () => {
    const root = place();
    writeFileSync(join(root, 'file'), 'old');
    const unless = async (): Promise<boolean> => {
      expect(readdirSync(root)).toHaveLength(2);
      return true;
    };
    expect(await replaceFile(join(root, 'file'), 'new', { keep: undefined, unless })).toBe(false);
    expect(readdirSync(root)).toEqual(['file']);
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('old');
  });

  it('replaceFile() leaves nothing behind when it fails', async () => {
    const root = place();
    mkdirSync(join(root, 'directory'));
    await expect(replaceFile(join(root, 'directory'), 'new', never)).rejects.toMatchObject({
      code: 'EISDIR',
    });
    const unless = () => Promise.reject(new Error('it cannot be read'));
    const failing = replaceFile(join(root, 'file'), 'new', { keep: undefined, unless });
    await expect(failing).rejects.toThrow('it cannot be read');
    await expect(replaceFile(join(root, 'no/file'), 'new', never)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(readdirSync(root)).toEqual(['directory']);
  });
});
