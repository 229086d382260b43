/** Every system call of `enqueue` fails once, or from then on, or is the last one before a kill. */
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Batch, Event } from '../../../../src/event/event.js';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { createFileInbox } from '../../../../src/spool/file/accept/file-inbox.js';
import { batch, drained, isWithdrawal, one } from '../../../support/accept-kit.js';
import {
  type DiskCall,
  type Fault,
  type FaultyDisk,
  faultyDisk,
  Killed,
} from '../../../support/faulty-disk.js';
import { madeSpool, names, quickDir, text } from '../../../support/spool-kit.js';

const errnos = ['ENOSPC', 'EIO', 'EMFILE', 'EACCES'];

interface Attempt {
  root: string;
  faulty: FaultyDisk;
  error: unknown;
}

/** One way to fire: into which spool, what, and how. */
interface Way {
  entry: Event | Batch;
  payloads: string[];
  chosenId: boolean;
  makeRoot(): string;
}
const wayNames = ['a new spool', 'a spool that is there', 'an id that was chosen', 'a batch'] as const;

/** Each spool is made below one directory of the running test, and removed once it has been looked at. */
function wayOf(name: (typeof wayNames)[number] = 'a spool that is there'): Way {
  let count = 0;
  const directory = quickDir();
  const nextRoot = () => `${directory}/${count++}`;
  const single = { entry: one, payloads: [text({ event: one })], chosenId: false };
  const there = { ...single, makeRoot: () => madeSpool(nextRoot()) };
  switch (name) {
    case 'a new spool':
      return { ...single, makeRoot: () => `${nextRoot()}/deeper/spool` };
    case 'a spool that is there':
      return there;
    case 'an id that was chosen':
      return { ...there, chosenId: true };
    case 'a batch':
      return { ...there, entry: batch, payloads: ['1', '"two"'] };
  }
}

async function attempt(way: Way, fault: Fault): Promise<Attempt> {
  const root = way.makeRoot();
  const faulty = faultyDisk(fault);
  const inbox = createFileInbox(root, { random: randomBytes, disk: faulty.disk });
  let error: unknown;
  try {
    await inbox.enqueue(way.entry, { chosenId: way.chosenId });
  } catch (caught) {
    error = caught;
  }
  return { root, faulty, error };
}

/** Accepted means found, byte for byte; refused means that nothing is there, but where its removal failed, too. */
async function judge({ root, faulty, error }: Attempt, way: Way): Promise<void> {
  faulty.closeAll();
  if (error === undefined) {
    expect(await drained(root)).toEqual(way.payloads);
  } else if (error instanceof Killed || faulty.failed.some(isWithdrawal)) {
    expect([[], way.payloads]).toContainEqual(await drained(root));
  } else {
    expect(error).toMatchObject({ name: 'CapnhookError' });
    expect(names(`${root}/incoming`)).toEqual([]);
    expect(await drained(root)).toEqual([]);
  }
  rmSync(root, { recursive: true });
}

/** Runs with a fault at call 1, 2, 3, … until a run makes fewer calls. */
async function atEachCall(way: Way, faultAt: (n: number) => Fault): Promise<number> {
  for (let n = 1; ; n += 1) {
    const tried = await attempt(way, faultAt(n));
    await judge(tried, way);
    if (tried.faulty.calls() < n) return n - 1;
  }
}

/** How many fsyncs it takes where nothing fails. */
async function fsyncsOf(way: Way): Promise<number> {
  let syncs = 0;
  const tried = await attempt(way, ({ name }) => {
    if (name === 'fsyncSync') syncs += 1;
    return undefined;
  });
  expect(tried.error).toBeUndefined();
  await judge(tried, way);
  return syncs;
}

describe('enqueue() on a disk that fails', () => {
  for (const name of wayNames) {
    for (const errno of errnos) {
      it(`enqueue() into ${name} is all or nothing, whichever call fails with ${errno}`, async () => {
        const calls = await atEachCall(
          wayOf(name),
          (n) =>
            ({ nth }) =>
              nth === n ? errno : undefined,
        );
        expect(calls).toBeGreaterThan(10);
      });

      it(`enqueue() into ${name} is all or nothing, from whichever call on all fail with ${errno}`, async () => {
        await atEachCall(
          wayOf(name),
          (n) =>
            ({ nth }) =>
              nth >= n ? errno : undefined,
        );
      });
    }

    for (const errno of ['ENOSPC', 'EIO', 'EDQUOT']) {
      it(`enqueue() into ${name} rejects and queues nothing, whichever fsync says ${errno}, once or for good`, async () => {
        const way = wayOf(name);
        const fsyncs = await fsyncsOf(way);
        expect(fsyncs).toBeGreaterThanOrEqual(3); // the file, incoming/, the file again
        for (let n = 1; n <= fsyncs; n += 1) {
          for (const forGood of [false, true]) {
            let syncs = 0;
            const tried = await attempt(way, ({ name: call }) => {
              if (call === 'fsyncSync') syncs += 1;
              return call === 'fsyncSync' && (syncs === n || (forGood && syncs > n)) ? errno : undefined;
            });
            expect(tried.error, `fsync ${n}`).toMatchObject({ name: 'CapnhookError' });
            await judge(tried, way);
          }
        }
      });
    }

    it(`enqueue() into ${name} leaves nothing torn, at whichever call it is killed`, async () => {
      const calls = await atEachCall(
        wayOf(name),
        (n) =>
          ({ nth }) =>
            nth === n ? 'KILL' : undefined,
      );
      expect(calls).toBeGreaterThan(10);
    });

    it(`enqueue() into ${name} goes on after short writes`, async () => {
      const way = wayOf(name);
      const tried = await attempt(way, ({ name: call }) => (call === 'writeSync' ? 'SHORT' : undefined));
      expect(tried.error).toBeUndefined();
      await judge(tried, way);
    });

    it(`enqueue() into ${name} refuses when a write writes nothing`, async () => {
      const way = wayOf(name);
      const tried = await attempt(way, ({ name: call }) => (call === 'writeSync' ? 'ZERO' : undefined));
      expect(tried.error).toMatchObject({ code: 'TEMPORARY' });
      await judge(tried, way);
    });
  }

  it('enqueue() never renames a file whose fsync failed, nor fsyncs it again', async () => {
    const way = wayOf();
    const calls: DiskCall[] = [];
    let failed: unknown;
    const tried = await attempt(way, (call) => {
      calls.push(call);
      if (call.name !== 'fsyncSync' || failed !== undefined) return undefined;
      failed = call.args[0];
      return 'EIO';
    });
    expect(tried.error).toMatchObject({ code: 'SPOOL_WRITE' });
    const after = calls
      .slice(calls.findIndex(({ name }) => name === 'fsyncSync') + 1)
      .map(({ name }) => name);
    expect(after).toEqual(['closeSync', 'unlinkSync']);
    await judge(tried, way);
  });

  it('enqueue() takes the event back when the fsync of incoming/ fails, and does not try it again', async () => {
    const way = wayOf();
    let syncs = 0;
    const tried = await attempt(way, ({ name }) =>
      name === 'fsyncSync' && ++syncs === 2 ? 'EIO' : undefined,
    );
    expect(tried.error).toMatchObject({ code: 'SPOOL_WRITE' });
    expect(syncs).toBe(2);
    await judge(tried, way);
  });

  it('enqueue() has accepted the event when a drain took it in before a failed fsync could take it back', async () => {
    const way = wayOf();
    const root = way.makeRoot();
    const faulty = faultyDisk(({ name, args }) => {
      if (name !== 'openSync' || args[0] !== `${root}/incoming`) return undefined;
      rmSync(`${root}/incoming/${one.id}.json`);
      return 'EIO';
    });
    await createFileInbox(root, { random: randomBytes, disk: faulty.disk }).enqueue(one);
    expect(names(`${root}/incoming`)).toEqual([]);
  });

  it('enqueue() fsyncs the file again where incoming/ may not be opened', async () => {
    const root = wayOf().makeRoot();
    const synced: unknown[] = [];
    const { disk } = faultyDisk(({ name, args }) => {
      if (name === 'fsyncSync') synced.push(args[0]);
      return name === 'openSync' && args[0] === `${root}/incoming` ? 'EACCES' : undefined;
    });
    await createFileInbox(root, { random: randomBytes, disk }).enqueue(one);
    expect(synced).toHaveLength(2);
    expect(synced[0]).toBe(synced[1]);
    expect(await drained(root)).toEqual([text({ event: one })]);
  });
});
