import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventToBytes } from '../../../../src/event/record.js';
import { event } from '../../../support/builders.js';
import { own } from '../../../support/own.js';
import { opened, put, queued, why } from '../../../support/queue-kit.js';
import {
  claimAll,
  fanOut,
  fanOutAll,
  ids,
  madeSpool,
  names,
  quickDir,
  read,
  sideOf,
  spoolAt,
} from '../../../support/spool-kit.js';

describe('claim() of what does not belong there', () => {
  const strange: Array<[string, (path: string) => void, RegExp]> = [
    ['a directory', (path) => mkdirSync(path), /directory/],
    ['a symbolic link', (path) => symlinkSync('/etc/passwd', path), /symbolic link/],
    ['a FIFO', (path) => execFileSync('mkfifo', [path]), /not a regular file/],
    ['an empty file', (path) => writeFileSync(path, ''), /empty/],
    ['garbage', (path) => writeFileSync(path, 'garbage'), /./],
  ];
  for (const room of ['queue/a/00000001', 'retry/a']) {
    for (const [what, make, reason] of strange) {
      it(`claim() moves ${what} in ${room} to corrupt/, and goes on`, async () => {
        const root = madeSpool(quickDir());
        mkdirSync(`${root}/${room}`, { recursive: true });
        const name = room === 'retry/a' ? '0000000000001.2.x.json' : 'x.json';
        make(`${root}/${room}/${name}`);
        const good = queued(root);
        const side = await opened(root);
        const claim = await own.claim(side, 'a', { limit: 2, now: 5 });
        expect(claim.quarantined).toEqual([{ name, reason: expect.stringMatching(reason) }]);
        expect(ids(claim.deliveries)).toEqual([good.id]);
        expect(names(`${root}/corrupt`)).toEqual([name, `${name}.why`]);
        await side.close();
      });
    }

    it(`claim() moves an event with a name of another kind in ${room} to corrupt/`, async () => {
      const root = madeSpool(quickDir());
      const fired = put(root, `${room}/with a space.json`);
      const side = await opened(root);
      const { quarantined } = await own.claim(side, 'a', { limit: 1, now: 5 });
      expect(quarantined).toEqual([
        { name: 'with a space.json', reason: 'its name is not that of a delivery' },
      ]);
      expect(read(`${root}/corrupt/with a space.json`)).toBe(eventToBytes(fired).toString());
      await side.close();
    });

    it(`claim() leaves names in ${room} alone that begin with a dot or are not UTF-8`, async () => {
      const root = madeSpool(quickDir());
      const good = queued(root);
      mkdirSync(`${root}/${room}`, { recursive: true });
      writeFileSync(`${root}/${room}/.hidden`, 'x');
      writeFileSync(Buffer.concat([Buffer.from(`${root}/${room}/`), Buffer.from([0xff])]), 'x');
      const side = await opened(root);
      expect(ids(await claimAll(side, 'a', 5))).toEqual([good.id]);
      expect((await own.claim(side, 'a', { limit: 9, now: 5 })).quarantined).toEqual([]);
      await side.close();
      expect(readdirSync(`${root}/${room}`)).toContain('.hidden');
    });
  }

  it('claim() stops after as many unreadable entries as it may hand out', async () => {
    const root = madeSpool(quickDir());
    for (const id of ['x', 'y', 'z']) put(root, `queue/a/00000001/${id}`);
    const side = await opened(root);
    expect((await own.claim(side, 'a', { limit: 2, now: 0 })).quarantined).toHaveLength(2);
    expect((await own.claim(side, 'a', { limit: 2, now: 0 })).quarantined).toHaveLength(1);
    await side.close();
  });

  it('claim() goes on past deliveries that somebody took, and past an unreadable one', async () => {
    const root = madeSpool(quickDir());
    const fired = Array.from({ length: 10 }, () => queued(root));
    const side = await opened(root, ({ name, args }) => {
      // taken between the listing and the move to corrupt/
      if (name === 'renameSync' && String(args[1]).includes('/corrupt/')) unlinkSync(String(args[0]));
      return undefined;
    });
    expect(ids((await own.claim(side, 'a', { limit: 1, now: 0 })).deliveries)).toEqual([fired[0]!.id]);
    for (const { id } of fired.slice(1, 8)) rmSync(`${root}/queue/a/00000001/${id}.json`);
    writeFileSync(`${root}/queue/a/00000001/${fired[8]!.id}.json`, 'garbage');
    const claim = await own.claim(side, 'a', { limit: 1, now: 0 });
    expect(ids(claim.deliveries)).toEqual([fired[9]!.id]);
    expect(claim.quarantined).toEqual([]);
    await side.close();
  });

  it('join() puts aside what stands where a directory belongs, and the intake tells of it', async () => {
    const root = madeSpool(quickDir());
    mkdirSync(`${root}/queue/b`);
    mkdirSync(`${root}/queue/.hidden`);
    writeFileSync(`${root}/queue/.DS_Store`, 'x');
    for (const path of ['queue/a', 'queue/b/00000009', 'retry/a', 'dead/a'])
      writeFileSync(`${root}/${path}`, path);
    symlinkSync('/nowhere', `${root}/queue/loop`);
    mkdirSync(Buffer.concat([Buffer.from(`${root}/queue/`), Buffer.from([0xff])]));
    const spool = spoolAt(root);
    const side = await sideOf(spool);
    await spool.enqueue(event());
    const { quarantined, postponed } = await fanOutAll(side, () => ['a', 'b']);
    expect(postponed).toEqual([]);
    expect(quarantined.map(({ reason }) => reason).sort()).toEqual(
      ['dead/a', 'queue/a', 'queue/b/00000009', 'queue/loop', 'retry/a'].map(
        (path) => `it stood at ${path}, and is no directory`,
      ),
    );
    for (const endpoint of ['a', 'b']) {
      const [delivery] = await claimAll(side, endpoint);
      if (endpoint === 'a') await own.bury(side, delivery!, why);
      else await own.defer(side, delivery!, { dueMs: 1, attempts: 1 });
    }
    await side.close();
    expect(names(`${root}/retry`)).toEqual(['b']);
    expect(names(`${root}/corrupt`).filter((name) => !name.endsWith('.why'))).toEqual([
      '00000009',
      'a',
      'a.1',
      'a.2',
      'loop',
    ]);
  });

  it('join() goes on where somebody took what it would put aside', async () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/queue/a`, 'x');
    const side = await opened(root, ({ name }) => {
      if (name === 'renameSync' && existsSync(`${root}/queue/a`)) unlinkSync(`${root}/queue/a`);
      return undefined;
    });
    expect((await fanOut(side, () => [])).quarantined).toEqual([]);
    await side.close();
  });
});
