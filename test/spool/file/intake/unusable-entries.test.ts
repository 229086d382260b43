import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { isGeneratedId } from '../../../../src/event/event-id.js';
import { eventToBytes } from '../../../../src/event/record.js';
import { event, shellEvent } from '../../../support/builders.js';
import { drop, opened, putAside } from '../../../support/intake-kit.js';
import { asRoot, claimAll, fanOut, fanOutAll, ids, names, read, text } from '../../../support/spool-kit.js';

describe('the intake of what cannot be read', () => {
  const unreadable: Array<[what: string, make: (path: string) => void, reason: RegExp]> = [
    ['an empty file', (path) => writeFileSync(path, ''), /^it is empty$/],
    ['half a file', (path) => writeFileSync(path, eventToBytes(event()).subarray(0, 40)), /./],
    ['a missing hook', (path) => writeFileSync(path, '{"payload":1}'), /neither "hook" nor "to"/],
    ['a missing payload', (path) => writeFileSync(path, '{"hook":"x"}'), /no "payload"/],
    [
      'a hook that is a path',
      (path) => writeFileSync(path, shellEvent('../../etc/passwd', '1')),
      /not a valid name/,
    ],
    [
      'a hook with escape characters',
      (path) => writeFileSync(path, shellEvent('a\u001b[2J', '1')),
      /not a valid name/,
    ],
    ['an id that is a path', (path) => writeFileSync(path, '{"id":"../x","hook":"x","payload":1}'), /the id/],
    ['a symbolic link', (path) => symlinkSync('/etc/passwd', path), /symbolic link/],
    ['a dangling symbolic link', (path) => symlinkSync('/nowhere', path), /symbolic link/],
    ['a directory', (path) => mkdirSync(path), /directory/],
    [
      'a directory with things in it',
      (path) => mkdirSync(`${path}/deeper`, { recursive: true }),
      /directory/,
    ],
    ['a FIFO', (path) => execFileSync('mkfifo', [path]), /not a regular file/],
  ];
  for (const [what, make, reason] of unreadable) {
    it(`the intake moves ${what} to corrupt/ with the reason beside it`, async () => {
      const { root, side } = await opened();
      make(`${root}/incoming/x.json`);
      expect((await putAside(root, side)).reason).toMatch(reason);
    });
  }

  it('the intake moves a FIFO that somebody writes to into corrupt/ without reading it', async () => {
    const { root, side } = await opened();
    execFileSync('mkfifo', [`${root}/incoming/x.json`]);
    const writer = openSync(`${root}/incoming/x.json`, 'r+');
    writeFileSync(writer, eventToBytes(event()));
    expect((await putAside(root, side)).reason).toBe('it is not a regular file');
    closeSync(writer);
  });

  it('the intake moves a socket to corrupt/', async () => {
    const { root, side } = await opened();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(`${root}/incoming/x.json`, resolve));
    expect((await putAside(root, side)).reason).toMatch(/socket/);
    await new Promise((resolve) => server.close(resolve));
  });

  asRoot('the intake moves a device to corrupt/ (as root)', async () => {
    const { root, side } = await opened();
    execFileSync('mknod', [`${root}/incoming/x.json`, 'c', '1', '3']);
    expect((await putAside(root, side)).reason).toBe('it is not a regular file');
  });

  it('the intake moves a file of 5 GB to corrupt/ without reading it', async () => {
    const { root, side } = await opened();
    const fd = openSync(`${root}/incoming/x.json`, 'w');
    ftruncateSync(fd, 5 * 2 ** 30);
    closeSync(fd);
    expect((await putAside(root, side)).reason).toMatch(/larger than/);
    expect(statSync(`${root}/corrupt/x.json`).size).toBe(5 * 2 ** 30);
  });

  it('the intake moves a file with another ending to corrupt/', async () => {
    const { root, side } = await opened();
    drop(root, 'x.txt', shellEvent('x', '1'));
    expect((await putAside(root, side)).reason).toBe("its name does not end in '.json' or '.jsonl'");
  });

  it('the intake moves a name that is not UTF-8 to corrupt/ under its hexadecimal digits', async () => {
    const { root, side } = await opened();
    drop(root, Buffer.from([0x61, 0xff, 0xfe]), shellEvent('x', '1'));
    drop(root, Buffer.from([0x2e, 0xff]), 'left alone');
    const { quarantined } = await fanOutAll(side, () => ['a']);
    expect(quarantined).toEqual([{ name: 'not-utf8-61fffe', reason: 'its name is not UTF-8' }]);
    expect(read(`${root}/corrupt/not-utf8-61fffe`)).toBe(shellEvent('x', '1'));
    expect(await side.waiting()).toBe(0);
    await side.close();
  });

  it('the intake keeps a name that is not UTF-8 for later when it cannot be moved just now', async () => {
    const { root, side } = await opened({
      fault: ({ name, args }) => (name === 'renameSync' && Buffer.isBuffer(args[0]) ? 'EIO' : undefined),
    });
    drop(root, Buffer.from([0x61, 0xff]), shellEvent('x', '1'));
    drop(root, 'good.json', shellEvent('x', '2'));
    const { postponed, events } = await fanOutAll(side, () => ['a']);
    expect(events).toBe(1);
    expect(postponed).toEqual([{ name: 'not-utf8-61ff', reason: 'it cannot be taken in now (EIO)' }]);
    await side.close();
  });

  it('the intake leaves a name that is not UTF-8 to whoever takes it first', async () => {
    const { root, side } = await opened({
      fault({ name, args }) {
        if (name === 'renameSync' && Buffer.isBuffer(args[0])) unlinkSync(args[0]);
        return undefined;
      },
    });
    drop(root, Buffer.from([0x61, 0xff]), 'x');
    expect((await fanOutAll(side, () => ['a'])).quarantined).toEqual([]);
    expect(names(`${root}/corrupt`)).toEqual([]);
    await side.close();
  });

  it('the intake takes in an event whose name really holds a replacement character', async () => {
    const { root, side } = await opened();
    drop(root, 'a\uFFFDb.json', shellEvent('x', '"replaced"'));
    drop(root, Buffer.from([0xff]), 'x');
    await fanOutAll(side, () => ['a']);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"replaced"']);
    await side.close();
  });

  it('the intake shortens a name of 255 bytes in corrupt/, and keeps one with control characters', async () => {
    const { root, side } = await opened();
    const long = `${'é'.repeat(125)}.json`;
    drop(root, long, 'x');
    drop(root, 'a\nb\u001b[31m.json', 'x');
    const { quarantined } = await fanOutAll(side, () => ['a']);
    expect(quarantined.map(({ name }) => name).sort()).toEqual(['a\nb\u001b[31m.json', 'é'.repeat(115)]);
    for (const { name } of quarantined) expect(read(`${root}/corrupt/${name}`)).toBe('x');
    await side.close();
  });

  it('the intake takes in an event with a name of 255 bytes under a new id', async () => {
    const { root, side } = await opened();
    drop(root, `${'x'.repeat(250)}.json`, shellEvent('x', '1'));
    await fanOutAll(side, () => ['a']);
    const [delivery] = await claimAll(side, 'a');
    expect(isGeneratedId(delivery!.event.id)).toBe(true);
    await side.close();
  });

  it('the intake leaves names that begin with a dot alone, and waiting() does not count them', async () => {
    const { root, side } = await opened();
    drop(root, '.x.json.tmp', shellEvent('x', '1'));
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 0, quarantined: [], postponed: [] });
    expect(await side.waiting()).toBe(0);
    expect(names(`${root}/incoming`)).toEqual(['.x.json.tmp']);
    await side.close();
  });

  for (const errno of ['EIO', 'EMFILE']) {
    it(`the intake keeps an entry that cannot be read for ${errno}, and takes in the others`, async () => {
      let failing = true;
      const { root, side, inbox } = await opened({
        fault: ({ name, args }) =>
          failing && name === 'openSync' && String(args[0]).endsWith('/incoming/bad.json')
            ? errno
            : undefined,
      });
      drop(root, 'bad.json', shellEvent('x', '"bad"'));
      const fired = event();
      await inbox.enqueue(fired);
      const step = await fanOut(side, () => ['a']);
      expect(step).toMatchObject({ events: 1, quarantined: [], more: false });
      expect(step.postponed).toEqual([{ name: 'bad.json', reason: `it cannot be taken in now (${errno})` }]);
      expect(ids(await claimAll(side, 'a'))).toEqual([fired.id]);
      failing = false;
      expect(await fanOut(side, () => ['a'])).toMatchObject({ events: 1, postponed: [] });
      expect((await claimAll(side, 'a')).map(text)).toEqual(['"bad"']);
      await side.close();
    });
  }

  it('the intake rejects with whatever the route throws, and the event stays', async () => {
    const { side, inbox, root } = await opened();
    await inbox.enqueue(event());
    const bug = new Error('a bug');
    await expect(
      fanOut(side, () => {
        throw bug;
      }),
    ).rejects.toBe(bug);
    expect(names(`${root}/incoming`)).toHaveLength(1);
    await side.close();
  });
});
