import {
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  type NoParamCallback,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEventId, isGeneratedId } from '../../../../src/event/event-id.js';
import { eventToBytes } from '../../../../src/event/record.js';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { createFileInbox } from '../../../../src/spool/file/accept/file-inbox.js';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { scanIncoming } from '../../../../src/spool/file/incoming/incoming.js';
import { mostOfOneId } from '../../../../src/spool/file/placing/put.js';
import { event, shellEvent } from '../../../support/builders.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { drop, opened } from '../../../support/intake-kit.js';
import { own } from '../../../support/own.js';
import {
  asRoot,
  claimAll,
  fanOut,
  fanOutAll,
  ids,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

/** A disk that does not tell `A` from `a` in the names of its queues, as far as looking and renaming go. */
function caselessDisk(): typeof systemDisk {
  const real = (path: unknown): string => {
    const [directory, name] = [dirname(String(path)), basename(String(path))];
    if (!directory.includes('/queue/') || !existsSync(directory)) return String(path);
    const there = readdirSync(directory).find((each) => each.toLowerCase() === name.toLowerCase());
    return `${directory}/${there ?? name}`;
  };
  const disk: Record<string, unknown> = {
    ...systemDisk,
    lstatSync: (path: string, options: object) => systemDisk.lstatSync(real(path), options),
    renameSync: (from: string, to: string) => systemDisk.renameSync(from, real(to)),
  };
  return disk as typeof systemDisk;
}

describe('the intake of events', () => {
  /** A spool that tells of its links, renames and removals, and of each fsync once that is over. */
  async function traced() {
    const calls: string[] = [];
    const opened: string[] = [];
    const root = madeSpool(quickDir());
    const below = (path: unknown) => String(path).slice(root.length + 1);
    const { disk } = faultyDisk(({ name, args }) => {
      if (name === 'openSync') opened.push(below(args[0]));
      if (name === 'fsyncSync') calls.push(`fsync ${opened.at(-1)}`);
      if (name === 'linkSync' || name === 'renameSync') calls.push(`${name} ${below(args[1])}`);
      if (name === 'unlinkSync') calls.push(`${name} ${below(args[0])}`);
      return undefined;
    });
    const fsync = (fd: number, told: NoParamCallback) => {
      const path = opened.at(-1);
      disk.fsync(fd, (error) => {
        calls.push(`fsync ${path}`);
        told(error);
      });
    };
    const spool = spoolAt(root, { disk: { ...disk, fsync } as typeof disk });
    const side = await sideOf(spool);
    const fired = event();
    await spool.enqueue(fired);
    calls.length = 0;
    return { calls, side, spool, file: `${fired.id}.json` };
  }

  it('the intake makes every link durable before the event leaves incoming/, and that before it resolves', async () => {
    const { calls, side, file } = await traced();
    await fanOut(side, () => ['a', 'b']);
    expect(calls.slice(0, 2)).toEqual([
      `linkSync queue/a/00000001/${file}`,
      `linkSync queue/b/00000001/${file}`,
    ]);
    expect(calls.slice(2, -2).sort()).toEqual([
      'fsync queue',
      'fsync queue/a',
      'fsync queue/a/00000001',
      'fsync queue/b',
      'fsync queue/b/00000001',
    ]);
    expect(calls.slice(-2)).toEqual([`unlinkSync incoming/${file}`, 'fsync incoming']);
    await side.close();
  });

  it('the intake moves the event of one endpoint, and makes both directories durable before it resolves', async () => {
    const { calls, side, file } = await traced();
    await fanOut(side, () => ['a']);
    expect(calls[0]).toBe(`renameSync queue/a/00000001/${file}`);
    expect(calls.slice(1, -1).sort()).toEqual(['fsync queue', 'fsync queue/a', 'fsync queue/a/00000001']);
    expect(calls.at(-1)).toBe('fsync incoming');
    await side.close();
  });

  it('the intake makes a batch durable with its progress before it leaves incoming/', async () => {
    const { calls, side, spool } = await traced();
    await fanOut(side, () => []);
    calls.length = 0;
    await spool.enqueue({
      id: 'b',
      hook: 'x',
      time: new Date(0).toISOString(),
      payloads: [Buffer.from('1')],
    });
    calls.length = 0;
    await fanOut(side, () => ['a']);
    expect(calls[0]).toMatch(/^fsync tmp\//);
    expect(calls.slice(1, 3)).toEqual([
      'renameSync queue/a/00000001.1.b/b.done',
      'linkSync queue/a/00000001.1.b/b.jsonl',
    ]);
    expect(calls.slice(3, -2).sort()).toEqual(['fsync queue', 'fsync queue/a', 'fsync queue/a/00000001.1.b']);
    expect(calls.slice(-2)).toEqual(['unlinkSync incoming/b.jsonl', 'fsync incoming']);
    await side.close();
  });

  it('the intake gives an event that a shell dropped an id and a time, once', async () => {
    const { root, side } = await opened();
    drop(root, 'dropped.json', shellEvent('x', '{"a": 1.0}'));
    await fanOutAll(side, () => ['a', 'b']);
    const [a] = await claimAll(side, 'a');
    const [b] = await claimAll(side, 'b');
    expect(isGeneratedId(a!.event.id)).toBe(true);
    expect(b!.event).toEqual(a!.event);
    expect(Math.abs(a!.acceptedAt - Date.now())).toBeLessThan(60_000);
    expect(a!.event.time).toBe(new Date(a!.acceptedAt).toISOString());
    expect(text(a!)).toBe('{"a": 1.0}');
    await side.close();
  });

  it('the intake takes the id from the name where the file has none, and the time of a chosen id from its age', async () => {
    const { root, side } = await opened();
    const id = createEventId(Date.parse('2026-01-01T00:00:00.000Z'), randomBytes(10));
    drop(root, `${id}.json`, shellEvent('x', '1'));
    drop(root, 'other.json', '{"id":"mine","hook":"x","payload":2}');
    await fanOutAll(side, () => ['a']);
    const claimed = await claimAll(side, 'a');
    expect(ids(claimed).sort()).toEqual([id, 'mine'].sort());
    expect(claimed.find(({ event: { id: each } }) => each === id)!.event.time).toBe(
      '2026-01-01T00:00:00.000Z',
    );
    const mine = claimed.find(({ event: { id: each } }) => each === 'mine')!;
    expect(Math.abs(mine.acceptedAt - Date.now())).toBeLessThan(60_000);
    await side.close();
  });

  it('the intake gives an event of a clock that was ahead its time from now on', async () => {
    const { root, side } = await opened();
    const ahead = Date.parse('2099-01-01T00:00:00.000Z');
    const id = createEventId(ahead, randomBytes(10));
    drop(root, `${id}.json`, shellEvent('x', '1'));
    utimesSync(`${root}/incoming/${id}.json`, ahead / 1000, ahead / 1000);
    await fanOutAll(side, () => ['a']);
    expect(Math.abs(statSync(`${root}/queue/a/00000001/${id}.json`).mtimeMs - Date.now())).toBeLessThan(
      60_000,
    );
    await side.close();
  });

  it('the intake takes in all entries with the same id, and claim() hands out one after the other', async () => {
    const { root, side } = await opened();
    for (const [n, name] of ['one', 'mine', 'two'].entries())
      drop(root, `${name}.json`, `{"id":"mine","hook":"x","payload":${n}}`);
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 3, quarantined: [], postponed: [] });
    const found: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const [next, ...others] = await claimAll(side, 'a');
      expect(others).toEqual([]);
      expect(await claimAll(side, 'a')).toEqual([]);
      found.push(text(next!));
      await own.done(side, next!);
    }
    expect(found).toEqual(['1', '0', '2']); // first the one whose name was its id
    expect(side.byId.owing()).toEqual([]);
    await side.close();
    expect(names(`${root}/queue`)).toEqual([]);
  });

  it('claim() hands out the first of two events with one id again where it is given back or fails, and the other then', async () => {
    const { side, inbox } = await opened();
    const fired = event();
    for (const payload of ['"first"', '"other"']) {
      await inbox.enqueue({ ...fired, payload: Buffer.from(payload) });
      await fanOutAll(side, () => ['a']);
    }
    const [first] = await claimAll(side, 'a');
    await own.giveBack(side, first!);
    const probe = [fired.id];
    const [probed] = (await own.claim(side, 'a', { limit: 9, now: 0, probe })).deliveries;
    expect(text(probed!)).toBe('"first"');
    expect((await own.claim(side, 'a', { limit: 9, now: 0, probe })).deliveries).toEqual([]);
    await own.defer(side, probed!, { dueMs: 5, attempts: 1 });
    const [other] = await claimAll(side, 'a', 9);
    expect([text(other!), other!.attempts]).toEqual(['"first"', 1]);
    expect(await claimAll(side, 'a', 9)).toEqual([]);
    await own.bury(side, other!, { reason: 'gave-up', message: '', attempts: 1, time: '' });
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"other"']);
    await side.close();
  });

  it('the intake gets past more entries that cannot be taken in than one listing holds, and tells each once', async () => {
    const root = madeSpool(quickDir());
    let isFailing = true;
    const { disk } = faultyDisk(({ name, args }) =>
      isFailing && name === 'openSync' && String(args[0]).includes('/incoming/stuck') ? 'EIO' : undefined,
    );
    const side = await sideOf(spoolAt(root, { disk, listed: 4 }));
    for (let n = 10; n < 30; n += 1) drop(root, `stuck${n}.json`, '{"hook":"x","payload":1}');
    drop(root, 'z.json', '{"hook":"x","payload":"z"}');
    const told: string[] = [];
    for (let more = true; more; ) {
      const step = await fanOut(side, () => ['a']);
      told.push(...step.postponed.map(({ name }) => name));
      more = step.more;
    }
    expect(told).toHaveLength(20);
    expect(new Set(told).size).toBe(20);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"z"']);
    isFailing = false;
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 20, postponed: [] });
    await side.close();
  });

  it('the intake tells of what is no event and cannot be put aside, and does not count it as waiting', async () => {
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(({ name, args }) =>
      name === 'accessSync' && String(args[0]).includes('/incoming/') ? 'EACCES' : undefined,
    );
    const side = await sideOf(spoolAt(root, { disk, listed: 2 }));
    for (const name of ['a', 'b', 'c', 'd', 'e']) mkdirSync(`${root}/incoming/${name}.json`);
    drop(root, 'z.json', '{"hook":"x","payload":"z"}');
    for (let pass = 0; pass < 2; pass += 1) {
      const { immovable, postponed, quarantined } = await fanOutAll(side, () => ['a']);
      expect([postponed, quarantined]).toEqual([[], []]);
      expect(immovable.map(({ name }) => name[0])).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(await side.waiting()).toBe(0);
    }
    expect(names(`${root}/corrupt`)).toEqual([]);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"z"']);
    await side.close();
  });

  it('the intake keeps an entry in incoming/ where 64 others of its id are queued, and all others go on', async () => {
    const { root, side } = await opened();
    for (let n = 0; n < mostOfOneId + 3; n += 1)
      drop(root, `${n}.json`, `{"id":"mine","hook":"x","payload":${n}}`);
    drop(root, 'z.json', '{"hook":"x","payload":"z"}');
    const { events, postponed } = await fanOutAll(side, () => ['a']);
    expect(events).toBe(mostOfOneId + 1);
    expect(postponed).toHaveLength(3);
    expect(names(`${root}/incoming`)).toContain('mine.json');
    expect((await claimAll(side, 'a')).map(text)).toContain('"z"');
    await side.close();
  });

  it('the intake makes one delivery of an event that is queued already', async () => {
    const { side, inbox } = await opened();
    const fired = event();
    await inbox.enqueue(fired);
    await fanOutAll(side, () => ['a']);
    await inbox.enqueue({ ...fired, time: '2020-01-01T00:00:00.000Z' });
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 1, deliveries: 0, quarantined: [] });
    expect(ids(await claimAll(side, 'a'))).toEqual([fired.id]);
    expect(await side.byId.owed('a')).toBe(1);
    await side.close();
  });

  it('the intake puts another event of a queued id into every queue, and only where the first is queued it waits for that', async () => {
    const { root, side, inbox } = await opened();
    const fired = event();
    await inbox.enqueue(fired);
    await fanOutAll(side, () => ['b']);
    await inbox.enqueue({ ...fired, payload: Buffer.from('"other"') });
    const taken = await fanOutAll(side, () => ['a', 'b', 'c']);
    expect(taken).toMatchObject({ events: 1, deliveries: 3, quarantined: [], postponed: [] });
    expect(names(`${root}/incoming`)).toEqual([]);
    for (const endpoint of ['a', 'c'])
      expect((await claimAll(side, endpoint)).map(text)).toEqual(['"other"']);
    const [first, ...others] = await claimAll(side, 'b');
    expect(text(first!)).toEqual(text({ event: fired }));
    expect(others).toEqual([]);
    await own.done(side, first!);
    expect((await claimAll(side, 'b')).map(text)).toEqual(['"other"']);
    await side.close();
  });

  it('the intake sees an event in the segment before the last one, too', async () => {
    const { root, inbox } = await opened();
    const fired = event();
    const other = event();
    for (const [segment, put] of [
      ['00000001', fired],
      ['00000002', event()],
    ] as const) {
      mkdirSync(`${root}/queue/a/${segment}`, { recursive: true });
      writeFileSync(`${root}/queue/a/${segment}/${put.id}.json`, eventToBytes(put));
    }
    writeFileSync(`${root}/queue/a/00000001/${other.id}.json`, eventToBytes(other));
    await inbox.enqueue(fired);
    await inbox.enqueue({ ...other, payload: Buffer.from('"changed"') });
    const side = await sideOf(spoolAt(root));
    const { events, deliveries, postponed } = await fanOutAll(side, () => ['a']);
    expect({ events, deliveries, postponed }).toEqual({ events: 2, deliveries: 1, postponed: [] });
    expect(names(`${root}/queue/a`)).toEqual(['00000001', '00000002']);
    const claimed = await claimAll(side, 'a');
    expect(claimed).toHaveLength(3);
    for (const delivery of claimed) await own.done(side, delivery);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"changed"']);
    await side.close();
  });

  it('the intake looks once at each file that it puts into a segment of its own, and never for what cannot be there', async () => {
    const looks: string[] = [];
    const { root, side, inbox } = await opened({
      fault: ({ name, args }) => {
        if (name === 'lstatSync') looks.push(String(args[0]));
        return undefined;
      },
    });
    const fired = Array.from({ length: 5 }, () => event());
    for (const each of fired) await inbox.enqueue(each);
    await fanOutAll(side, () => ['a']);
    expect(looks).toEqual(fired.map(({ id }) => `${root}/queue/a/00000001/${id}.json`));
    await side.close();
  });

  it('the intake does not put an event over another one whose id it has given a place just now', async () => {
    const { root, side } = await opened();
    const file = (text: string) => `{"id":"Same","hook":"x","payload":"${text}"}`;
    writeFileSync(`${root}/incoming/Same.json`, file('first'));
    await fanOutAll(side, () => ['a']);
    writeFileSync(`${root}/incoming/Same.json`, file('second'));
    expect((await fanOutAll(side, () => ['a'])).postponed).toEqual([]);
    const [first] = await claimAll(side, 'a');
    expect(text(first!)).toBe('"first"');
    await own.done(side, first!);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"second"']);
    await side.close();
  });

  it('the intake does not put an event over one whose id differs in case, where the file system makes no difference', async () => {
    const root = madeSpool(quickDir());
    const side = await sideOf(spoolAt(root, { disk: caselessDisk() }));
    writeFileSync(`${root}/incoming/Same.json`, '{"id":"Same","hook":"x","payload":1}');
    await fanOutAll(side, () => ['a']);
    writeFileSync(`${root}/incoming/same.json`, '{"id":"same","hook":"x","payload":2}');
    expect((await fanOutAll(side, () => ['a'])).postponed).toEqual([]);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['1', '2']);
    expect(names(`${root}/queue/a`)).toHaveLength(2);
    await side.close();
  });

  it('the intake gives an event another place where a directory has its own in the queue', async () => {
    const { root, side: earlier, inbox } = await opened();
    await earlier.close();
    const fired = event();
    mkdirSync(`${root}/queue/a/00000001/${fired.id}.json`, { recursive: true });
    const side = await sideOf(spoolAt(root));
    await inbox.enqueue(fired);
    expect((await fanOutAll(side, () => ['a'])).postponed).toEqual([]);
    expect((await own.claim(side, 'a', { limit: 1, now: 0 })).quarantined).toHaveLength(1);
    expect(ids(await claimAll(side, 'a'))).toEqual([fired.id]);
    await side.close();
  });

  it('the intake links an event of the same user and copies one that has a second link', async () => {
    const { root, side, inbox } = await opened();
    const [linked, copied] = [event(), event()];
    await inbox.enqueue(linked);
    await inbox.enqueue(copied);
    const elsewhere = `${root}/../elsewhere.json`;
    linkSync(`${root}/incoming/${copied.id}.json`, elsewhere);
    const inode = statSync(`${root}/incoming/${linked.id}.json`).ino;
    await fanOutAll(side, () => ['a']);
    const queued = (id: string) => statSync(`${root}/queue/a/00000001/${id}.json`);
    expect(queued(linked.id).ino).toBe(inode);
    expect(queued(copied.id)).toMatchObject({ nlink: 1, mode: 0o100600 });
    writeFileSync(elsewhere, 'changed');
    expect((await claimAll(side, 'a')).map(text)).toEqual([text({ event: linked }), text({ event: copied })]);
    await side.close();
  });

  asRoot(
    'the intake copies a file of another user, and sends the bytes that were taken in (as root)',
    async () => {
      const { root, side } = await opened();
      const fired = event({ payload: Buffer.from('"as it was"') });
      const path = `${root}/incoming/${fired.id}.json`;
      writeFileSync(path, eventToBytes(fired));
      chownSync(path, 65534, 65534);
      const theirs = openSync(path, 'r+');
      await fanOutAll(side, () => ['a']);
      writeFileSync(theirs, 'rewritten since, and longer than it was before');
      closeSync(theirs);
      expect(statSync(`${root}/queue/a/00000001/${fired.id}.json`).uid).toBe(0);
      expect((await claimAll(side, 'a')).map(text)).toEqual(['"as it was"']);
      await side.close();
    },
  );

  it('the intake says nothing of an event that somebody takes back meanwhile', async () => {
    const { root, side } = await opened({
      fault({ name, args }) {
        if (name === 'openSync' && String(args[0]).endsWith('/incoming/x.json'))
          rmSync(String(args[0]), { force: true });
        return undefined;
      },
    });
    drop(root, 'x.json', shellEvent('x', '1'));
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 0, quarantined: [], postponed: [] });
    await side.close();
  });

  it('the intake reads what is there where a file has become shorter meanwhile', async () => {
    const { root, side } = await opened({
      fault({ name, args }) {
        if (name === 'readSync' && (args[1] as Buffer).length > 64)
          writeFileSync(`${root}/incoming/x.json`, '{');
        return undefined;
      },
    });
    drop(root, 'x.json', shellEvent('x', `"${'x'.repeat(100)}"`));
    expect((await fanOutAll(side, () => ['a'])).quarantined).toHaveLength(1);
    await side.close();
  });

  it('the intake takes no longer than 50 ms for a step, and 16 MiB', async () => {
    let now = Date.now();
    const root = madeSpool(quickDir());
    const inbox = createFileInbox(root, { random: randomBytes });
    for (let n = 0; n < 5; n += 1) await inbox.enqueue(event());
    const { disk } = faultyDisk(({ name, args }) => {
      if (name === 'openSync' && String(args[0]).includes('/incoming/')) now += 30;
      return undefined;
    });
    const slow = await sideOf(spoolAt(root, { disk, now: () => now }));
    expect(await fanOut(slow, () => [])).toMatchObject({ events: 2, more: true });
    await fanOutAll(slow, () => []);
    for (let n = 0; n < 3; n += 1) {
      await inbox.enqueue(event({ payload: Buffer.from(`"${'x'.repeat(10 << 20)}"`) }));
    }
    await slow.close();
    const large = await sideOf(spoolAt(root, { now: () => 0 }));
    expect(await fanOut(large, () => [])).toMatchObject({ events: 2, more: true });
    expect(await fanOut(large, () => [])).toMatchObject({ events: 1, more: false });
    await large.close();
  });

  it('scanIncoming() takes the oldest names and says that there are more', () => {
    const root = madeSpool(quickDir());
    for (let n = 0; n < 30; n += 1) drop(root, `${String(29 - n).padStart(2, '0')}.json`, 'x');
    const first = scanIncoming(systemDisk, root, { limit: 7 });
    expect(first).toMatchObject({ more: true, odd: [] });
    expect(first.names).toEqual(['00', '01', '02', '03', '04', '05', '06'].map((each) => `${each}.json`));
    expect(scanIncoming(systemDisk, root, { limit: 29 })).toMatchObject({ more: true });
    expect(scanIncoming(systemDisk, root, { limit: 30 })).toMatchObject({ more: false });
  });

  it('the intake goes on until all of more events are fanned out than one listing holds', async () => {
    const root = madeSpool(quickDir());
    const [listed, count] = [6_000, 6_100];
    let source = '';
    for (let n = 0; n < count; n += 1) {
      const path = `${root}/incoming/${createEventId(n, randomBytes(10))}.json`;
      if (n === 0) {
        source = path;
        writeFileSync(path, shellEvent('x', '1'));
      } else linkSync(source, path);
    }
    const side = await sideOf(spoolAt(root, { now: () => 0, listed }));
    const dropped = () => undefined;
    expect((await fanOutAll(side, () => [], dropped)).events).toBe(count);
    expect(await side.waiting()).toBe(0);
    await side.close();
  }, 60_000);
});
