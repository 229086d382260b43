/** Every system call of several `enqueue` at once fails once, or from then on, or is the last one before a kill. */
import { fstatSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Batch, Event } from '../../../../src/event/event.js';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { createGroupedInbox } from '../../../../src/spool/file/accept/grouped-inbox.js';
import { isWithdrawal } from '../../../support/accept-kit.js';
import { event } from '../../../support/builders.js';
import { type Fault, type FaultyDisk, faultyDisk, Killed } from '../../../support/faulty-disk.js';
import { filesBelow, madeSpool, names, quickDir, read } from '../../../support/spool-kit.js';

interface Way {
  entries: ReadonlyArray<Event | Batch>;
  chosenId: boolean;
  makeRoot(): string;
}

const wayNames = ['a new spool', 'a spool that is there', 'ids that were chosen', 'one id thrice'] as const;

function wayOf(name: (typeof wayNames)[number]): Way {
  let count = 0;
  const directory = quickDir();
  const { payload: _, ...header } = event();
  const batch: Batch = { ...header, payloads: [Buffer.from('1'), Buffer.from('"two"')] };
  const entries = [event(), event(), batch];
  const makeRoot = () => madeSpool(`${directory}/${count++}`);
  const once = event();
  switch (name) {
    case 'a new spool':
      return { entries, chosenId: false, makeRoot: () => `${directory}/${count++}/deeper/spool` };
    case 'a spool that is there':
      return { entries, chosenId: false, makeRoot };
    case 'ids that were chosen':
      return { entries, chosenId: true, makeRoot };
    case 'one id thrice':
      return {
        entries: [once, { ...once, time: '2020-01-01T00:00:00.000Z' }, once],
        chosenId: true,
        makeRoot,
      };
  }
}

interface Attempt {
  root: string;
  faulty: FaultyDisk;
  /** Of each entry, or undefined where it was accepted. */
  errors: unknown[];
}

async function attempt({ entries, chosenId, makeRoot }: Way, fault: Fault): Promise<Attempt> {
  const root = makeRoot();
  const faulty = faultyDisk(fault);
  const inbox = createGroupedInbox(root, { random: randomBytes, disk: faulty.disk });
  const settled = await Promise.allSettled(entries.map((entry) => inbox.enqueue(entry, { chosenId })));
  return {
    root,
    faulty,
    errors: settled.map((each) => (each.status === 'rejected' ? each.reason : undefined)),
  };
}

function nameOf(entry: Event | Batch): string {
  return `${entry.id}.${'payloads' in entry ? 'jsonl' : 'json'}`;
}

function expectWhole(path: string, entry: Event | Batch): void {
  const payloads = 'payloads' in entry ? entry.payloads.join('\n') : entry.payload;
  expect(read(path)).toContain(String(payloads));
  expect(read(path).endsWith('\n')).toBe(true);
}

/** Accepted means there, whole; refused means not there, but where its removal failed, too, or another call was accepted. */
function judge({ root, faulty, errors }: Attempt, { entries }: Way): void {
  faulty.closeAll();
  const there = names(`${root}/incoming`);
  for (const entry of entries) {
    const same = errors.filter((_, n) => nameOf(entries[n]!) === nameOf(entry));
    const mayBoth = same.some((error) => error instanceof Killed) || faulty.failed.some(isWithdrawal);
    if (same.includes(undefined)) expect(there).toContain(nameOf(entry));
    else if (!mayBoth) expect(there).not.toContain(nameOf(entry));
    if (there.includes(nameOf(entry))) expectWhole(`${root}/incoming/${nameOf(entry)}`, entry);
  }
  for (const error of errors)
    if (error !== undefined && !(error instanceof Killed))
      expect(error).toMatchObject({ name: 'CapnhookError' });
  if (faulty.failed.length === 0) expect(filesBelow(`${root}/tmp`)).toEqual([]);
  rmSync(root, { recursive: true, force: true });
}

/** Runs with a fault at call 1, 2, 3, … until a run makes fewer calls; says how many that were. */
async function atEachCall(way: Way, faultAt: (n: number) => Fault): Promise<number> {
  for (let n = 1; ; n += 1) {
    const tried = await attempt(way, faultAt(n));
    judge(tried, way);
    if (tried.faulty.calls() < n) return n - 1;
  }
}

describe('enqueue() of several at once on a disk that fails', () => {
  for (const name of wayNames) {
    for (const errno of ['ENOSPC', 'EIO', 'EACCES']) {
      it(`enqueue() of several into ${name}: each is all or nothing, whichever call fails with ${errno}`, async () => {
        const once =
          (n: number): Fault =>
          ({ nth }) =>
            nth === n ? errno : undefined;
        expect(await atEachCall(wayOf(name), once)).toBeGreaterThan(30);
      });

      it(`enqueue() of several into ${name}: each is all or nothing, from whichever call on all fail with ${errno}`, async () => {
        await atEachCall(
          wayOf(name),
          (n) =>
            ({ nth }) =>
              nth >= n ? errno : undefined,
        );
      });
    }

    it(`enqueue() of several into ${name} leaves nothing torn, at whichever call it is killed`, async () => {
      const killed =
        (n: number): Fault =>
        ({ nth }) =>
          nth === n ? 'KILL' : undefined;
      expect(await atEachCall(wayOf(name), killed)).toBeGreaterThan(30);
    });

    it(`enqueue() of several into ${name} goes on after short writes`, async () => {
      const way = wayOf(name);
      const tried = await attempt(way, ({ name: call }) => (call === 'writeSync' ? 'SHORT' : undefined));
      expect(tried.errors).toEqual([undefined, undefined, undefined]);
      judge(tried, way);
    });
  }

  it('enqueue() of several refuses all whose name one fsync of incoming/ was to cover, when that fails', async () => {
    const way = wayOf('a spool that is there');
    const directories = new Set<unknown>();
    const tried = await attempt(way, ({ name, args, nth }) => {
      if (name === 'openSync' && String(args[0]).endsWith('/incoming')) directories.add(nth);
      return name === 'openSync' && directories.has(nth) ? 'EIO' : undefined;
    });
    expect(tried.errors).toEqual(way.entries.map(() => expect.objectContaining({ code: 'SPOOL_WRITE' })));
    judge(tried, way);
  });

  it('enqueue() of several goes well after others have failed', async () => {
    const way = wayOf('a spool that is there');
    const root = way.makeRoot();
    let fails = true;
    const { disk } = faultyDisk(({ name, args }) =>
      fails && name === 'openSync' && String(args[0]).endsWith('/incoming') ? 'EIO' : undefined,
    );
    const inbox = createGroupedInbox(root, { random: randomBytes, disk });
    const enqueueAll = () => Promise.allSettled(way.entries.map((entry) => inbox.enqueue(entry)));
    expect((await enqueueAll()).map(({ status }) => status)).toEqual(way.entries.map(() => 'rejected'));
    fails = false;
    expect((await enqueueAll()).map(({ status }) => status)).toEqual(way.entries.map(() => 'fulfilled'));
    expect(names(`${root}/incoming`)).toEqual(way.entries.map(nameOf).sort());
  });

  it('enqueue() of several has accepted those that a drain took in before a failed fsync could take them back', async () => {
    const way = wayOf('a spool that is there');
    const [first] = way.entries;
    const tried = await attempt(way, ({ name, args }) => {
      if (name !== 'openSync' || !String(args[0]).endsWith('/incoming')) return undefined;
      rmSync(`${String(args[0])}/${nameOf(first!)}`, { force: true });
      return 'EIO';
    });
    expect(tried.errors.map((error) => error === undefined)).toEqual([true, false, false]);
    expect(names(`${tried.root}/incoming`)).toEqual([]);
  });

  it('enqueue() of several refuses all when a file system that is gone still says 0 to the fsync of incoming/', async () => {
    const way = wayOf('a spool that is there');
    let gone = false;
    // As XFS after an I/O error: from then on EIO to the fsync of any file.
    const tried = await attempt(way, ({ name, args }) => {
      if (name !== 'fsync') return undefined;
      const ofDirectory = fstatSync(args[0] as number).isDirectory();
      gone ||= ofDirectory;
      return gone && !ofDirectory ? 'EIO' : undefined;
    });
    expect(tried.errors).toEqual(way.entries.map(() => expect.objectContaining({ code: 'SPOOL_WRITE' })));
    judge(tried, way);
  });

  it('enqueue() of several fsyncs each file again where incoming/ may not be opened', async () => {
    const way = wayOf('a spool that is there');
    const synced = new Map<unknown, number>();
    const tried = await attempt(way, ({ name, args }) => {
      if (name === 'fsync') synced.set(args[0], (synced.get(args[0]) ?? 0) + 1);
      return name === 'openSync' && String(args[0]).endsWith('/incoming') ? 'EACCES' : undefined;
    });
    expect(tried.errors).toEqual([undefined, undefined, undefined]);
    expect([...synced.values()]).toEqual([2, 2, 2]);
    judge(tried, way);
  });
});
