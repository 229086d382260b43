import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { createFileInbox } from '../../../../src/spool/file/accept/file-inbox.js';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { rooms } from '../../../../src/spool/file/disk/layout.js';
import { restoreRooms } from '../../../../src/spool/file/setup/create.js';
import { event } from '../../../support/builders.js';
import { bundle, runNode } from '../../../support/child.js';
import { own } from '../../../support/own.js';
import { make } from '../../../support/setup-kit.js';
import { asRoot, claimAll, fanOutAll, names, quickDir, sideOf, spoolAt } from '../../../support/spool-kit.js';
import { tempDir } from '../../../support/temp.js';

const group = 12_345;

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

const usual = process.umask();
afterEach(() => {
  process.umask(usual);
});

describe('ensureSpool()', () => {
  for (const umask of [0o777, 0o000, 0o022]) {
    it(`ensureSpool() makes 0700 and 0600 under umask ${umask.toString(8)}, missing parents included`, async () => {
      const parent = quickDir();
      const root = `${parent}/one/two/spool`;
      process.umask(umask);
      await createFileInbox(root, { random: randomBytes }).enqueue(event());
      const side = await sideOf(spoolAt(root));
      await fanOutAll(side, () => ['a']);
      const [delivery] = await claimAll(side, 'a');
      await side.byId.saveHealth('a', { failures: 1 });
      await own.defer(side, delivery!, { dueMs: 1, attempts: 1 });
      const [retry] = await claimAll(side, 'a', 2);
      await own.bury(side, retry!, { reason: 'gave-up', message: '', attempts: 1, time: '' });
      await side.close();
      process.umask(usual);
      const directories = ['..', '../../..', '.', ...rooms, 'dead/a'];
      expect(directories.map((path) => [path, modeOf(`${root}/${path}`)])).toEqual(
        directories.map((path) => [path, '700']),
      );
      const files = [
        'VERSION',
        'endpoints/a.json',
        ...names(`${root}/dead/a`).map((name) => `dead/a/${name}`),
      ];
      expect(files).toHaveLength(4);
      expect(files.map((path) => [path, modeOf(`${root}/${path}`)])).toEqual(
        files.map((path) => [path, '600']),
      );
    });
  }

  asRoot('ensureSpool() makes a shared spool, with its group, under any umask (as root)', async () => {
    for (const umask of [0o777, 0o000]) {
      const root = `${quickDir()}/new/spool`;
      process.umask(umask);
      make(root, { sharedWith: group });
      await createFileInbox(root, { random: randomBytes }).enqueue(event());
      process.umask(usual);
      for (const room of ['tmp', 'incoming']) {
        expect([modeOf(`${root}/${room}`), statSync(`${root}/${room}`).gid]).toEqual(['3730', group]);
      }
      expect([
        modeOf(`${root}/..`),
        modeOf(root),
        modeOf(`${root}/VERSION`),
        modeOf(`${root}/queue`),
      ]).toEqual(['755', '755', '644', '700']);
      const [name] = names(`${root}/incoming`);
      expect([modeOf(`${root}/incoming/${name}`), statSync(`${root}/incoming/${name}`).gid]).toEqual([
        '640',
        group,
      ]);
    }
  });

  asRoot(
    'ensureSpool() shares a private spool that is there, one that a drain uses included (as root)',
    () => {
      const root = `${quickDir()}/spool`;
      make(root);
      mkdirSync(`${root}/lock.lock`);
      writeFileSync(`${root}/lock`, '');
      make(root, { sharedWith: group });
      expect([modeOf(`${root}/tmp`), statSync(`${root}/tmp`).gid]).toEqual(['3730', group]);
      expect(modeOf(`${root}/VERSION`)).toBe('644');
    },
  );

  asRoot(
    'restoreRooms() makes what is missing, but for what others write to in a shared spool (as root)',
    () => {
      const [own, shared] = [`${quickDir()}/spool`, `${quickDir()}/spool`];
      make(own);
      make(shared, { sharedWith: group });
      for (const root of [own, shared]) {
        for (const room of rooms) rmSync(`${root}/${room}`, { recursive: true });
        restoreRooms(systemDisk, root);
      }
      expect(names(own)).toEqual([...rooms, 'VERSION', 'ballast'].sort());
      expect(names(shared)).toEqual(
        [...rooms, 'VERSION', 'ballast'].filter((name) => !/tmp|incoming/.test(name)).sort(),
      );
      for (const room of rooms) expect(modeOf(`${own}/${room}`)).toBe('700');
    },
  );

  asRoot(
    'enqueue() by another user of the group works, and he can neither list nor change (as root)',
    async () => {
      const directory = tempDir();
      chmodSync(directory, 0o755);
      const root = `${directory}/spool`;
      make(root, { sharedWith: group });
      const script = await bundle(
        `${directory}/fire.mjs`,
        `
      import { readdirSync } from 'node:fs';
      import { createFileInbox } from '${process.cwd()}/src/spool/file/accept/file-inbox.ts';
      import { randomBytes } from '${process.cwd()}/src/shared/machine/random.ts';
      process.setgroups([]); process.setgid(${group}); process.setuid(65534); process.umask(0o077);
      await createFileInbox(${JSON.stringify(root)}, { random: randomBytes }).enqueue(
        { id: 'theirs', hook: 'x', time: '2026-11-23T12:00:00.000Z', payload: Buffer.from('1') }, { chosenId: true });
      try { readdirSync(${JSON.stringify(root)} + '/incoming'); } catch (error) { console.log(error.code); }
    `,
      );
      expect(await runNode(script)).toMatchObject({ code: 0, stdout: 'EACCES\n' });
      expect(statSync(`${root}/incoming/theirs.json`)).toMatchObject({ uid: 65534, gid: group });
      const side = await sideOf(spoolAt(root));
      await fanOutAll(side, () => ['a']);
      expect(statSync(`${root}/queue/a/00000001/theirs.json`).uid).toBe(0);
      expect(await claimAll(side, 'a')).toHaveLength(1);
      await side.close();
    },
  );
});
