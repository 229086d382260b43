import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDirectorySync, syncAll } from '../../../../src/spool/file/disk/directory-sync.js';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { quickDir } from '../../../support/spool-kit.js';

describe('createDirectorySync()', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function syncing(fault: (path: string) => string | undefined = () => undefined) {
    const synced: string[] = [];
    const { disk } = faultyDisk(({ name, args }) => {
      if (name !== 'openSync') return undefined;
      synced.push(String(args[0]));
      return fault(String(args[0]));
    });
    return { synced, sync: createDirectorySync(disk) };
  }

  it('touch() fsyncs each directory once, 50 ms after the first change', () => {
    const [a, b] = [quickDir(), quickDir()];
    const { synced, sync } = syncing();
    for (const directory of [a, b, a]) sync.touch(directory);
    vi.advanceTimersByTime(49);
    expect(synced).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(synced).toEqual([a, b]);
    sync.touch(a);
    sync.flush();
    expect(synced).toEqual([a, b, a]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('touch() fsyncs at once at the 256th change', () => {
    const directory = quickDir();
    const { synced, sync } = syncing();
    for (let n = 0; n < 255; n += 1) sync.touch(directory);
    expect(synced).toEqual([]);
    sync.touch(directory);
    expect(synced).toEqual([directory]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('flush() tells once of an fsync that failed in the background, and fsyncs the other directories', async () => {
    const [a, b] = [quickDir(), quickDir()];
    const { synced, sync } = syncing((path) => (path === a ? 'EIO' : undefined));
    sync.touch(a);
    sync.touch(b);
    vi.advanceTimersByTime(50);
    expect(synced).toEqual([a, b]);
    await expect(sync.flush()).rejects.toThrow('EIO');
    await expect(sync.flush()).resolves.toBeUndefined();
    expect(synced).toEqual([a, b]);
  });

  it('flush() fsyncs what a directory that was removed meanwhile lay in: so it stays removed', async () => {
    const root = quickDir();
    const { synced, sync } = syncing();
    for (const gone of ['a/1', 'a/2', 'b/1']) sync.touch(`${root}/${gone}`);
    await expect(sync.flush()).resolves.toBeUndefined();
    expect(synced).toEqual([...['a/1', 'a/2', 'b/1', 'a', 'b'].map((path) => `${root}/${path}`), root]);
  });

  it('flush() does not mind that nothing is left at all, and tells of an fsync that fails higher up', async () => {
    const { sync } = syncing();
    sync.touch('nowhere');
    await expect(sync.flush()).resolves.toBeUndefined();
    const root = quickDir();
    const failing = syncing((path) => (path === root ? 'EIO' : undefined));
    failing.sync.touch(`${root}/gone`);
    await expect(failing.sync.flush()).rejects.toThrow('EIO');
    expect(failing.synced).toEqual([`${root}/gone`, root]);
  });

  it('flush() waits for what is under way, and at most 64 fsyncs are at once', async () => {
    const told: Array<() => void> = [];
    const disk = {
      ...systemDisk,
      fsync: (_fd: number, done: (error: null) => void) => void told.push(() => done(null)),
    } as typeof systemDisk;
    const root = quickDir();
    const sync = createDirectorySync(disk);
    for (let n = 0; n < 300; n += 1) {
      mkdirSync(`${root}/${n}`);
      sync.touch(`${root}/${n}`);
    }
    let isOver = false;
    const flushed = sync.flush().then(() => {
      isOver = true;
    });
    expect(told.length).toBe(64 + 44); // of a group of 256 as many as may be at once, and of the others
    while (told.length > 1) {
      for (const done of told.splice(1)) done();
      await new Promise(setImmediate);
    }
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    for (const done of told.splice(0)) done();
    await flushed;
    const many = Array.from({ length: 200 }, (_, n) => `${root}/m${n}`);
    for (const path of many) mkdirSync(path);
    const all = syncAll(disk, new Set(many));
    let most = 0;
    while (told.length > 0) {
      most = Math.max(most, told.length);
      for (const done of told.splice(0)) done();
      await new Promise(setImmediate);
    }
    await all;
    expect(most).toBe(64);
  });
});
