/** What is retried by request: a rename each, durable when it is told, with few fsyncs. */
import { existsSync, mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventToBytes } from '../../../src/event/record.js';
import { describeRetry } from '../../contracts/retry-contract.js';
import { event } from '../../support/builders.js';
import { type DiskCall, type Fault, faultyDisk } from '../../support/faulty-disk.js';
import {
  claimAll,
  farFuture,
  ids,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
} from '../../support/spool-kit.js';

describeRetry('createFileSpool()', () => spoolAt(`${quickDir()}/spool`));

/** A spool with dead deliveries of `a`. */
async function dying(count: number, fault: Fault = () => undefined) {
  const root = madeSpool(quickDir());
  mkdirSync(`${root}/dead/a`, { recursive: true });
  for (let n = 0; n < count; n += 1) {
    writeFileSync(`${root}/dead/a/d${n}.json`, eventToBytes(event({ id: `d${n}` })));
    writeFileSync(`${root}/dead/a/d${n}.why.json`, '{"reason":"gave-up"}');
  }
  const { disk } = faultyDisk(fault);
  return { root, side: await sideOf(spoolAt(root, { disk })) };
}

/** The path that a call makes durable, from the spool's root. */
function fsynced({ name, args }: DiskCall): string | undefined {
  if (name !== 'fsync' && name !== 'fsyncSync') return undefined;
  return readlinkSync(`/proc/self/fd/${args[0]}`).replace(/^.*\/spool\//, '');
}

describe.runIf(process.platform === 'linux')('retry() of a drain', () => {
  it('retry() fsyncs each directory once a step, those that gained names first', async () => {
    const calls: string[] = [];
    const { root, side } = await dying(100, (call) => {
      const path = fsynced(call);
      if (path !== undefined) calls.push(path);
      return undefined;
    });
    const request = { select: {} };
    let moved = 0;
    for (let isDone = false; !isDone; ) {
      calls.length = 0;
      const step = await side.retry(request);
      isDone = step.isDone;
      moved += step.entries.length;
      expect(names(`${root}/retry/a`)).toHaveLength(moved);
      expect(calls.slice(-1)).toEqual(['dead/a']);
      expect(calls.indexOf('retry/a')).toBeGreaterThanOrEqual(0);
    }
    expect(moved).toBe(100);
    expect(names(`${root}/dead/a`)).toEqual([]);
    await side.close();
  });

  it('retry() whose fsync fails rejects, and each delivery is dead or due', async () => {
    const { root, side } = await dying(10, (call) =>
      fsynced(call)?.startsWith('retry/') ? 'EIO' : undefined,
    );
    await expect(side.retry({ select: {} })).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
    const dead = names(`${root}/dead/a`).filter((name) => !name.endsWith('.why.json'));
    expect([...dead, ...names(`${root}/retry/a`)]).toHaveLength(10);
    await side.close();
  });

  it('retry() replaces no other delivery of the same id', async () => {
    const root = madeSpool(quickDir());
    const [first, second] = [
      event({ id: 'x', payload: Buffer.from('1') }),
      event({ id: 'x', payload: Buffer.from('2') }),
    ];
    for (const directory of ['dead/a', 'retry/a']) mkdirSync(`${root}/${directory}`, { recursive: true });
    writeFileSync(`${root}/dead/a/x.json`, eventToBytes(first));
    writeFileSync(`${root}/retry/a/0000000000005.0.x.json`, eventToBytes(second));
    const side = await sideOf(spoolAt(root, { now: () => 5 }));
    await side.retry({ select: { states: ['dead'] } });
    expect(names(`${root}/retry/a`)).toEqual(['0000000000004.0.x.json', '0000000000005.0.x.json']);
    expect(names(`${root}/corrupt`)).toEqual([]);
    await side.close();
  });

  it('retry() passes over what cannot be read, and over what has no name of ours', async () => {
    const { root, side } = await dying(1);
    writeFileSync(`${root}/dead/a/garbage.json`, 'garbage');
    writeFileSync(`${root}/dead/a/note.txt`, 'a note');
    const { entries } = await side.retry({ select: {} });
    expect(entries.map((each) => each.event)).toEqual(['d0']);
    expect(existsSync(`${root}/dead/a/garbage.json`)).toBe(true);
    expect(ids(await claimAll(side, 'a', farFuture))).toEqual(['d0']);
    await side.close();
  });
});
