/** The parts of the file spool that stand on their own. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Health } from '../../../src/endpoint/health.js';
import { createEventId, isGeneratedId, timeOfId } from '../../../src/event/event-id.js';
import { eventToBytes } from '../../../src/event/record.js';
import { randomBytes } from '../../../src/shared/machine/random.js';
import { acceptedAt } from '../../../src/spool/file/batch/delivery-file.js';
import { createDirectorySync, syncAll } from '../../../src/spool/file/disk/directory-sync.js';
import { type Disk, systemDisk } from '../../../src/spool/file/disk/disk.js';
import { tmpAgeMs } from '../../../src/spool/file/disk/layout.js';
import { putAside } from '../../../src/spool/file/disk/put-aside.js';
import { spoolError } from '../../../src/spool/file/disk/spool-error.js';
import { ensureDirectory, removeIfThere } from '../../../src/spool/file/disk/write-file.js';
import { removeEmpty } from '../../../src/spool/file/endpoints/endpoint-directories.js';
import { createEndpointFiles } from '../../../src/spool/file/endpoints/endpoint-files.js';
import {
  createHealthFiles,
  type HealthFiles,
  readHealth,
} from '../../../src/spool/file/endpoints/health-files.js';
import { createIdMaker } from '../../../src/spool/file/incoming/id-maker.js';
import { recover } from '../../../src/spool/file/lease/recovery.js';
import { batchToBytes, event } from '../../support/builders.js';
import { type Fault, faultyDisk } from '../../support/faulty-disk.js';
import { discardAll, leaseOf, madeSpool, names, quickDir, read, spoolAt } from '../../support/spool-kit.js';

const bug = new TypeError('a bug');

/** The disk, one of whose methods throws what no disk throws. */
function buggy(method: keyof typeof systemDisk): typeof systemDisk {
  return {
    ...systemDisk,
    [method]: () => {
      throw bug;
    },
  };
}

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
    files.set('new', { failures: 2 }, { atOnce: true });
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

describe('backlog()', () => {
  async function backlog(root: string, endpoint?: string) {
    const found = [];
    for await (const each of spoolAt(root).backlog(endpoint)) found.push(each);
    return found;
  }

  it('backlog() counts what each endpoint is owed, and passes over what is none of ours', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/queue/a/00000001`, { recursive: true });
    for (const name of ['x.json', 'y.json', '.hidden']) writeFileSync(`${root}/queue/a/00000001/${name}`, '');
    writeFileSync(`${root}/queue/a/file`, '');
    for (const room of ['retry', 'dead']) mkdirSync(`${root}/${room}/b`);
    writeFileSync(`${root}/retry/b/1.1.x.json`, '');
    for (const name of ['x.json', 'x.why.json']) writeFileSync(`${root}/dead/b/${name}`, '');
    writeFileSync(`${root}/endpoints/c.json`, '{"failures":1}');
    writeFileSync(`${root}/endpoints/README`, '');
    const [a, b, c] = await backlog(root);
    expect(a).toEqual({ endpoint: 'a', waiting: 2, retrying: 0, dead: 0, health: {} });
    expect(b).toEqual({ endpoint: 'b', waiting: 0, retrying: 1, dead: 1, health: {} });
    expect(c).toEqual({ endpoint: 'c', waiting: 0, retrying: 0, dead: 0, health: { failures: 1 } });
    expect(await backlog(root)).toHaveLength(3);
    expect(await backlog(root, 'b')).toEqual([b]);
    expect(await backlog(root, 'nobody')).toEqual([]);
  });

  it('backlog() and waiting() find nothing where there is no spool', async () => {
    expect(await backlog('/nowhere')).toEqual([]);
    expect(await spoolAt('/nowhere').waiting()).toBe(0);
  });

  it('backlog() and waiting() tell in words what they cannot read', async () => {
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(() => 'EACCES');
    const spool = spoolAt(root, { disk });
    const refused = {
      code: 'PERMISSION',
      message: expect.stringContaining('Cannot read the spool: permission denied'),
    };
    await expect(spool.waiting()).rejects.toMatchObject(refused);
    await expect(
      (async () => {
        for await (const _ of spool.backlog());
      })(),
    ).rejects.toMatchObject(refused);
  });
});

describe('discard() of a lease', () => {
  const why = { reason: 'flushed', message: 'x', time: '2026-11-23T12:00:00.000Z' };

  it('discard() moves events, batches, deliveries and retries that match, and leaves what it cannot read', async () => {
    const root = madeSpool(quickDir());
    const [x, y] = [event({ hook: 'x' }), event({ hook: 'y' })];
    const { payload: _, ...header } = x;
    mkdirSync(`${root}/queue/a/00000001`, { recursive: true });
    mkdirSync(`${root}/retry/b`);
    for (const fired of [x, y]) {
      for (const directory of ['incoming', 'queue/a/00000001'])
        writeFileSync(`${root}/${directory}/${fired.id}.json`, eventToBytes(fired));
      writeFileSync(`${root}/retry/b/0000000000001.1.${fired.id}.json`, eventToBytes(fired));
    }
    writeFileSync(`${root}/incoming/garbage.json`, 'garbage');
    symlinkSync(`${x.id}.json`, `${root}/incoming/link.json`);
    writeFileSync(
      `${root}/incoming/b.jsonl`,
      batchToBytes({ ...header, payloads: [Buffer.from('1'), Buffer.from('2')] }),
    );
    const lease = await leaseOf(spoolAt(root));
    const request = { incoming: true, match: ({ hook }: { hook?: string }) => hook === 'x', why };
    const { entries, isDone } = await discardAll(lease, request);
    expect(isDone).toBe(true);
    expect(entries.map(({ endpoint, events }) => [endpoint, events])).toEqual(
      expect.arrayContaining([
        [undefined, 1],
        [undefined, 2],
        ['a', 1],
        ['b', 1],
      ]),
    );
    expect(readdirSync(`${root}/dead/+incoming`).sort()).toEqual(
      [`${x.id}.json`, `${x.id}.why.json`, 'b.jsonl'].sort(),
    );
    for (const endpoint of ['a', 'b'])
      expect(readdirSync(`${root}/dead/${endpoint}`).sort()).toEqual([`${x.id}.json`, `${x.id}.why.json`]);
    expect(readdirSync(`${root}/incoming`).sort()).toEqual(
      [`${y.id}.json`, 'garbage.json', 'link.json'].sort(),
    );
    expect(readdirSync(`${root}/queue/a/00000001`)).toEqual([`${y.id}.json`]);
    await lease.close();
  });
});

describe('removeEmpty()', () => {
  it.each<[last: string | undefined, there: string[], left: string[]]>([
    [undefined, ['queue/a/00000001'], []],
    ['queue/a/00000001', ['queue/a/00000001'], []],
    ['queue/a/00000001', ['queue/a/00000001', 'retry/a'], []],
    ['queue/a/00000002', ['queue/a/00000001', 'queue/a/00000002'], []],
    ['queue/a/00000002', ['queue/a/00000001/x.json/', 'queue/a/00000002'], ['queue/a', 'queue/a/00000001']],
    ['queue/a/00000001', ['queue/a/00000001/x.json/'], ['queue/a', 'queue/a/00000001']],
    ['retry/a', ['queue/a/00000001', 'retry/a'], []],
    ['queue/b/00000001', ['queue/a/00000001'], []],
    ['queue/a/00000001', [], []],
  ])('removeEmpty() after a delivery in %s removes of %j all but %j', (last, there, left) => {
    const root = madeSpool(quickDir());
    for (const path of there) {
      mkdirSync(`${root}/${path.replace(/\/[^/]+\/$/, '')}`, { recursive: true });
      if (path.endsWith('/')) writeFileSync(`${root}/${path.slice(0, -1)}`, '');
    }
    removeEmpty(systemDisk, root, 'a', last);
    const all = ['queue/a', 'queue/a/00000001', 'queue/a/00000002', 'retry/a'];
    expect(all.filter((path) => existsSync(`${root}/${path}`))).toEqual(left);
  });
});

describe('recover()', () => {
  it('recover() sweeps what is older than 36 hours out of tmp/, and keeps the rest', async () => {
    const root = madeSpool(quickDir());
    const now = Date.now();
    const ages = {
      'old.json': tmpAgeMs + 1000,
      'young.json': tmpAgeMs - 60_000,
      old: tmpAgeMs + 1000,
      full: tmpAgeMs + 1000,
    };
    for (const name of ['old', 'full']) mkdirSync(`${root}/tmp/${name}`);
    writeFileSync(`${root}/tmp/full/x`, '');
    for (const [name, age] of Object.entries(ages)) {
      if (name.endsWith('.json')) writeFileSync(`${root}/tmp/${name}`, '');
      utimesSync(`${root}/tmp/${name}`, (now - age) / 1000, (now - age) / 1000);
    }
    expect((await recover(systemDisk, root, now)).quarantined).toEqual([]);
    expect(names(`${root}/tmp`)).toEqual(['full', 'young.json']);
  });

  it('recover() removes empty segments and endpoints, but not their dead', async () => {
    const root = madeSpool(quickDir());
    for (const path of [
      'queue/a/00000001',
      'queue/a/00000002',
      'queue/b/00000001',
      'retry/a',
      'retry/b',
      'dead/a',
    ]) {
      mkdirSync(`${root}/${path}`, { recursive: true });
    }
    for (const path of ['queue/a/00000002/x.json', 'retry/b/1.1.x.json'])
      writeFileSync(`${root}/${path}`, '');
    const { found } = await recover(systemDisk, root, Date.now());
    expect(found).toEqual(
      new Map([
        ['a', { isWaiting: true, hasRetries: false }],
        ['b', { isWaiting: false, hasRetries: true }],
      ]),
    );
    expect([names(`${root}/queue`), names(`${root}/queue/a`)]).toEqual([['a'], ['00000002']]);
    expect([names(`${root}/retry`), names(`${root}/dead`)]).toEqual([['b'], ['a']]);
  });

  it('recover() goes on where a directory cannot be removed, or a file is gone before it is swept', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/queue/a`);
    writeFileSync(`${root}/tmp/x`, '');
    const { disk } = faultyDisk(({ name, args }) => {
      if (name === 'lstatSync' && String(args[0]).endsWith('/tmp/x')) rmSync(`${root}/tmp/x`);
      return name === 'rmdirSync' ? 'EBUSY' : undefined;
    });
    expect((await recover(disk, root, Date.now())).quarantined).toEqual([]);
    expect(names(`${root}/queue`)).toEqual(['a']);
  });

  it('recover() lets a bug through', async () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/tmp/x`, '');
    await expect(recover(buggy('unlinkSync'), root, Date.now() + 2 * tmpAgeMs)).rejects.toThrow(bug);
    mkdirSync(`${root}/queue/a`);
    await expect(recover(buggy('rmdirSync'), root, Date.now())).rejects.toThrow(bug);
  });
});

describe('spoolError()', () => {
  it('spoolError() lets a bug through', () => {
    expect(() => spoolError(bug, { doing: 'x', root: '/x', otherwise: 'SPOOL_WRITE' })).toThrow(bug);
  });

  it('spoolError() has words for an errno it does not know', () => {
    const error = Object.assign(new Error(), { code: 'EWEIRD' });
    expect(spoolError(error, { doing: 'x', root: '/x', otherwise: 'SPOOL_WRITE' }).message).toBe(
      'Cannot x: the system call failed (EWEIRD, spool /x)',
    );
  });
});

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

it('lease() lasts no longer than its work: its timers keep no process alive', async () => {
  const root = madeSpool(quickDir());
  const { bundle } = await import('../../support/child.js');
  const script = await bundle(
    `${quickDir()}/timers.mjs`,
    `
    import { createDirectorySync } from '${process.cwd()}/src/spool/file/disk/directory-sync.ts';
    import { createEndpointFiles } from '${process.cwd()}/src/spool/file/endpoints/endpoint-files.ts';
    import { createHealthFiles } from '${process.cwd()}/src/spool/file/endpoints/health-files.ts';
    import { systemDisk } from '${process.cwd()}/src/spool/file/disk/disk.ts';
    createDirectorySync(systemDisk).touch('${root}');
    createHealthFiles(systemDisk, '${root}', () => 'token', createEndpointFiles(systemDisk, '${root}')).set('a', { failures: 1 });
  `,
  );
  execFileSync(process.execPath, [script]);
  expect(names(`${root}/endpoints`)).toEqual([]);
});

describe('acceptedAt()', () => {
  const now = Date.parse('2026-01-02T00:00:00.000Z');
  const at = (idMs: number | undefined, mtimeMs: number) =>
    acceptedAt({
      id: idMs === undefined ? 'chosen' : createEventId(idMs, randomBytes(10)),
      stat: { ino: 1, nlink: 1, uid: 0, size: 1, mtimeMs },
      now,
    });

  it('acceptedAt() is the later one of the times that have come', () => {
    const [past, before, future] = [now - 2, now - 1, now + 1];
    expect([at(past, before), at(before, past), at(undefined, past)]).toEqual([before, before, past]);
    expect([at(future, past), at(past, future)]).toEqual([past, past]);
    expect([at(future, future), at(undefined, future)]).toEqual([now, now]);
  });
});

describe('createIdMaker()', () => {
  it('createIdMaker() makes ids that sort in their order, whatever the clock does', () => {
    const times = [5, 5, 5, 3, -1, 6, 2];
    let nth = 0;
    const nextId = createIdMaker({
      now: () => times[nth++]!,
      random: () => Buffer.alloc(10, 0xfe).fill(0xff, 8),
    });
    const ids = times.map(nextId);
    expect(ids.every(isGeneratedId)).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.map(timeOfId)).toEqual([5, 5, 5, 5, 5, 6, 6]);
    const back = [5_000, 4_000, 3_999];
    const next = createIdMaker({ now: () => back.shift()!, random: () => Buffer.alloc(10) });
    expect([next(), next(), next()].map(timeOfId)).toEqual([5_000, 5_000, 3_999]);
  });
});
