import {
  chownSync,
  closeSync,
  linkSync,
  type NoParamCallback,
  openSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createEventId, isGeneratedId } from '../../../../src/event/event-id.js';
import { eventToBytes } from '../../../../src/event/record.js';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { event, shellEvent } from '../../../support/builders.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { drop, opened } from '../../../support/intake-kit.js';
import {
  asRoot,
  claimAll,
  fanOut,
  fanOutAll,
  ids,
  madeSpool,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

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
});
