/** A batch in a queue: what becomes of its events, and of what somebody does to its files. */
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventToBytes } from '../../../../src/event/record.js';
import type { Lease } from '../../../../src/spool/spool.js';
import { event, shellEvent } from '../../../support/builders.js';
import { type Fault, faultyDisk, Killed } from '../../../support/faulty-disk.js';
import {
  claimAll,
  discardAll,
  fanOutAll,
  farFuture,
  filesBelow,
  ids,
  isRoot,
  leaseOf,
  madeSpool,
  names,
  quickDir,
  read,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

const asRoot = isRoot ? it : it.skip; // chown needs root
const why = { reason: 'gave-up', message: 'too old', attempts: 9, time: '' };
const windowBytes = 65_536;

function batch(lines: readonly string[], id = 'b'): string {
  return [`{"id":"${id}","hook":"x"}`, ...lines, ''].join('\n');
}

/** A spool with a batch `b` that is queued for `a`. */
async function queued(lines: readonly string[], fault?: Fault) {
  const root = madeSpool(quickDir());
  writeFileSync(`${root}/incoming/b.jsonl`, batch(lines));
  const lease = await leaseOf(spoolAt(root, fault && { disk: faultyDisk(fault).disk }));
  await fanOutAll(lease, () => ['a']);
  const segment = `${root}/queue/a/00000001.${lines.length}.b`;
  return { root, lease, segment, progress: `${segment}/b.done`, file: `${segment}/b.jsonl` };
}

/** Everything that the endpoint is owed, by a new lease, which is then done. */
async function rest(root: string): Promise<string[]> {
  const lease = await leaseOf(spoolAt(root));
  await fanOutAll(lease, () => ['a']);
  const claimed = await claimAll(lease, 'a', farFuture);
  for (const delivery of claimed) await lease.done(delivery);
  expect(lease.owing()).toEqual([]);
  await lease.close();
  expect(names(`${root}/queue`)).toEqual([]);
  expect(names(`${root}/retry`)).toEqual([]);
  return claimed.map(text);
}

async function backlogOf(root: string): Promise<unknown> {
  for await (const { waiting, retrying, dead } of spoolAt(root).backlog('a'))
    return { waiting, retrying, dead };
  return undefined;
}

describe('a batch to which somebody writes when it is queued already', () => {
  it('is not removed before its new lines are delivered, at each endpoint once', async () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/incoming/b.jsonl`, '{"id":"b","hook":"x"}\n1\n2\n');
    const writer = openSync(`${root}/incoming/b.jsonl`, 'a');
    const lease = await leaseOf(spoolAt(root));
    await fanOutAll(lease, () => ['a', 'b']);
    const found: Record<string, string[]> = { a: [], b: [] };
    for (let more = ['3\n4\n', '5\n']; ; more = more.slice(1)) {
      if (more[0] !== undefined) writeSync(writer, more[0]);
      const claimed = [...(await claimAll(lease, 'a')), ...(await claimAll(lease, 'b'))];
      if (claimed.length === 0) break;
      for (const delivery of claimed) {
        found[delivery.endpoint]?.push(`${delivery.event.id} ${text(delivery)}`);
        await lease.done(delivery);
      }
    }
    closeSync(writer);
    const all = [1, 2, 3, 4, 5].map((n) => `b_${n} ${n}`);
    expect(found).toEqual({ a: all, b: all });
    await lease.close();
    expect(names(`${root}/queue`)).toEqual([]);
  });
});

describe('a batch in a queue', () => {
  it('done(), defer(), bury() and release() of its events are told by its progress, and in the counts', async () => {
    const { root, lease, progress } = await queued(['1', '2', '3', '4', '5']);
    expect(read(progress)).toBe('.....');
    const claimed = await claimAll(lease, 'a');
    expect(await lease.owed('a')).toBe(5);
    await lease.done(claimed[1]!);
    await lease.defer(claimed[2]!, { dueMs: 1_000, attempts: 2 });
    await lease.bury(claimed[3]!, why);
    lease.release(claimed[4]!);
    expect(read(progress)).toBe('.xxx.');
    expect(await lease.owed('a')).toBe(3);
    expect(await backlogOf(root)).toEqual({ waiting: 2, retrying: 1, dead: 1 });
    expect(filesBelow(`${root}/retry`)).toEqual(['a/0000000001000.2.b_3.json']);
    expect(read(`${root}/retry/a/0000000001000.2.b_3.json`)).toContain('"payload":3\n');
    expect(read(`${root}/dead/a/b_4.json`)).toContain('"id":"b_4"');
    expect(read(`${root}/dead/a/b_4.why.json`)).toContain('gave-up');
    const again = await lease.claim('a', { limit: 9, now: farFuture });
    expect(again.deliveries.map(text)).toEqual(['3', '5']);
    expect(again.deliveries[0]!.attempts).toBe(2);
    for (const delivery of [claimed[0]!, ...again.deliveries]) await lease.done(delivery);
    expect(await lease.owed('a')).toBe(0);
    expect(existsSync(progress)).toBe(false);
    await lease.close();
    expect(names(`${root}/queue`)).toEqual([]);
  });

  it('its events keep their order, and single events before and after it keep theirs', async () => {
    const root = madeSpool(quickDir());
    const lease = await leaseOf(spoolAt(root));
    const put = async (name: string, content: string) => {
      writeFileSync(`${root}/incoming/${name}`, content);
      await fanOutAll(lease, () => ['a']);
    };
    const single = (id: string) => `{"id":"${id}","hook":"x","payload":"${id}"}`;
    await put('s1.json', single('s1'));
    await put('b.jsonl', batch(Array.from({ length: 12 }, (_, n) => `${n}`)));
    await put('s0.json', single('s0'));
    await put('c.jsonl', batch(['"c"'], 'c'));
    await put('s2.json', single('s2'));
    expect(names(`${root}/queue/a`)).toEqual([
      '00000001',
      '00000002.12.b',
      '00000003',
      '00000004.1.c',
      '00000005',
    ]);
    const expected = ['"s1"', ...Array.from({ length: 12 }, (_, n) => `${n}`), '"s0"', '"c"', '"s2"'];
    const claimed = await claimAll(lease, 'a');
    expect(claimed.map(text)).toEqual(expected);
    for (const n of [14, 3, 0, 15, 7]) lease.release(claimed[n]!);
    expect((await claimAll(lease, 'a')).map(text)).toEqual([0, 3, 7, 14, 15].map((n) => expected[n]));
    await lease.close();
    expect(await rest(root)).toEqual(expected);
  });

  it('it is removed when its last event is settled, at close(), or by the next lease', async () => {
    const settled = await queued(['1', '2']);
    for (const delivery of await claimAll(settled.lease, 'a')) await settled.lease.done(delivery);
    expect(names(`${settled.root}/queue/a`)).toEqual([]);
    await settled.lease.close();
    for (const call of ['unlinkSync', 'rmdirSync']) {
      let failing = true;
      const { root, lease, file } = await queued(['1'], ({ name, args }) =>
        failing && name === call && String(args[0]).includes('/queue/') ? 'EIO' : undefined,
      );
      const [only] = await claimAll(lease, 'a');
      await lease.done(only!);
      expect(existsSync(file)).toBe(call === 'unlinkSync');
      expect(lease.owing()).toEqual([]);
      failing = false;
      await lease.close();
      expect(names(`${root}/queue`)).toEqual([]);
    }
    const left = await queued(['1']);
    writeFileSync(left.progress, 'x');
    const next = await leaseOf(spoolAt(left.root));
    expect(next.owing()).toEqual([]);
    expect(names(`${left.root}/queue`)).toEqual([]);
    await next.close();
  });

  it('a batch with the name of one that is done is marked in its own file', async () => {
    const { root, lease } = await queued(['1', '2']);
    for (const delivery of await claimAll(lease, 'a')) await lease.done(delivery);
    writeFileSync(`${root}/incoming/b.jsonl`, batch(['"new 1"', '"new 2"']));
    await fanOutAll(lease, () => ['a']);
    const claimed = await claimAll(lease, 'a');
    expect(claimed.map(text)).toEqual(['"new 1"', '"new 2"']);
    for (const delivery of claimed) await lease.done(delivery);
    expect(names(`${root}/queue/a`)).toEqual([]);
    await lease.close();
    expect(await rest(root)).toEqual([]);
  });

  it('discard() of a batch of which some is settled moves what is owed', async () => {
    const { root, lease } = await queued(['1', '2', '3']);
    const [first, second, third] = await claimAll(lease, 'a');
    await lease.done(first!);
    await lease.defer(second!, { dueMs: 1, attempts: 1 });
    lease.release(third!);
    writeFileSync(`${root}/incoming/c.jsonl`, batch(['1', '', '2'], 'c'));
    const why = { reason: 'flushed', message: 'x', time: '2026-11-23T12:00:00.000Z' };
    const of = (wanted: string) => ({
      incoming: true,
      match: ({ hook }: { hook?: string }) => hook === wanted,
      why,
    });
    expect((await discardAll(lease, of('y'))).entries).toEqual([]);
    const { entries } = await discardAll(lease, of('x'));
    expect(entries.map(({ endpoint, events }) => [endpoint, events])).toEqual([
      [undefined, 2],
      ['a', 1],
      ['a', 1],
    ]);
    expect(lease.owing()).toEqual([]);
    await lease.close();
    expect(await rest(root)).toEqual([]);
  });

  it('claim() with a probe passes over the event that failed, and hands it out last', async () => {
    const { lease } = await queued(['1', '2', '3']);
    const probe = async () =>
      (await lease.claim('a', { limit: 1, now: 0, probe: ['b_1', 'b_3'] })).deliveries.map(text);
    expect([await probe(), await probe(), await probe()]).toEqual([['2'], ['1'], ['3']]);
    await lease.close();
  });
});

describe('the progress of a batch', () => {
  const lines = ['1', '2', '3'];

  it.each([
    ['empty', ''],
    ['short', 'x'],
    ['too long', 'x..x'],
    ['garbage', '\u0000X\n'],
  ])('that is %s settles only what it surely says', async (_what, content) => {
    const { root, lease, progress } = await queued(lines);
    await lease.close();
    writeFileSync(progress, content);
    expect(await rest(root)).toEqual(content.startsWith('x') ? ['2', '3'] : lines);
  });

  it('that is missing settles nothing, and tells what is settled from then on', async () => {
    const { root, lease, progress } = await queued(lines);
    const [first] = await claimAll(lease, 'a');
    await lease.done(first!);
    await lease.close();
    rmSync(progress);
    const next = await leaseOf(spoolAt(root));
    const claimed = await claimAll(next, 'a');
    expect(claimed.map(text)).toEqual(lines);
    await next.done(claimed[1]!);
    await next.close();
    expect(await rest(root)).toEqual(['1', '3']);
  });

  it.each([
    ['a directory', 'it is a directory', (path: string) => mkdirSync(path)],
    ['a symbolic link', 'it is a symbolic link', (path: string) => symlinkSync('/nowhere', path)],
    ['a FIFO', 'it is a socket or a device', (path: string) => execFileSync('mkfifo', [path])],
  ])(
    'in whose place there is %s is put aside, so that nothing is repeated for ever',
    async (_what, is, put) => {
      const { root, lease, progress } = await queued(lines);
      await lease.close();
      rmSync(progress);
      put(progress);
      const next = await leaseOf(spoolAt(root));
      const { quarantined } = await fanOutAll(next, () => ['a']);
      const reason = `it stood at queue/a/00000001.3.b/b.done, and ${is}`;
      expect(quarantined).toEqual([{ name: 'b.done', reason }]);
      expect(names(`${root}/corrupt`)).toEqual(['b.done', 'b.done.why']);
      const [first] = await claimAll(next, 'a');
      await next.done(first!);
      await next.close();
      expect(await rest(root)).toEqual(['2', '3']);
    },
  );

  it.each(['EMFILE', 'EROFS'])(
    'that cannot be opened just now (%s) is left where it is, and nothing is sent',
    async (errno) => {
      const { root, lease, progress } = await queued(lines);
      await lease.close();
      const faulty = faultyDisk(({ name, args }) =>
        name === 'openSync' && args[0] === progress && Number(args[1]) & constants.O_WRONLY
          ? errno
          : undefined,
      );
      const opening = leaseOf(spoolAt(root, { disk: faulty.disk }));
      if (errno === 'EMFILE') await expect(opening).rejects.toThrow(/EMFILE/);
      else {
        const next = await opening;
        expect(await next.claim('a', { limit: 1, now: 1 })).toMatchObject({
          deliveries: [],
          postponed: [{ name: 'a', reason: 'it cannot be read now (EROFS)' }],
        });
        await next.close();
      }
      expect(names(`${root}/corrupt`)).toEqual([]);
      expect(await rest(root)).toEqual(lines);
    },
  );

  const member = (payload: string, id = 'b_2') =>
    eventToBytes({ id, hook: 'x', time: '2026-01-01T00:00:00.000Z', payload: Buffer.from(payload) });
  const moved: Array<[string, (root: string) => void, string[]]> = [
    ['has no file', () => {}, ['1', '2', '3']],
    [
      'has its file in retry/',
      (root) => {
        mkdirSync(`${root}/retry/a`, { recursive: true });
        writeFileSync(`${root}/retry/a/0000000001000.1.b_2.json`, member('2'));
      },
      ['2', '1', '3'],
    ],
    [
      'has its file in dead/',
      (root) => {
        mkdirSync(`${root}/dead/a`, { recursive: true });
        writeFileSync(`${root}/dead/a/b_2.json`, member('2'));
      },
      ['1', '3'],
    ],
    [
      'has the id of another event in dead/',
      (root) => {
        mkdirSync(`${root}/dead/a`, { recursive: true });
        writeFileSync(`${root}/dead/a/b_2.json`, member('"another"'));
      },
      ['1', '2', '3'],
    ],
    [
      'has its file in the retry/ of another endpoint',
      (root) => {
        mkdirSync(`${root}/dead/c`, { recursive: true });
        writeFileSync(`${root}/dead/c/b_2.json`, member('2'));
      },
      ['1', '2', '3'],
    ],
  ];
  it.each(moved)(
    'with an event on its way that %s loses nothing and repeats nothing',
    async (_what, make, expected) => {
      const { root, lease, progress } = await queued(lines);
      await lease.close();
      writeFileSync(progress, '.>.');
      make(root);
      expect(await rest(root)).toEqual(expected);
    },
  );

  for (const how of ['defer', 'bury'] as const) {
    it(`${how}() of an event loses nothing and repeats nothing, at whichever call it is killed`, async () => {
      for (let n = 1, killed = true; killed; n += 1) {
        let from = Infinity;
        const { root, lease } = await queued(lines, () => {
          if (from === Infinity) return undefined;
          from -= 1;
          return from === 0 ? 'KILL' : undefined;
        });
        const claimed = await claimAll(lease, 'a');
        from = n;
        const act = (l: Lease) =>
          how === 'defer' ? l.defer(claimed[1]!, { dueMs: 1, attempts: 1 }) : l.bury(claimed[1]!, why);
        killed = await act(lease).then(
          () => false,
          (error: unknown) => error instanceof Killed,
        );
        const found = await rest(root);
        const dead = names(`${root}/dead/a`).filter((name) => name === 'b_2.json').length;
        expect(found.filter((each) => each === '2').length + dead, `killed at call ${n}`).toBe(1);
        expect(found.filter((each) => each !== '2')).toEqual(['1', '3']);
      }
    });
  }
});

describe('a batch that somebody changes in the queue', () => {
  it('claim() puts a batch that was truncated aside, whole, once it meets its end', async () => {
    const { root, lease, file } = await queued(['1', '2', '3']);
    truncateSync(file, batch(['1']).length);
    await lease.close();
    const next = await leaseOf(spoolAt(root));
    const { deliveries, quarantined } = await next.claim('a', { limit: 9, now: 0 });
    expect(deliveries.map(text)).toEqual(['1']);
    expect(quarantined).toEqual([{ name: 'b.jsonl', reason: 'it ends before its event 2' }]);
    await next.done(deliveries[0]!);
    expect(next.owing()).toEqual([]);
    await next.close();
    expect(read(`${root}/corrupt/b.jsonl`)).toBe(batch(['1']));
    expect(names(`${root}/queue`)).toEqual([]);
  });

  it('claim() reads another batch that was put in its place from where that has the event', async () => {
    const { root, lease, file } = await queued(['111', '222', '333']);
    const [first] = (await lease.claim('a', { limit: 1, now: 0 })).deliveries;
    const [second] = (await lease.claim('a', { limit: 1, now: 0 })).deliveries;
    lease.release(second!);
    writeFileSync(`${root}/tmp/new`, batch(['"a"', '"bbbbbb"', '"c"']));
    renameSync(`${root}/tmp/new`, file);
    await new Promise((resolve) => setTimeout(resolve, 60)); // it is looked at every 50 ms
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['"bbbbbb"', '"c"']);
    await lease.done(first!);
    await lease.close();
  });

  it('claim() puts one bad line aside alone', async () => {
    const { root, lease, file, progress } = await queued(['111', '222', '333']);
    await lease.close();
    writeFileSync(file, batch(['111', '{{{', '333']));
    const next = await leaseOf(spoolAt(root));
    const { deliveries, quarantined } = await next.claim('a', { limit: 9, now: 0 });
    expect(deliveries.map(text)).toEqual(['111', '333']);
    expect(quarantined.map(({ name }) => name)).toEqual(['b_2.json']);
    expect(read(`${root}/corrupt/b_2.json`)).toBe('{{{');
    expect(read(progress)).toBe('.x.');
    await next.close();
  });

  it('claim() hands out nothing of a batch that somebody took away, and goes on behind it', async () => {
    const { root, lease, file } = await queued(['1', '2']);
    writeFileSync(`${root}/incoming/s.json`, shellEvent('x', '"single"'));
    await fanOutAll(lease, () => ['a']);
    renameSync(file, `${root}/tmp/taken`);
    expect((await claimAll(lease, 'a')).map(text)).toEqual(['"single"']);
    expect(await lease.owed('a')).toBe(1);
    await lease.close();
  });
});

describe('a batch that others could change', () => {
  async function takenIn(prepare: (path: string, root: string) => void) {
    const root = madeSpool(quickDir());
    const path = `${root}/incoming/b.jsonl`;
    writeFileSync(path, batch(['"as it was"', '2']));
    prepare(path, root);
    const theirs = openSync(path, 'r+');
    const lease = await leaseOf(spoolAt(root));
    expect(await fanOutAll(lease, () => ['a', 'c'])).toMatchObject({
      events: 2,
      deliveries: 4,
      quarantined: [],
    });
    writeFileSync(theirs, batch(['"rewritten since, and longer"', '3', '4']));
    closeSync(theirs);
    for (const endpoint of ['a', 'c'])
      expect((await claimAll(lease, endpoint)).map(text)).toEqual(['"as it was"', '2']);
    expect(names(`${root}/tmp`)).toEqual([]);
    expect(names(`${root}/incoming`)).toEqual([]);
    const [a, c] = ['a', 'c'].map((endpoint) => statSync(`${root}/queue/${endpoint}/00000001.2.b/b.jsonl`));
    expect([a!.ino, a!.nlink]).toEqual([c!.ino, 2]);
    await lease.close();
    return a!;
  }

  it('fanOut() copies one that has another hard link, and sends what it has checked', async () => {
    await takenIn((path, root) => linkSync(path, `${root}/theirs`));
  });

  asRoot('fanOut() copies one of another user, and sends what it has checked (as root)', async () => {
    expect((await takenIn((path) => chownSync(path, 65534, 65534))).uid).toBe(0);
  });
});

describe('the lines of a batch', () => {
  const long = (length: number) => `"${'y'.repeat(length - 2)}"`;
  it.each<[string, string, string[]]>([
    ['blank lines', '{"id":"b","hook":"x"}\n\n1\n \n\t\r\n2\n\n\n', ['1', '2']],
    ['carriage returns', '{"id":"b","hook":"x"}\r\n1\r\n {"a":1} \r\n', ['1', '{"a":1}']],
    ['white space behind the last line feed', '{"id":"b","hook":"x"}\n1\n2\n \r', ['1', '2']],
    [
      'a line of more than a window',
      batch(['1', long(windowBytes + 1), '2']),
      ['1', long(windowBytes + 1), '2'],
    ],
    ['a line of many windows', batch([long(20 * windowBytes), '1']), [long(20 * windowBytes), '1']],
    [
      'lines that end where a window ends',
      batch([long(windowBytes - 23), '1', '2']),
      [long(windowBytes - 23), '1', '2'],
    ],
    [
      'very many lines of one byte',
      batch(Array.from({ length: 40_000 }, () => '7')),
      Array.from({ length: 40_000 }, () => '7'),
    ],
  ])('with %s are sent as they are', async (_what, content, expected) => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/incoming/b.jsonl`, content);
    expect(await rest(root)).toEqual(expected);
  });

  it.each<[string, string, RegExp]>([
    [
      'a last line that does not end',
      '{"id":"b","hook":"x"}\n1\n12',
      /^line 3: it does not end in a line feed/,
    ],
    ['no line but the header', '{"id":"b","hook":"x"}\n', /^line 2: no payload in it$/],
    ['only blank lines', '{"id":"b","hook":"x"}\n\n \n', /no payload in it$/],
    ['a bad line', batch(['1', '2', '{"a":', '4']), /^line 4: /],
    ['a header that is no JSON', 'hook: x\n1\n', /^line 1: /],
    ['an id that is too long', batch(['1'], 'x'.repeat(127)), /the id is too long/],
  ])('fanOut() puts a batch with %s aside, under the name that it has', async (_what, content, reason) => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/incoming/dropped.jsonl`, content);
    const lease = await leaseOf(spoolAt(root));
    const { quarantined } = await fanOutAll(lease, () => ['a']);
    expect(quarantined).toEqual([{ name: 'dropped.jsonl', reason: expect.stringMatching(reason) }]);
    expect(read(`${root}/corrupt/dropped.jsonl`)).toBe(content);
    await lease.close();
    expect(names(`${root}/queue`)).toEqual([]);
  });
});

describe('a batch that is half taken in', () => {
  it('is not handed out before its intake was repeated, and others behind it are', async () => {
    const count = 20_000;
    const root = madeSpool(quickDir());
    const segment = `${root}/queue/a/00000001.${count}.b`;
    mkdirSync(segment, { recursive: true });
    mkdirSync(`${root}/queue/a/00000002`);
    writeFileSync(`${root}/incoming/b.jsonl`, batch(Array.from({ length: count }, (_, n) => `${n}`)));
    writeFileSync(`${segment}/b.done`, '.'.repeat(count));
    linkSync(`${root}/incoming/b.jsonl`, `${segment}/b.jsonl`);
    const single = event();
    writeFileSync(`${root}/queue/a/00000002/${single.id}.json`, eventToBytes(single));
    let looks = 0;
    const { disk } = faultyDisk(() => {
      looks += 1;
      return undefined;
    });
    const lease = await leaseOf(spoolAt(root, { disk }));
    looks = 0;
    expect(ids(await claimAll(lease, 'a'))).toEqual([single.id]);
    expect(looks).toBeLessThan(100);
    expect(await lease.owed('a')).toBe(count + 1);
    expect(lease.owing()).toEqual(['a']);
    expect(lease.ready({ now: 0 })).toEqual([]);
    expect(await fanOutAll(lease, () => ['a', 'c'])).toMatchObject({ events: count, deliveries: count });
    for (const endpoint of ['a', 'c']) {
      const claimed = await claimAll(lease, endpoint);
      expect(claimed.map(text)).toEqual(Array.from({ length: count }, (_, n) => `${n}`));
    }
    await lease.close();
  });

  it('a single event that a killed drain has half taken in is found behind a batch and another one', async () => {
    const root = madeSpool(quickDir());
    const single = (id: string) => `{"id":"${id}","hook":"x","payload":"${id}"}`;
    writeFileSync(`${root}/incoming/z.json`, single('z'));
    const faulty = faultyDisk(({ name, args }) =>
      name === 'unlinkSync' && String(args[0]).endsWith('/incoming/z.json') ? 'KILL' : undefined,
    );
    const killed = await leaseOf(spoolAt(root, { disk: faulty.disk }));
    await expect(killed.fanOut(() => ['a', 'c'])).rejects.toThrow(Killed);
    faulty.closeAll();
    writeFileSync(`${root}/incoming/b.jsonl`, batch(['"b"']));
    writeFileSync(`${root}/incoming/s.json`, single('s'));
    const lease = await leaseOf(spoolAt(root));
    expect(await fanOutAll(lease, () => ['a', 'c'])).toMatchObject({ postponed: [], quarantined: [] });
    for (const endpoint of ['a', 'c'])
      expect((await claimAll(lease, endpoint)).map(text).sort()).toEqual(['"b"', '"s"', '"z"']);
    await lease.close();
  });

  it('the progress without its batch, as a killed drain may leave it, is removed, and the batch is put anew', async () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/incoming/b.jsonl`, batch(['1', '2']));
    const faulty = faultyDisk(({ name, args }) =>
      name === 'linkSync' && String(args[1]).includes('/queue/') ? 'KILL' : undefined,
    );
    const killed = await leaseOf(spoolAt(root, { disk: faulty.disk }));
    await expect(killed.fanOut(() => ['a'])).rejects.toThrow(Killed);
    faulty.closeAll();
    expect(names(`${root}/queue/a/00000001.2.b`)).toEqual(['b.done']);
    expect(await rest(root)).toEqual(['1', '2']);
  });
});
