import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import {
  createGroupedInbox,
  maxConcurrent,
  maxConcurrentBytes,
} from '../../../../src/spool/file/accept/grouped-inbox.js';
import { type Disk, systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { createFileSpool } from '../../../../src/spool/file/file-spool.js';
import { describeSpool } from '../../../contracts/spool-contract.js';
import { event } from '../../../support/builders.js';
import { madeSpool, names, quickDir } from '../../../support/spool-kit.js';
import { tempDir } from '../../../support/temp.js';

describeSpool('createFileSpool() with createGroupedInbox()', () => {
  let now = Date.now();
  const root = `${tempDir()}/spool`;
  const spool = createFileSpool(root, { now: () => now, random: randomBytes });
  const inbox = createGroupedInbox(root, { random: randomBytes });
  return { spool: { ...spool, ...inbox }, setNow: (ms) => (now = ms) };
});

interface Seen {
  what: 'named' | 'sync begins' | 'sync ends' | 'accepted';
  id?: string;
  fd?: number;
}

/** A disk whose fsyncs take as long as they are told to, and that notes what makes names durable. */
function recordingDisk(delayMs: () => number) {
  const seen: Seen[] = [];
  const directories = new Set<number>();
  const open = { now: 0, most: 0, syncs: 0 };
  const disk: Disk = {
    ...systemDisk,
    openSync(path, flags, mode) {
      const fd = systemDisk.openSync(path, flags, mode);
      open.now += 1;
      open.most = Math.max(open.most, open.now);
      if (String(path).endsWith('/incoming')) directories.add(fd);
      return fd;
    },
    closeSync(fd) {
      open.now -= 1;
      directories.delete(fd);
      systemDisk.closeSync(fd);
    },
    renameSync(from, to) {
      systemDisk.renameSync(from, to);
      seen.push({ what: 'named', id: /([^/]+)\.json$/.exec(String(to))?.[1] ?? '' });
    },
    fsync: ((fd: number, done: (error: null) => void) => {
      open.syncs += 1;
      if (directories.has(fd)) seen.push({ what: 'sync begins', fd });
      void sleep(delayMs()).then(() => {
        if (directories.has(fd)) seen.push({ what: 'sync ends', fd });
        done(null);
      });
    }) as Disk['fsync'],
  };
  return { disk, seen, open };
}

describe('enqueue() of many at once', () => {
  it('enqueue() resolves only after an fsync of incoming/ that began when its event had its name', async () => {
    const root = madeSpool(quickDir());
    const { disk, seen } = recordingDisk(() => Math.random() * 4);
    const inbox = createGroupedInbox(root, { random: randomBytes, disk });
    await Promise.all(
      Array.from({ length: 300 }, async (_, n) => {
        const one = event();
        await sleep(n / 10);
        await inbox.enqueue(one);
        seen.push({ what: 'accepted', id: one.id });
      }),
    );
    const begins = seen.flatMap(({ what }, at) => (what === 'sync begins' ? [at] : []));
    for (const [at, { what, id }] of seen.entries()) {
      if (what !== 'named') continue;
      const begun = begins.find((begin) => begin > at) ?? Number.NaN;
      const ended = seen.findIndex((each, n) => n > begun && each.what === 'sync ends');
      const accepted = seen.findIndex((each) => each.what === 'accepted' && each.id === id);
      expect(ended).toBeGreaterThan(begun);
      expect(accepted).toBeGreaterThan(ended);
    }
    expect(names(`${root}/incoming`)).toHaveLength(300);
    expect(begins.length).toBeLessThan(150);
  });

  it('enqueue() of 10,000 at once has few files open', async () => {
    const root = madeSpool(quickDir());
    const { disk, open } = recordingDisk(() => 0);
    const inbox = createGroupedInbox(root, { random: randomBytes, disk });
    await Promise.all(Array.from({ length: 10_000 }, () => inbox.enqueue(event())));
    expect(names(`${root}/incoming`)).toHaveLength(10_000);
    expect(open.most).toBeGreaterThan(maxConcurrent / 2);
    expect(open.most).toBeLessThanOrEqual(maxConcurrent + 2);
    expect(open.now).toBe(0);
  });

  it('enqueue() of large events takes few of them at once', async () => {
    const { disk, open } = recordingDisk(() => 1);
    const inbox = createGroupedInbox(madeSpool(quickDir()), { random: randomBytes, disk });
    const payload = Buffer.alloc(maxConcurrentBytes * 0.4, '1');
    await Promise.all(Array.from({ length: 5 }, () => inbox.enqueue(event({ payload }))));
    expect(open.most).toBeLessThanOrEqual(2 + 1);
  });

  it('enqueue() that is alone is done without any other thread', async () => {
    const { disk, open } = recordingDisk(() => 0);
    let idle = 0;
    const inbox = createGroupedInbox(madeSpool(quickDir()), {
      random: randomBytes,
      disk,
      onIdle() {
        idle += 1;
      },
    });
    for (let n = 0; n < 3; n += 1) await inbox.enqueue(event());
    expect(open.syncs).toBe(0);
    await Promise.all([inbox.enqueue(event()), inbox.enqueue(event())]);
    expect(open.syncs).toBeGreaterThan(3);
    expect(idle).toBe(4);
  });

  it('enqueue() of one id at once accepts the same event twice and another one never', async () => {
    const root = madeSpool(quickDir());
    const inbox = createGroupedInbox(root, { random: randomBytes });
    const one = event();
    const others = [one, { ...one, payload: Buffer.from('2') }, { ...one, time: '2020-01-01T00:00:00.000Z' }];
    const settled = await Promise.allSettled(others.map((each) => inbox.enqueue(each, { chosenId: true })));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(names(`${root}/incoming`)).toEqual([`${one.id}.json`]);
  });
});
