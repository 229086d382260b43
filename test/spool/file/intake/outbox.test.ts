import { appendFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { OutboxEntry } from '../../../../src/spool/outbox.js';
import type { DrainSide } from '../../../../src/spool/spool.js';
import { batch } from '../../../support/batch-kit.js';
import { event } from '../../../support/builders.js';
import type { Fault } from '../../../support/faulty-disk.js';
import { faultyDisk, Killed } from '../../../support/faulty-disk.js';
import {
  claimAll,
  fanOutAll,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
} from '../../../support/spool-kit.js';

const payloads = ['1', '"two"', '[3]'];

async function filled(): Promise<{ root: string; path: string }> {
  const root = madeSpool(quickDir());
  const spool = spoolAt(root);
  await spool.enqueue(event({ payload: Buffer.from('0') }));
  const { payload: _, ...header } = event();
  await spool.enqueue({ ...header, payloads: payloads.map((each) => Buffer.from(each)) });
  return { root, path: `${root}/incoming/${header.id}.jsonl` };
}

function textsOf(entries: readonly OutboxEntry[]): string[] {
  return entries.flatMap((entry) => [...entry.payloads()].map((each) => Buffer.from(each).toString()));
}

/** Hands on everything. @returns the payloads, of each call whose callback has resolved */
async function handOnAll(side: DrainSide, handed: string[] = []): Promise<string[]> {
  for (let more = true; more; ) {
    ({ more } = await side.outbox.handOn(async (entries) => {
      handed.push(...textsOf(entries));
    }));
  }
  return handed;
}

/** Hands on with a fault, then without. @returns what was handed on, and how many calls of the system were made */
async function handOnWith(fault: Fault): Promise<{ before: string[]; after: string[]; calls: number }> {
  const { root } = await filled();
  const faulty = faultyDisk(fault);
  const before: string[] = [];
  try {
    const side = await sideOf(spoolAt(root, { disk: faulty.disk }));
    await handOnAll(side, before).catch(ignoreFault);
    await side.close().catch(ignoreFault);
  } catch (error) {
    ignoreFault(error);
  }
  const calls = faulty.calls();
  faulty.closeAll();
  const side = await sideOf(spoolAt(root));
  const after = await handOnAll(side);
  await side.close();
  expect([names(`${root}/incoming`), names(`${root}/queue`), names(`${root}/corrupt`)]).toEqual([[], [], []]);
  return { before, after, calls };
}

function ignoreFault(error: unknown): void {
  if (!(error instanceof Killed) && !(error instanceof Error && 'code' in error)) throw error;
}

describe('handOn() of a file spool', () => {
  it.each(['KILL', 'EIO', 'ENOSPC'])('loses nothing, whichever call fails with %s', async (failure) => {
    for (let n = 1; ; n += 1) {
      const { before, after, calls } = await handOnWith(({ nth }) => (nth === n ? failure : undefined));
      expect([...new Set([...before, ...after])].sort(), `call ${n}`).toEqual(['0', ...payloads].sort());
      if (calls < n) {
        expect([before.length, after]).toEqual([4, []]);
        return;
      }
    }
  });

  it('hands on a batch again to which a line was added meanwhile', async () => {
    const root = madeSpool(quickDir());
    const path = `${root}/incoming/b.jsonl`;
    writeFileSync(path, batch(payloads));
    const side = await sideOf(spoolAt(root));
    const handed: string[][] = [];
    for (let calls = 0; calls < 6 && existsSync(path); calls += 1)
      await side.outbox.handOn(async (entries) => {
        handed.push(textsOf(entries));
        if (handed.length === 1) appendFileSync(path, '4\n');
      });
    expect(handed).toEqual([payloads, [...payloads, '4']]);
    expect(names(`${root}/incoming`)).toEqual([]);
    await side.close();
  });

  it('rejects where a batch is removed while it is handed on, and goes on with others', async () => {
    const { root, path } = await filled();
    const side = await sideOf(spoolAt(root));
    const handing = handOnAll({
      ...side,
      outbox: {
        handOn: (handOver) =>
          side.outbox.handOn(async (entries) => {
            if (entries.some(({ isBatch }) => isBatch)) rmSync(path);
            await handOver(entries);
          }),
      },
    });
    await expect(handing).rejects.toThrow('cannot be read any more');
    await spoolAt(root).enqueue(event({ payload: Buffer.from('5') }));
    expect(await handOnAll(side)).toEqual(['5']);
    await side.close();
  });

  it('queues what was to be sent from incoming/, and hands that not on', async () => {
    const { root } = await filled();
    const side = await sideOf(spoolAt(root));
    const { entries } = await side.intake.take();
    await side.intake.place(entries.map((entry) => ({ entry, endpoints: ['a'], canSendNow: true })));
    expect(await handOnAll(side)).toEqual(payloads);
    expect(await claimAll(side, 'a')).toHaveLength(1);
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 0 });
    await side.close();
  });
});
