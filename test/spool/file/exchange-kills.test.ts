/** Import, and export with --move, where a system call (in the short measure each fifth) is the last one before a kill. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ArchiveEntry, archiveEnd, archiveHeader } from '../../../src/spool/archive/archive-entry.js';
import { createArchiveReader } from '../../../src/spool/archive/read-archive.js';
import { entryToBytes } from '../../../src/spool/archive/write-archive.js';
import type { InspectedEntry } from '../../../src/spool/inspection.js';
import type { DrainSide, Spool } from '../../../src/spool/spool.js';
import { moveToArchive } from '../../../src/usecases/exchange/export.js';
import { measure } from '../../faults/support/measure.js';
import { event } from '../../support/builders.js';
import { faultyDisk, Killed } from '../../support/faulty-disk.js';
import { own } from '../../support/own.js';
import { fanOutAll, madeSpool, quickDir, sideOf, spoolAt } from '../../support/spool-kit.js';

const why = { reason: 'gave-up', message: 'it was refused', attempts: 3, time: '2026-11-23T12:00:00.000Z' };
const acceptedAt = Date.parse('2026-11-23T12:00:00.000Z');

function entry(id: string, parts: Partial<ArchiveEntry>): ArchiveEntry {
  return { state: 'queued', event: event({ id }), endpoint: 'a', attempts: 0, acceptedAt, ...parts };
}

const archived = [
  entry('q1', {}),
  entry('q2', { endpoint: 'b' }),
  entry('r1', { state: 'retry', attempts: 2, dueMs: acceptedAt + 1 }),
  entry('d1', { state: 'dead', why }),
  entry('i1', { state: 'incoming', endpoint: undefined }),
];
const archive = Buffer.concat([
  archiveHeader({ id: 'x', time: '2026-11-23T12:00:00.000Z' }),
  ...archived.flatMap(entryToBytes),
  archiveEnd(archived.length),
]);

async function* pieces() {
  yield archive.subarray(0, 100);
  yield archive.subarray(100);
}

async function contents(spool: Spool): Promise<InspectedEntry[]> {
  const all: InspectedEntry[] = [];
  for await (const each of spool.inspection.entries({ splitBatches: true })) all.push(each);
  return all;
}

const keyOf = ({ header, endpoint = '-' }: InspectedEntry) => `${endpoint} ${header.id}`;

async function obey(side: DrainSide): Promise<void> {
  for (const { id, wish } of side.requests().requests) {
    if (wish.kind !== 'import') continue;
    const request = { archive: wish.archive };
    while (!(await side.import(request)).isDone);
    side.finishRequest(id);
  }
}

async function askToImport(spool: Spool): Promise<void> {
  const kept = await spool.keepArchive(pieces());
  await spool.request({ id: 'r1', wish: { kind: 'import', select: {}, archive: kept } });
}

/** Runs until it is killed at call `n`. @returns how many calls there were, and whether it was killed */
async function killedAt(
  root: string,
  n: number,
  work: (spool: Spool) => Promise<void>,
): Promise<{ calls: number; isKilled: boolean }> {
  const faulty = faultyDisk(({ nth }) => (nth === n ? 'KILL' : undefined));
  let isKilled = false;
  try {
    await work(spoolAt(root, { disk: faulty.disk }));
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    isKilled = true;
  }
  const calls = faulty.calls();
  faulty.closeAll();
  return { calls, isKilled };
}

describe('a process that is killed', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('import() adds each entry once, whenever it is killed and asked again', async () => {
    const expected = archived.map(({ event: { id }, endpoint = '-' }) => `${endpoint} ${id}`).sort();
    let calls = 0;
    for (let n = 1; calls >= n - measure(5, 1); n += measure(5, 1)) {
      const root = madeSpool(quickDir());
      let isAsked = false;
      ({ calls } = await killedAt(root, n, async (spool) => {
        await askToImport(spool);
        isAsked = true;
        const side = await sideOf(spool);
        await obey(side);
        await side.close();
      }));
      const spool = spoolAt(root);
      const side = await sideOf(spool);
      await obey(side);
      const found = (await contents(spool)).map(keyOf).sort();
      if (isAsked) expect(found, `${n}`).toEqual(expected);
      else expect(expected, `${n}`).toEqual(expect.arrayContaining(found));
      await askToImport(spool);
      await obey(side);
      expect((await contents(spool)).map(keyOf).sort(), `${n}, again`).toEqual(expected);
      const retry = (await contents(spool)).find(({ header: { id } }) => id === 'r1');
      expect(retry).toMatchObject({ attempts: 2, dueMs: acceptedAt + 1, state: 'retry' });
      await side.close();
    }
    expect(calls).toBeGreaterThan(60);
  }, 60_000);

  it('moveToArchive() loses nothing, and leaves nothing to be sent that is in the archive', async () => {
    let calls = 0;
    for (let n = 1; calls >= n - measure(5, 1); n += measure(5, 1)) {
      const root = madeSpool(quickDir());
      const accepted = await filled(root);
      const { file, written } = archiveInMemory();
      ({ calls } = await killedAt(root, n, async (spool) => {
        await moveToArchive({ ...ports(), spool }, { file, by: 'jed' });
      }));
      const left = await contents(spoolAt(root));
      const exported = written().map(({ event: { id }, endpoint = '-' }) => `${endpoint} ${id}`);
      const all = new Set([...left.map(keyOf), ...exported]);
      expect([...all].sort(), `${n}`).toEqual(accepted);
      const sendable = left.filter(({ state }) => state !== 'dead' && state !== 'unclaimed').map(keyOf);
      expect(
        sendable.filter((each) => exported.includes(each)),
        `${n}`,
      ).toEqual([]);
    }
    expect(calls).toBeGreaterThan(60);
  }, 60_000);
});

/** A spool with something in each state. @returns what was accepted, as `<endpoint> <id>` */
async function filled(root: string): Promise<string[]> {
  const spool = spoolAt(root);
  const side = await sideOf(spool);
  for (const id of ['e1', 'e2']) await spool.enqueue(event({ id }));
  const { payload: _, ...header } = event({ id: 'b' });
  await spool.enqueue({ ...header, payloads: ['1', '2'].map((each) => Buffer.from(each)) });
  await fanOutAll(side, () => ['a']);
  const { deliveries } = await own.claim(side, 'a', { limit: 1, now: 0 });
  await own.bury(side, deliveries[0]!, why);
  await side.close();
  await spool.enqueue(event({ id: 'i1' }));
  return (await contents(spool)).map(keyOf).sort();
}

/** An archive that is there only when it is finished. */
function archiveInMemory() {
  let bytes = Buffer.alloc(0);
  let isFinished = false;
  const file = {
    async write(more: Uint8Array) {
      bytes = Buffer.concat([bytes, more]);
    },
    async finish() {
      isFinished = true;
    },
    async *read() {
      yield bytes;
    },
  };
  return { file, written: () => (isFinished ? [...createArchiveReader().push(bytes)] : []) };
}

function ports() {
  let id = 0;
  return {
    hooks: { path: '/nowhere', load: async () => Promise.reject(new Error('not asked for')) },
    clock: { now: Date.now, monotonic: () => performance.now() },
    sleep: async () => {},
    openJournal: () => ({ write() {}, close() {} }),
    newId() {
      id += 1;
      return `id-${id}`;
    },
  };
}
