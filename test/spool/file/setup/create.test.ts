import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { rooms } from '../../../../src/spool/file/disk/layout.js';
import { ensureSpool } from '../../../../src/spool/file/setup/create.js';
import { bundle, runNode } from '../../../support/child.js';
import { faultyDisk, Killed } from '../../../support/faulty-disk.js';
import { make } from '../../../support/setup-kit.js';
import { names, quickDir, read } from '../../../support/spool-kit.js';
import { tempDir } from '../../../support/temp.js';

describe('ensureSpool()', () => {
  it('ensureSpool() fsyncs each parent it makes, and makes VERSION last of all', () => {
    const parent = quickDir();
    const calls: string[] = [];
    make(`${parent}/one/spool`, {
      fault({ name, args }) {
        if (String(args[0]).includes('/ballast')) return undefined;
        if ((name === 'openSync' || name === 'mkdirSync') && String(args[0]).startsWith(parent))
          calls.push(`${name} ${String(args[0]).slice(parent.length)}`);
        if (name === 'renameSync') calls.push(`renameSync ${String(args[1]).slice(parent.length)}`);
        return undefined;
      },
    });
    expect(calls).toEqual([
      'openSync /one/spool/VERSION',
      'mkdirSync /one',
      'openSync ',
      'mkdirSync /one/spool',
      'openSync /one',
      'openSync /one',
      'openSync ',
      ...rooms.map((room) => `mkdirSync /one/spool/${room}`),
      'openSync /one/spool',
      'openSync /one/spool/tmp/VERSION.t',
      'renameSync /one/spool/VERSION',
      'openSync /one/spool',
    ]);
  });

  it('ensureSpool() fsyncs the parents that it finds, as far as it may open them: whoever made them may not have', () => {
    const root = `${quickDir()}/one/spool`;
    mkdirSync(root, { recursive: true });
    const opened: string[] = [];
    make(root, {
      fault({ name, args }) {
        if (name !== 'openSync') return undefined;
        opened.push(String(args[0]));
        if (args[0] === '/') return 'EINVAL';
        return args[0] === dirname(root) ? 'EACCES' : undefined;
      },
    });
    expect(opened).toContain(dirname(dirname(root)));
    expect(opened).toContain('/');
  });

  it('ensureSpool() makes a half-made spool again, at whichever call it was killed', () => {
    const parent = quickDir();
    for (let n = 1; ; n += 1) {
      const root = `${parent}/${n}/spool`;
      const faulty = faultyDisk(({ nth }) => (nth === n ? 'KILL' : undefined));
      let error: unknown;
      try {
        ensureSpool(faulty.disk, root, { token: 'one' });
      } catch (caught) {
        error = caught;
      }
      faulty.closeAll();
      make(root);
      expect(read(`${root}/VERSION`)).toBe('capnhook-spool 1\n');
      expect(names(root).filter((name) => name !== 'ballast')).toEqual([...rooms, 'VERSION'].sort());
      if (!(error instanceof Killed)) {
        expect(n).toBeGreaterThan(20);
        return;
      }
    }
  });

  const versions: Array<[string, (path: string) => void, RegExp]> = [
    ['newer', (path) => writeFileSync(path, 'capnhook-spool 2\n'), /its VERSION is "capnhook-spool 2"/],
    ['garbage', (path) => writeFileSync(path, Buffer.alloc(1000, 'x')), /its VERSION is "x{40}"/],
    ['empty', (path) => writeFileSync(path, ''), /its VERSION is ""/],
    ['a directory', (path) => mkdirSync(path), /EISDIR/],
    ['a FIFO', (path) => execFileSync('mkfifo', [path]), /its VERSION is ""/],
    ['a symbolic link', (path) => symlinkSync('/etc/hostname', path), /ELOOP/],
  ];
  for (const [what, makeVersion, message] of versions) {
    it(`ensureSpool() refuses a spool whose VERSION is ${what}`, () => {
      const root = quickDir();
      makeVersion(`${root}/VERSION`);
      expect(() => make(root)).toThrow(
        expect.objectContaining({ code: 'SPOOL_CREATE', message: expect.stringMatching(message) }),
      );
      expect(names(root)).toEqual(['VERSION']);
    });
  }

  it('ensureSpool() refuses a directory that holds other things, and touches nothing in it', () => {
    const root = quickDir();
    writeFileSync(`${root}/thesis.tex`, '');
    expect(() => make(root)).toThrow(
      expect.objectContaining({ code: 'SPOOL_CREATE', message: expect.stringContaining('"thesis.tex"') }),
    );
    expect(names(root)).toEqual(['thesis.tex']);
  });

  const notOurs: Array<[string, (root: string) => void]> = [
    ['tmp/ with a file in it', (root) => writeFileSync(`${root}/tmp/thesis.tex`, '')],
    ['incoming/ with an event', (root) => writeFileSync(`${root}/incoming/x.json`, '')],
    ['queue/ with a directory', (root) => mkdirSync(`${root}/queue/a`)],
    ['a lock', (root) => writeFileSync(`${root}/lock`, '')],
    ['a file that is called dead', (root) => writeFileSync(`${root}/dead`, '')],
    ['a link that is called dead', (root) => symlinkSync('/', `${root}/dead`)],
  ];
  for (const [what, put] of notOurs) {
    it(`ensureSpool() takes no directory without VERSION for a spool that holds ${what}`, () => {
      const root = quickDir();
      for (const room of ['tmp', 'incoming', 'queue']) mkdirSync(`${root}/${room}`);
      put(root);
      const before = names(root);
      expect(() => make(root)).toThrow(
        expect.objectContaining({ code: 'SPOOL_CREATE', message: expect.stringContaining('has no VERSION') }),
      );
      expect(names(root)).toEqual(before);
    });
  }

  it('ensureSpool() makes a spool of an empty file system, and of one that was begun', () => {
    const root = quickDir();
    mkdirSync(`${root}/lost+found`);
    mkdirSync(`${root}/tmp`);
    writeFileSync(`${root}/tmp/VERSION.0123456789abcdef`, 'capn');
    make(root);
    expect(names(root)).toEqual([...rooms, 'VERSION', 'ballast', 'lost+found'].sort());
  });

  it('ensureSpool() finds the spool whole that another process has made and used meanwhile', () => {
    const root = quickDir();
    let isMade = false;
    make(root, {
      fault({ name, args }) {
        if (name !== 'readdirSync' || args[0] !== root || isMade) return undefined;
        isMade = true;
        make(root);
        writeFileSync(`${root}/incoming/x.json`, '');
        return undefined;
      },
    });
    expect(isMade).toBe(true);
    expect(names(`${root}/incoming`)).toEqual(['x.json']);
  });

  it('ensureSpool() refuses a path with a file in it', () => {
    const parent = quickDir();
    writeFileSync(`${parent}/file`, '');
    for (const root of [`${parent}/file`, `${parent}/file/spool`, `${parent}/file/deeper/spool`]) {
      expect(() => make(root)).toThrow(
        expect.objectContaining({
          code: 'SPOOL_CREATE',
          message: expect.stringContaining('something on its path is not a directory'),
        }),
      );
    }
  });

  const failures: Array<[errno: string, code: string, hint: RegExp]> = [
    ['ENOSPC', 'TEMPORARY', /Free some space/],
    ['EMFILE', 'TEMPORARY', /Try again/],
    ['EACCES', 'PERMISSION', /user who owns the spool/],
    ['EROFS', 'SPOOL_CREATE', /Mount it for writing/],
    ['EUNKNOWN', 'SPOOL_CREATE', /Choose another spool/],
  ];
  for (const [errno, code, hint] of failures) {
    it(`ensureSpool() tells of ${errno} in words, with what to do next`, () => {
      const root = `${quickDir()}/spool`;
      expect(() => make(root, { fault: ({ name }) => (name === 'mkdirSync' ? errno : undefined) })).toThrow(
        expect.objectContaining({
          code,
          hint: expect.stringMatching(hint),
          message: expect.stringContaining(`(${errno}, spool ${root})`),
        }),
      );
    });
  }

  it('enqueue() by several processes at once into a spool that none has made yet accepts all', async () => {
    const directory = tempDir();
    const root = `${directory}/deeper/spool`;
    const script = await bundle(
      `${directory}/fire.mjs`,
      `
      import { createFileInbox } from '${process.cwd()}/src/spool/file/accept/file-inbox.ts';
      import { randomBytes } from '${process.cwd()}/src/shared/machine/random.ts';
      import { existsSync } from 'node:fs';
      console.log('ready');
      while (!existsSync('${directory}/go'));
      await createFileInbox(${JSON.stringify(root)}, { random: randomBytes }).enqueue(
        { id: 'e' + process.argv[2], hook: 'x', time: '2026-11-23T12:00:00.000Z', payload: Buffer.from(process.argv[2]) });
    `,
    );
    const children = ['1', '2', '3'].map((n) => runNode(script, [n]));
    await new Promise((resolve) => setTimeout(resolve, 300));
    writeFileSync(`${directory}/go`, '');
    for (const child of children) expect(await child).toMatchObject({ code: 0 });
    expect(names(`${root}/incoming`)).toEqual(['e1.json', 'e2.json', 'e3.json']);
    expect(names(`${root}/tmp`)).toEqual([]);
  });

  it('ensureSpool() of two at once goes on where the other made a directory first', () => {
    const root = `${quickDir()}/spool`;
    const raced = new Set<string>();
    make(root, {
      fault({ name, args }) {
        const path = String(args[0]);
        if (name === 'mkdirSync' && !raced.has(path)) {
          raced.add(path);
          mkdirSync(path, { recursive: true, mode: 0o700 });
        }
        return undefined;
      },
    });
    expect(existsSync(`${root}/VERSION`)).toBe(true);
    rmSync(root, { recursive: true });
    ensureSpool(systemDisk, root, { token: 't' });
  });
});
