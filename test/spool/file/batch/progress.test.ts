import { execFileSync } from 'node:child_process';
import { constants, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventToBytes } from '../../../../src/event/record.js';
import type { DrainSide } from '../../../../src/spool/spool.js';
import { queued, rest, why } from '../../../support/batch-kit.js';
import { faultyDisk, Killed } from '../../../support/faulty-disk.js';
import { own } from '../../../support/own.js';
import { claimAll, fanOutAll, names, sideOf, spoolAt, text } from '../../../support/spool-kit.js';

describe('the progress of a batch', () => {
  const lines = ['1', '2', '3'];

  it.each([
    ['empty', ''],
    ['short', 'x'],
    ['too long', 'x..x'],
    ['garbage', '\u0000X\n'],
  ])('that is %s settles only what it surely says', async (_what, content) => {
    const { root, side, progress } = await queued(lines);
    await side.close();
    writeFileSync(progress, content);
    expect(await rest(root)).toEqual(content.startsWith('x') ? ['2', '3'] : lines);
  });

  it('that is missing settles nothing, and tells what is settled from then on', async () => {
    const { root, side, progress } = await queued(lines);
    const [first] = await claimAll(side, 'a');
    await own.done(side, first!);
    await side.close();
    rmSync(progress);
    const next = await sideOf(spoolAt(root));
    const claimed = await claimAll(next, 'a');
    expect(claimed.map(text)).toEqual(lines);
    await own.done(next, claimed[1]!);
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
      const { root, side, progress } = await queued(lines);
      await side.close();
      rmSync(progress);
      put(progress);
      const next = await sideOf(spoolAt(root));
      const { quarantined } = await fanOutAll(next, () => ['a']);
      const reason = `it stood at queue/a/00000001.3.b/b.done, and ${is}`;
      expect(quarantined).toEqual([{ name: 'b.done', reason }]);
      expect(names(`${root}/corrupt`)).toEqual(['b.done', 'b.done.why']);
      const [first] = await claimAll(next, 'a');
      await own.done(next, first!);
      await next.close();
      expect(await rest(root)).toEqual(['2', '3']);
    },
  );

  it.each(['EMFILE', 'EROFS'])(
    'that cannot be opened just now (%s) is left where it is, and nothing is sent',
    async (errno) => {
      const { root, side, progress } = await queued(lines);
      await side.close();
      const faulty = faultyDisk(({ name, args }) =>
        name === 'openSync' && args[0] === progress && Number(args[1]) & constants.O_WRONLY
          ? errno
          : undefined,
      );
      const opening = sideOf(spoolAt(root, { disk: faulty.disk }));
      if (errno === 'EMFILE') await expect(opening).rejects.toThrow(/EMFILE/);
      else {
        const next = await opening;
        expect(await own.claim(next, 'a', { limit: 1, now: 1 })).toMatchObject({
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
      const { root, side, progress } = await queued(lines);
      await side.close();
      writeFileSync(progress, '.>.');
      make(root);
      expect(await rest(root)).toEqual(expected);
    },
  );

  for (const how of ['defer', 'bury'] as const) {
    it(`${how}() of an event loses nothing and repeats nothing, at whichever call it is killed`, async () => {
      for (let n = 1, killed = true; killed; n += 1) {
        let from = Infinity;
        const { root, side } = await queued(lines, () => {
          if (from === Infinity) return undefined;
          from -= 1;
          return from === 0 ? 'KILL' : undefined;
        });
        const claimed = await claimAll(side, 'a');
        from = n;
        const act = (l: DrainSide) =>
          how === 'defer'
            ? own.defer(l, claimed[1]!, { dueMs: 1, attempts: 1 })
            : own.bury(l, claimed[1]!, why);
        killed = await act(side).then(
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
