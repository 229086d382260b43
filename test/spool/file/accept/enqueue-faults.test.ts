/** Every system call of `enqueue` fails once, or from then on, or is the last one before a kill. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Batch, Event } from '../../../../src/event/event.js';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { createFileInbox } from '../../../../src/spool/file/accept/file-inbox.js';
import { createGroupedInbox } from '../../../../src/spool/file/accept/grouped-inbox.js';
import { batchToBytes, event } from '../../../support/builders.js';
import {
  type DiskCall,
  type Fault,
  type FaultyDisk,
  faultyDisk,
  Killed,
} from '../../../support/faulty-disk.js';
import {
  claimAll,
  fanOutAll,
  leaseOf,
  madeSpool,
  names,
  quickDir,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

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

const one = event({ payload: Buffer.from('{"a": 1.0, "a":12345678901234567890}') });
const { payload: _, ...header } = event();
const batch: Batch = { ...header, payloads: [Buffer.from('1'), Buffer.from('"two"')] };

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

/** What a drain finds, without any fault. */
async function drained(root: string): Promise<string[]> {
  const lease = await leaseOf(spoolAt(root));
  const { quarantined, postponed } = await fanOutAll(lease, () => ['a']);
  expect([...quarantined, ...postponed]).toEqual([]);
  const deliveries = await claimAll(lease, 'a');
  for (const delivery of deliveries) await lease.done(delivery);
  await lease.close();
  return deliveries.map(text);
}

function isWithdrawal({ name, args }: DiskCall): boolean {
  return name === 'unlinkSync' && String(args[0]).includes('/incoming/');
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

describe('enqueue() of an id that was chosen', () => {
  function inboxAt(root: string, fault: Fault = () => undefined) {
    const { disk } = faultyDisk(fault);
    const inbox = createFileInbox(root, { random: randomBytes, disk });
    return (entry: Event | Batch) => inbox.enqueue(entry, { chosenId: true });
  }

  it('enqueue() of the same event again changes nothing, and makes sure that it is durable', async () => {
    const root = madeSpool(quickDir());
    await inboxAt(root)(one);
    const opened: string[] = [];
    const enqueue = inboxAt(root, ({ name, args }) => {
      if (name === 'openSync') opened.push(String(args[0]));
      return undefined;
    });
    await enqueue({ ...one, time: '2020-01-01T00:00:00.000Z' });
    expect(opened.slice(-2)).toEqual([`${root}/incoming/${one.id}.json`, `${root}/incoming`]);
    expect(await drained(root)).toEqual([text({ event: one })]);
  });

  it('enqueue() of the same event again is refused where it cannot be made durable', async () => {
    const root = madeSpool(quickDir());
    await inboxAt(root)(one);
    let syncs = 0;
    const enqueue = inboxAt(root, ({ name }) => (name === 'fsyncSync' && ++syncs === 2 ? 'EIO' : undefined));
    await expect(enqueue(one)).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
    expect(await drained(root)).toEqual([text({ event: one })]);
  });

  it('enqueue() of another event under the same id is refused, and the first one stays', async () => {
    const root = madeSpool(quickDir());
    await inboxAt(root)(one);
    const others: Event[] = [
      { ...one, payload: Buffer.from('2') },
      { ...one, hook: 'other' },
      { ...one, to: [] },
      { ...one, to: ['https://a.example/'] },
      { ...one, payload: Buffer.from(`"${'x'.repeat(5000)}"`) },
    ];
    for (const other of others)
      await expect(inboxAt(root)(other)).rejects.toMatchObject({ code: 'BAD_PAYLOAD' });
    expect(await drained(root)).toEqual([text({ event: one })]);
    expect(names(`${root}/tmp`)).toEqual([]);
  });

  it('enqueue() is refused where what has the id is no file', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/incoming/${one.id}.json`);
    await expect(inboxAt(root)(one)).rejects.toThrow(`another one is waiting under the id ${one.id}`);
  });

  it('enqueue() of a batch again compares it whole', async () => {
    const root = madeSpool(quickDir());
    await inboxAt(root)(batch);
    await inboxAt(root)(batch);
    const [first] = batch.payloads;
    await expect(inboxAt(root)({ ...batch, payloads: [first!] })).rejects.toMatchObject({
      code: 'BAD_PAYLOAD',
    });
    await expect(inboxAt(root)({ ...batch, payloads: [first!, first!] })).rejects.toMatchObject({
      code: 'BAD_PAYLOAD',
    });
    expect(await drained(root)).toEqual(['1', '"two"']);
  });

  it('enqueue() accepts the event where a drain has just taken in the one that had the id', async () => {
    const root = madeSpool(quickDir());
    await inboxAt(root)(one);
    const path = `${root}/incoming/${one.id}.json`;
    for (const moment of ['lstat', 'sync']) {
      let opens = 0;
      const enqueue = inboxAt(root, ({ name, args }) => {
        if (name === 'openSync' && args[0] === path && ++opens === (moment === 'lstat' ? 1 : 2)) rmSync(path);
        return undefined;
      });
      await enqueue(one);
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ id: one.id });
    }
  });

  for (const refusal of ['EPERM', 'EMLINK', 'ENOTSUP', 'EXDEV', 'EOPNOTSUPP', 'ENOSYS']) {
    it(`enqueue() renames where a hard link is refused with ${refusal}, unless the id is taken`, async () => {
      const root = madeSpool(quickDir());
      const enqueue = inboxAt(root, ({ name }) => (name === 'linkSync' ? refusal : undefined));
      await enqueue(one);
      await enqueue(one);
      await expect(enqueue({ ...one, hook: 'other' })).rejects.toMatchObject({ code: 'BAD_PAYLOAD' });
      expect(await drained(root)).toEqual([text({ event: one })]);
    });
  }
});

describe.each([
  ['createFileInbox()', createFileInbox],
  ['createGroupedInbox()', createGroupedInbox],
])('%s and a large batch', (_name, createInbox) => {
  it('enqueue() writes a batch of several MiB as it is, lines of more than 1 MiB, too', async () => {
    const root = madeSpool(quickDir());
    const sizes = [5, 2 ** 20 - 200, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 10, 1_000_000, 700_000, 2];
    const payloads = sizes.map((size, n) => Buffer.alloc(size, `${n}`));
    const large = { ...header, payloads };
    await createInbox(root, { random: randomBytes }).enqueue(large);
    const written = readFileSync(`${root}/incoming/${header.id}.jsonl`);
    expect(written.equals(batchToBytes(large))).toBe(true);
  });
});

describe('enqueue() on a disk that is nearly full', () => {
  async function enqueueWith(statfs: Record<string, number>, entry: Event | Batch = one): Promise<unknown> {
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(() => undefined);
    const full = { ...disk, statfsSync: (() => statfs) as unknown as typeof disk.statfsSync };
    return createFileInbox(root, { random: randomBytes, disk: full })
      .enqueue(entry)
      .catch((error: unknown) => error);
  }
  const roomy = { bsize: 4096, blocks: 1e6, bavail: 1e6, files: 1e6, ffree: 1e6 };

  it('enqueue() refuses when hardly any space or inodes are left', async () => {
    expect(await enqueueWith(roomy)).toBeUndefined();
    expect(await enqueueWith({ ...roomy, bavail: 10 })).toMatchObject({
      code: 'TEMPORARY',
      message: expect.stringContaining('hardly any space'),
    });
    expect(await enqueueWith({ ...roomy, ffree: 10 })).toMatchObject({
      code: 'TEMPORARY',
      message: expect.stringContaining('hardly any inodes'),
    });
  });

  it('enqueue() of a batch counts all of it, and a byte an event', async () => {
    const large = { ...header, payloads: Array.from({ length: 100_000 }, () => Buffer.from('"x"')) };
    const need = 2 ** 20 + batchToBytes(large).length + 100_000;
    const withFree = (bytes: number) =>
      enqueueWith({ ...roomy, bsize: 1, blocks: 1e12, bavail: bytes }, large);
    expect(await withFree(need)).toBeUndefined();
    expect(await withFree(need - 1)).toMatchObject({ code: 'TEMPORARY' });
  });

  it('enqueue() goes on where the file system tells of neither', async () => {
    expect(await enqueueWith({ bsize: 4096, blocks: 0, bavail: 0, files: 0, ffree: 0 })).toBeUndefined();
    expect(await enqueueWith({ ...roomy, files: 0, ffree: 0 })).toBeUndefined();
  });
});
