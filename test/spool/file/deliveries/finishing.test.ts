import { EventEmitter } from 'node:events';
import { existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { eventToBytes } from '../../../../src/event/record.js';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { type Fault, faultyDisk } from '../../../support/faulty-disk.js';
import { own } from '../../../support/own.js';
import { opened, put, queued, why } from '../../../support/queue-kit.js';
import {
  claimAll,
  farFuture,
  ids,
  madeSpool,
  names,
  quickDir,
  read,
  sideOf,
  spoolAt,
} from '../../../support/spool-kit.js';

describe('settling a delivery', () => {
  async function claimed(fault?: Fault) {
    const root = madeSpool(quickDir());
    const fired = queued(root);
    const side = await opened(root, fault);
    const [delivery] = await claimAll(side, 'a');
    return { root, fired, side, delivery: delivery!, path: `${root}/queue/a/00000001/${fired.id}.json` };
  }

  it('done(), defer() and bury() are fine with a delivery that somebody moved away', async () => {
    for (const settle of ['done', 'defer', 'bury'] as const) {
      const { root, side, delivery, path, fired } = await claimed();
      renameSync(path, `${root}/../taken`);
      if (settle === 'done') await own.done(side, delivery);
      if (settle === 'defer') await own.defer(side, delivery, { dueMs: 5, attempts: 1 });
      if (settle === 'bury') await own.bury(side, delivery, why);
      expect(side.byId.owing()).toEqual([]);
      expect(side.byId.nextDue('a')).toBeUndefined();
      expect(names(`${root}/retry/a`)).toEqual([]);
      expect(names(`${root}/dead/a`)).toEqual(settle === 'bury' ? [`${fired.id}.why.json`] : []);
      await side.close();
    }
  });

  it('bury() removes the old name where the dead one is the same file already', async () => {
    const { root, side, delivery, path, fired } = await claimed();
    mkdirSync(`${root}/dead/a`);
    linkSync(path, `${root}/dead/a/${fired.id}.json`);
    await own.bury(side, delivery, why);
    expect(existsSync(path)).toBe(false);
    expect(read(`${root}/dead/a/${fired.id}.json`)).toBe(eventToBytes(fired).toString());
    expect(JSON.parse(read(`${root}/dead/a/${fired.id}.why.json`))).toEqual(why);
    expect(names(`${root}/corrupt`)).toEqual([]);
    await side.close();
  });

  it('defer() removes the old name where the new one is the same file already', async () => {
    const { root, side, delivery, path, fired } = await claimed();
    const name = `0000000000005.1.${fired.id}.json`;
    mkdirSync(`${root}/retry/a`);
    linkSync(path, `${root}/retry/a/${name}`);
    await own.defer(side, delivery, { dueMs: 5, attempts: 1 });
    expect(existsSync(path)).toBe(false);
    expect(ids(await claimAll(side, 'a', 5))).toEqual([fired.id]);
    await side.close();
  });

  it('bury() overwrites neither another dead delivery of the same id nor a directory', async () => {
    for (const make of [
      (path: string) => writeFileSync(path, 'another'),
      (path: string) => mkdirSync(path),
    ]) {
      const { root, side, delivery, fired } = await claimed();
      const name = `${fired.id}.json`;
      mkdirSync(`${root}/dead/a`);
      make(`${root}/dead/a/${name}`);
      await own.bury(side, delivery, why);
      expect(read(`${root}/dead/a/${name}`)).toBe(eventToBytes(fired).toString());
      expect(names(`${root}/corrupt`)).toEqual([name, `${name}.why`]);
      await side.close();
    }
  });

  it('bury() goes on where its reason cannot be written', async () => {
    const { root, side, delivery, fired } = await claimed(({ name, args }) =>
      name === 'openSync' && String(args[0]).endsWith('.why.json') ? 'ENOSPC' : undefined,
    );
    await own.bury(side, delivery, why);
    expect(names(`${root}/dead/a`)).toEqual([`${fired.id}.json`]);
    await side.close();
  });

  it('defer() and bury() make the rooms of an endpoint durable once', async () => {
    const root = madeSpool(quickDir());
    queued(root);
    queued(root);
    const synced: string[] = [];
    const side = await opened(root, ({ name, args }) => {
      if (name === 'openSync' && String(args[0]).endsWith('/dead')) synced.push('dead');
      return undefined;
    });
    for (const delivery of await claimAll(side, 'a')) await own.bury(side, delivery, why);
    expect(synced).toEqual(['dead']);
    await side.close();
  });

  for (const settle of ['done', 'defer', 'bury'] as const) {
    it(`${settle}() rejects in words when the disk fails, and the delivery stays`, async () => {
      let failing = false;
      const { root, side, delivery, fired } = await claimed(({ name, args }) =>
        failing && (name === 'unlinkSync' || name === 'renameSync') && !String(args[0]).includes('.why')
          ? 'EIO'
          : undefined,
      );
      failing = true;
      const settled = {
        done: () => own.done(side, delivery),
        defer: () => own.defer(side, delivery, { dueMs: 5, attempts: 1 }),
        bury: () => own.bury(side, delivery, why),
      };
      await expect(settled[settle]()).rejects.toMatchObject({
        code: 'SPOOL_WRITE',
        message: expect.stringContaining('the disk reported an error (EIO, spool '),
      });
      failing = false;
      await side.close();
      const next = await opened(root);
      // One that was made is removed once more at the end.
      expect(ids(await claimAll(next, 'a'))).toEqual(settle === 'done' ? [] : [fired.id]);
      await next.close();
    });
  }

  it('giveBack() of a delivery of another drain is a bug, and is told as one', async () => {
    const { side, delivery } = await claimed();
    await own.giveBack(side, delivery);
    const owned = await own.endpoint(side, delivery.endpoint);
    expect(() => owned.giveBack(delivery)).toThrow('settled once');
    await expect(own.done(side, delivery)).rejects.toThrow('settled once');
    await side.close();
  });

  it('close() releases the lock even where the last fsync fails, and no timer is left', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let failing = false;
    const root = madeSpool(quickDir());
    queued(root);
    queued(root);
    let released = 0;
    const spool = spoolAt(root, {
      disk: faultyDisk(({ name }) => (failing && name === 'fsyncSync' ? 'EIO' : undefined)).disk,
      takeKernelLock(path) {
        const fd = systemDisk.openSync(path, 'w');
        const { closeSync } = systemDisk;
        released += 1;
        onClose.push(() => closeSync(fd));
        return { kind: 'locked', fd };
      },
    });
    const onClose: Array<() => void> = [];
    const side = await sideOf(spool);
    const [first] = await claimAll(side, 'a');
    await own.done(side, first!);
    await side.byId.saveHealth('a', { failures: 1 });
    failing = true;
    await expect(side.close()).resolves.toBeUndefined(); // the next drain does it again
    expect(released).toBe(1);
    expect(onClose[0]).toThrow('EBADF');
    expect(read(`${root}/lock`).trim()).toBe('');
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('onHint() gives no hints where watching cannot be had, and stops after an error', async () => {
    const { root, side } = await claimed();
    const stop = side.onHint(() => {});
    const handles = (process as unknown as { _getActiveHandles(): object[] })._getActiveHandles();
    const watcher = handles.find(
      (handle) =>
        handle instanceof EventEmitter && 'ref' in handle && handle.constructor.name === 'FSWatcher',
    );
    (watcher as EventEmitter).emit('error', new Error('an error of the watch'));
    stop();
    rmSync(`${root}/incoming`, { recursive: true });
    const none = side.onHint(() => {
      throw new Error('a hint');
    });
    none();
    mkdirSync(`${root}/incoming`);
    await side.close();
  });

  it('claim() hands out retries in the order of their due times, those without one first', async () => {
    const root = madeSpool(quickDir());
    for (const name of [
      '0000000000009.1.c.json',
      '0000000000007.3.b.json',
      '0000000000007.2.a.json',
      '5.1.z.json',
    ]) {
      put(root, `retry/a/${name}`);
    }
    const side = await opened(root);
    const due = await claimAll(side, 'a', 8);
    expect(ids(due)).toEqual(['z', 'a', 'b']);
    for (const n of [2, 1, 0]) await own.giveBack(side, due[n]!);
    expect(ids(await claimAll(side, 'a', 8))).toEqual(['z', 'a', 'b']);
    expect(side.byId.nextDue('a')).toBe(9);
    expect(side.byId.nextDue('nobody')).toBeUndefined();
    expect(await side.byId.owed('nobody')).toBe(0);
    expect(ids(await claimAll(side, 'a', farFuture))).toEqual(['c']);
    await side.close();
  });
});
