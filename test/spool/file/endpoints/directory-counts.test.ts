import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Disk, systemDisk } from '../../../../src/spool/file/disk/disk.js';
import {
  createDirectoryCounts,
  type DirectoryCounts,
} from '../../../../src/spool/file/endpoints/directory-counts.js';
import { createEndpointFiles } from '../../../../src/spool/file/endpoints/endpoint-files.js';
import { madeSpool, quickDir } from '../../../support/spool-kit.js';

const directory = 'queue/a/00000001';
const many = 1_500;
/** What changed just now is long ago by then, ms since the epoch. */
const later = (): number => Date.now() + 60_000;

interface Large {
  root: string;
  /** The endpoint's file. */
  file: string;
  /** Begins anew, as a drain does, with what was saved. */
  counts(now?: () => number): DirectoryCounts;
  /** Listings so far. */
  listed(): number;
}

/** A spool with a segment that has many names since some ticks of the file system's clock. */
async function large(): Promise<Large> {
  const root = madeSpool(quickDir());
  mkdirSync(`${root}/${directory}`, { recursive: true });
  writeFileSync(`${root}/tmp/original`, '{}');
  for (let n = 0; n < many; n += 1) linkSync(`${root}/tmp/original`, `${root}/${directory}/e${n}.json`);
  await sleep(30);
  let listed = 0;
  const disk = {
    ...systemDisk,
    opendirSync(...args: Parameters<Disk['opendirSync']>) {
      listed += 1;
      return systemDisk.opendirSync(...args);
    },
  } as Disk;
  return {
    root,
    file: `${root}/endpoints/a.counts`,
    counts: (now = later) => createDirectoryCounts(disk, root, now, createEndpointFiles(disk, root)),
    listed: () => listed,
  };
}

describe('createDirectoryCounts()', () => {
  it('count() lists a large directory once, and after save() in no later drain as long as it does not change', async () => {
    const { counts, listed } = await large();
    const first = counts();
    expect([first.count('a', directory), first.count('a', directory)]).toEqual([many, many]);
    expect(listed()).toBe(1);
    first.save();
    for (let drains = 0; drains < 3; drains += 1) {
      const next = counts();
      expect(next.count('a', directory)).toBe(many);
      next.save();
    }
    expect(listed()).toBe(1);
  });

  it.each<[string, (path: string) => void]>([
    ['has one more', (path) => writeFileSync(`${path}/more.json`, '{}')],
    ['has one less', (path) => unlinkSync(`${path}/e0.json`)],
    [
      'has another in place of one',
      (path) => {
        unlinkSync(`${path}/e0.json`);
        writeFileSync(`${path}/other.json`, '{}');
      },
    ],
  ])('count() lists a directory anew that %s than when it was counted', async (_, change) => {
    const { root, counts, listed } = await large();
    const before = counts();
    before.count('a', directory);
    before.save();
    const kept = readFileSync(`${root}/endpoints/a.counts`, 'utf8');
    change(`${root}/${directory}`);
    const names = new Set(listedNames(root));
    const after = counts();
    expect(after.count('a', directory)).toBe(names.size);
    expect(before.count('a', directory)).toBe(names.size);
    expect(listed()).toBe(3);
    after.save();
    expect(readFileSync(`${root}/endpoints/a.counts`, 'utf8')).not.toBe(kept);
  });

  it('save() keeps no count of a directory that changed within the last 2 s: it may change again at the same time', async () => {
    const { root, file, counts, listed } = await large();
    const early = counts(() => Date.now());
    expect(early.count('a', directory)).toBe(many);
    early.save();
    expect(existsSync(file)).toBe(false);
    writeFileSync(`${root}/${directory}/more.json`, '{}');
    expect(early.count('a', directory)).toBe(many + 1);
    expect(listed()).toBe(2);
  });

  it('count() believes no file that is torn, or that somebody else has written', async () => {
    const { file, counts } = await large();
    const first = counts();
    first.count('a', directory);
    first.save();
    const whole = readFileSync(file, 'utf8');
    const { as } = (JSON.parse(whole) as Record<string, { as: string }>)[directory]!;
    for (const text of [
      ...['', whole.slice(0, -3), whole.slice(1), 'null', '7', '[]', '{}', '\u0000'.repeat(100)],
      ...[{ count: -1, as }, { count: '7', as }, { count: 1.5, as }, { count: 7 }, { as }, null, 7].map(
        (count) => JSON.stringify({ [directory]: count }),
      ),
      JSON.stringify({ [directory]: { count: 7, as: '1-1' } }),
      JSON.stringify({ 'queue/a/00000002': { count: 7, as } }),
    ]) {
      writeFileSync(file, text);
      expect(counts().count('a', directory), text).toBe(many);
    }
    rmSync(file);
    mkdirSync(file);
    expect(counts().count('a', directory)).toBe(many);
  });

  it('save() removes the file when it is sure of no large directory, and minds no file that cannot be written', async () => {
    const { root, file, counts } = await large();
    const first = counts();
    first.count('a', directory);
    first.save();
    expect(existsSync(file)).toBe(true);
    unlinkSync(`${root}/${directory}/e0.json`);
    const second = counts(Date.now);
    expect(second.count('a', directory)).toBe(many - 1);
    second.save();
    expect(existsSync(file)).toBe(false);
    rmSync(`${root}/endpoints`, { recursive: true });
    expect(() => first.save()).not.toThrow();
  });

  it('count() lists a small directory each time, and save() keeps nothing of it', async () => {
    const { root, file, counts } = await large();
    mkdirSync(`${root}/retry/a`, { recursive: true });
    const all = counts();
    expect(all.count('a', 'retry/a')).toBe(0);
    writeFileSync(`${root}/retry/a/1.1.x.json`, '{}');
    writeFileSync(`${root}/retry/a/.hidden`, '');
    expect(all.count('a', 'retry/a')).toBe(1);
    all.save();
    expect(existsSync(file)).toBe(false);
  });
});

function listedNames(root: string): string[] {
  return systemDisk.readdirSync(`${root}/${directory}`) as string[];
}
