/** What is moved to the dead by request is durable when it is told, with few fsyncs. */
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventToBytes } from '../../../src/event/record.js';
import { event } from '../../support/builders.js';
import { type DiskCall, type Fault, faultyDisk } from '../../support/faulty-disk.js';
import { madeSpool, names, quickDir, sideOf, spoolAt } from '../../support/spool-kit.js';

const request = {
  incoming: true,
  select: {},
  why: { reason: 'flushed', message: 'it was flushed', time: '2026-11-23T12:00:00.000Z' },
};

/** The drain's side of a spool that owes `a` some deliveries, and has as many events that are not taken in. */
async function owing(count: number, fault: Fault) {
  const root = madeSpool(quickDir());
  mkdirSync(`${root}/queue/a/00000001`, { recursive: true });
  for (let n = 0; n < count; n += 1) {
    writeFileSync(`${root}/queue/a/00000001/q${n}.json`, eventToBytes(event({ id: `q${n}` })));
    writeFileSync(`${root}/incoming/i${n}.json`, eventToBytes(event({ id: `i${n}` })));
  }
  const { disk } = faultyDisk(fault);
  return { root, side: await sideOf(spoolAt(root, { disk })) };
}

/** The path that a call makes durable, from the spool's root. */
function fsynced({ name, args }: DiskCall): string | undefined {
  if (name !== 'fsync' && name !== 'fsyncSync') return undefined;
  return readlinkSync(`/proc/self/fd/${args[0]}`).replace(/^.*\/spool\//, '');
}

describe.runIf(process.platform === 'linux')('discard() of a drain', () => {
  it('discard() fsyncs each directory once a step, those that gained names first, and tells the step then', async () => {
    const calls: string[] = [];
    const { root, side } = await owing(150, (call) => {
      const path = fsynced(call);
      if (path !== undefined) calls.push(path);
      else if (call.name === 'renameSync') calls.push('rename');
      return undefined;
    });
    for (let isDone = false, moved = 0; !isDone; moved = names(`${root}/dead/a`).length / 2) {
      calls.length = 0;
      const step = await side.discard(request);
      isDone = step.isDone;
      const fsyncs = calls.slice(calls.lastIndexOf('rename') + 1);
      expect(calls.filter((call) => call !== 'rename')).toEqual(fsyncs);
      expect(fsyncs.length).toBeLessThanOrEqual(5);
      const ofQueue = step.entries.filter(({ endpoint }) => endpoint === 'a').length;
      expect(names(`${root}/dead/a`).length / 2 - moved).toBe(ofQueue);
      if (ofQueue === 0) continue;
      expect(fsyncs.indexOf('dead/a')).toBeGreaterThanOrEqual(0);
      expect(fsyncs.indexOf('queue/a/00000001')).toBeGreaterThan(fsyncs.indexOf('dead/a'));
    }
    expect(names(`${root}/dead/a`)).toHaveLength(300);
    expect(names(`${root}/dead/+incoming`)).toHaveLength(300);
    await side.close();
  });

  it('discard() whose fsync fails rejects, and each delivery is queued or dead', async () => {
    const { root, side } = await owing(10, (call) =>
      fsynced(call)?.startsWith('dead/') ? 'EIO' : undefined,
    );
    await expect(side.discard(request)).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
    const isEvent = (name: string) => !name.endsWith('.why.json');
    const places = ['queue/a/00000001', 'incoming', 'dead/a', 'dead/+incoming'];
    const all = places.flatMap((place) => names(`${root}/${place}`).filter(isEvent));
    expect(all).toHaveLength(20);
    await side.close();
  });
});
