/** Every system call of a drain (in the short measure every second one) is the last one before a kill; and a drain where no links can be made. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { measure } from '../../faults/support/measure.js';
import { atEachCall, drainWith } from '../../support/drain-with-faults.js';
import { faultyDisk } from '../../support/faulty-disk.js';
import {
  claimAll,
  fanOutAll,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from '../../support/spool-kit.js';

describe('a drain on a disk that fails', () => {
  // The timers of a process that was killed never fire.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('take() to close() lose nothing and repeat nothing, at whichever call they are killed', async () => {
    const calls = await atEachCall(
      (n) =>
        ({ nth }) =>
          nth === n ? 'KILL' : undefined,
      { from: 1, every: measure(2, 1) },
    );
    expect(calls).toBeGreaterThan(100);
  }, 60_000);

  it('take() to close() for one endpoint lose nothing and repeat nothing, at whichever call they are killed', async () => {
    const calls = await atEachCall(
      (n) =>
        ({ nth }) =>
          nth === n ? 'KILL' : undefined,
      { endpoints: ['a'], from: measure(2, 1), every: measure(2, 1) },
    );
    expect(calls).toBeGreaterThan(100);
  }, 60_000);

  it('take() to close() lose nothing and repeat nothing of what is sent from incoming/, at whichever call they are killed', async () => {
    const calls = await atEachCall(
      (n) =>
        ({ nth }) =>
          nth === n ? 'KILL' : undefined,
      { endpoints: ['a'], fromInbox: true },
    );
    expect(calls).toBeGreaterThan(100);
  }, 60_000);

  it.each([
    ['queues', {}],
    ['one queue', { endpoints: ['a'] }],
    ['incoming/', { endpoints: ['a'], fromInbox: true }],
  ])(
    'take() to close() from %s keep what was delivered, at whichever call they are killed',
    async (_, options) => {
      const calls = await atEachCall(
        (n) =>
          ({ nth }) =>
            nth === n ? 'KILL' : undefined,
        { ...options, keeps: true, from: measure(3, 1), every: measure(3, 1) },
      );
      expect(calls).toBeGreaterThan(100);
    },
    60_000,
  );

  it('take() to close() lose nothing and repeat nothing of what is kept, whichever call fails', async () => {
    await atEachCall(
      (n) =>
        ({ nth }) =>
          nth === n ? 'EIO' : undefined,
      { keeps: true, mayBeCorrupt: true, from: measure(5, 1), every: measure(5, 1) },
    );
  }, 60_000);

  it('take() to close() go on after short writes', async () => {
    const { told } = await drainWith(({ name }) => (name === 'writeSync' ? 'SHORT' : undefined));
    expect(told.error).toBeUndefined();
    expect(told.claimed).toHaveLength(24);
  });

  for (const refusal of ['EPERM', 'EMLINK', 'EXDEV', 'ENOTSUP']) {
    it(`the intake copies where a hard link is refused with ${refusal}`, async () => {
      const { told } = await drainWith(({ name }) => (name === 'linkSync' ? refusal : undefined));
      expect(told.error).toBeUndefined();
      expect(told.claimed).toHaveLength(24);
    });
  }

  it('copies lose nothing, at whichever call they are killed', async () => {
    await atEachCall(
      (n) =>
        ({ nth, name }) =>
          nth === n ? 'KILL' : name === 'linkSync' ? 'EXDEV' : undefined,
      { from: 1, every: measure(4, 1) },
    );
  }, 60_000);

  it('copies lose nothing, whichever call fails', async () => {
    await atEachCall(
      (n) =>
        ({ nth, name }) =>
          nth === n ? 'ENOSPC' : name === 'linkSync' ? 'EXDEV' : undefined,
      { from: measure(3, 1), every: measure(4, 1) },
    );
  }, 60_000);

  /** An intake of a batch that is copied, killed at call `n`; somebody adds a line right before the batch is moved. */
  async function takeInCopied(n: number): Promise<{ isKilled: boolean; isAdded: boolean; found: string[] }> {
    const root = madeSpool(quickDir());
    const path = `${root}/incoming/b.jsonl`;
    writeFileSync(path, '{"id":"b","hook":"x"}\n"first"\n');
    let [isKilled, isAdded] = [false, false];
    const { disk, closeAll } = faultyDisk(({ nth, name, args }) => {
      isKilled ||= nth === n;
      if (isKilled) return 'KILL';
      if (name === 'renameSync' && args[0] === path && !isAdded) {
        appendFileSync(path, '"more"\n');
        isAdded = true;
      }
      return name === 'linkSync' ? 'EPERM' : undefined;
    });
    const takeIn = async () => fanOutAll(await sideOf(spoolAt(root, { disk })), () => ['a']);
    await takeIn().catch(() => {});
    closeAll();
    const side = await sideOf(spoolAt(root));
    await fanOutAll(side, () => ['a']);
    const found = (await claimAll(side, 'a')).map(text);
    expect(names(`${root}/incoming`)).toEqual([]);
    expect(names(`${root}/tmp`).filter((name) => name.startsWith('taken.'))).toEqual([]);
    await side.close();
    return { isKilled, isAdded, found };
  }

  it('the intake loses no line that is added to a copied batch until it is removed, at whichever call it is killed', async () => {
    let last = { isKilled: true, isAdded: false };
    for (let n = 1; last.isKilled; n += 1) {
      const { found, ...how } = await takeInCopied(n);
      const lines = how.isAdded ? ['"first"', '"more"'] : ['"first"'];
      expect([...new Set(found)], `killed at call ${n}`).toEqual(lines);
      last = how;
    }
    expect(last.isAdded).toBe(true);
  }, 60_000);
});
