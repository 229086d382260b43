import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { Health } from '../../../../src/endpoint/health.js';
import { type Disk, systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { createEndpointFiles } from '../../../../src/spool/file/endpoints/endpoint-files.js';
import {
  createHealthFiles,
  type HealthFiles,
  readHealth,
} from '../../../../src/spool/file/endpoints/health-files.js';
import { bug, buggy } from '../../../support/buggy-disk.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { madeSpool, quickDir, read } from '../../../support/spool-kit.js';

describe('createHealthFiles()', () => {
  function healthFiles(disk: Disk, root: string): HealthFiles {
    return createHealthFiles(disk, root, () => 'token', createEndpointFiles(disk, root));
  }

  const health: Health = {
    failures: 3,
    since: 1,
    parkedUntil: 2,
    failedAt: [1, 2],
    ageFrom: 3,
    paused: 'gone',
    last: '503',
    failedDeliveries: [
      ['x', 1],
      ['42', 3],
      ['7', 1],
    ],
    allowed: 1.5,
    against: ['x', 'y'],
    clock: { boot: 'b', bootedAt: 5 },
    pace: { perMs: 1_000, at: 7, counts: [1, 0, 2] },
  };

  function saved(text: string): Health {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/endpoints/a.json`, text);
    return readHealth(systemDisk, root, 'a');
  }

  it('readHealth() reads what was written, and nothing of a torn or a foreign file', () => {
    expect(saved(JSON.stringify({ endpoint: 'a', ...health }))).toEqual(health);
    for (const text of ['', '{"failures":3', 'null', '7', '"x"', '[]', '\u0000'])
      expect(saved(text)).toEqual({});
    expect(saved(' '.repeat(65 * 1024))).toEqual({});
  });

  it('readHealth() leaves out members of the wrong type', () => {
    const wrong = {
      failures: '3',
      since: -1,
      parkedUntil: null,
      failedAt: ['x'],
      ageFrom: 'y',
      paused: true,
      last: 503,
      failedDeliveries: [1],
      allowed: 0.5,
      against: ['a', 'b', 'c', 'd'],
      clock: { boot: 7, bootedAt: 5 },
      pace: { perMs: 1_000, at: 7, counts: [-1] },
    };
    expect(saved(JSON.stringify(wrong))).toEqual({});
    for (const members of [
      { allowed: '2', against: 'a', clock: null, pace: null },
      { allowed: null, against: [1], clock: { boot: 'b' }, pace: [] },
      { allowed: -1, against: [], clock: 'b', pace: 'fast' },
    ])
      expect(saved(JSON.stringify(members))).toEqual({});
    expect(
      saved(JSON.stringify({ ...wrong, failedAt: 7, failedDeliveries: { x: 'y' }, last: 'ok' })),
    ).toEqual({
      last: 'ok',
    });
    for (const failedDeliveries of [null, { x: 1 }, ['x'], [['x']], [['x', '1']], [[1, 1]], [['x', 1, 1]]])
      expect(saved(JSON.stringify({ failedDeliveries, since: 5 }))).toEqual({ since: 5 });
  });

  it('readHealth() knows of nothing where the file cannot be read, and lets a bug through', () => {
    const root = madeSpool(quickDir());
    expect(readHealth(systemDisk, root, 'a')).toEqual({});
    mkdirSync(`${root}/endpoints/a.json`);
    expect(readHealth(systemDisk, root, 'a')).toEqual({});
    expect(readHealth(faultyDisk(() => 'EIO').disk, root, 'a')).toEqual({});
    expect(() => readHealth(buggy('openSync'), root, 'a')).toThrow(bug);
  });

  it('set() writes at most once a second, and what is well is removed', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const root = madeSpool(quickDir());
    const files = healthFiles(systemDisk, root);
    const path = `${root}/endpoints/a.json`;
    files.set('a', { failures: 1 });
    expect(files.get('a')).toEqual({ failures: 1 });
    vi.advanceTimersByTime(999);
    files.set('a', { failures: 2 });
    expect(existsSync(path)).toBe(false);
    vi.advanceTimersByTime(1);
    expect(JSON.parse(read(path))).toEqual({ endpoint: 'a', failures: 2 });
    files.set('a', {});
    files.flush();
    expect(existsSync(path)).toBe(false);
    files.set('a', {});
    files.flush(); // is well already, and has no file
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('get() opens no file that is not there, and finds what it has written itself', () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/endpoints/known.json`, '{"failures":1}');
    const opened: string[] = [];
    const { disk } = faultyDisk(({ name, args }) => {
      if (name === 'openSync') opened.push(String(args[0]).slice(root.length));
      return undefined;
    });
    const files = healthFiles(disk, root);
    for (const endpoint of ['new', 'newer', 'known']) files.get(endpoint);
    expect(opened).toEqual(['/endpoints/known.json']);
    files.set('new', { failures: 2 }, { isImmediate: true });
    files.forget('new');
    expect(files.get('new')).toEqual({ failures: 2 });
  });

  it('get() looks for each file where they cannot be listed', () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/endpoints/a.json`, '{"failures":1}');
    const { disk } = faultyDisk(({ name }) => (name === 'readdirSync' ? 'EIO' : undefined));
    expect(healthFiles(disk, root).get('a')).toEqual({ failures: 1 });
  });

  it('cancel() forgets what has changed', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const root = madeSpool(quickDir());
    const files = healthFiles(systemDisk, root);
    files.set('a', { failures: 1 });
    files.cancel();
    vi.advanceTimersByTime(2000);
    files.flush();
    expect(readdirSync(`${root}/endpoints`)).toEqual([]);
    vi.useRealTimers();
  });

  it('set() swallows what the disk says, and lets a bug through', () => {
    const root = madeSpool(quickDir());
    for (const failing of ['openSync', 'renameSync', 'unlinkSync', 'fsyncSync']) {
      const { disk } = faultyDisk(({ name }) => (name === failing ? 'ENOSPC' : undefined));
      const files = healthFiles(disk, root);
      files.set('a', { failures: 1 });
      files.set('b', {});
      expect(() => files.flush()).not.toThrow();
    }
    const files = healthFiles(buggy('openSync'), root);
    files.set('a', { failures: 1 });
    expect(() => files.flush()).toThrow(bug);
  });
});
