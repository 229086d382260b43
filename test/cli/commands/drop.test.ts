import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/main.js';
import { fired } from '../../support/cli-kit.js';
import { recordingIo } from '../../support/io.js';
import { createPlace } from '../../support/place.js';

describe('capnhook flush', () => {
  it('flush --yes drops what is queued, and says how much and how it is taken back', async () => {
    const place = createPlace();
    await fired(place, 'a', 2);
    await fired(place, 'b', 1);
    expect((await place.run(['flush', '--yes', '--hook', 'a'])).stderr).toBe(
      'capnhook: moved 2 events not taken in yet to dead/\n  Undo: capnhook retry --reason dropped --hook a\n',
    );
    expect(JSON.parse((await place.run(['flush', '--yes', '--json'])).stdout)).toMatchObject({
      count: 1,
      states: { incoming: 1 },
      hooks: [{ hook: 'b', count: 1 }],
    });
    mkdirSync(join(place.spool, 'queue'), { recursive: true });
    writeFileSync(join(place.spool, 'queue/stray'), '');
    expect((await place.run(['flush', '--yes'])).stderr).toContain(
      'moved to corrupt/: stray: it stood at queue/stray, and is no directory',
    );
    expect((await place.run(['flush', '--yes', '-q'])).stderr).toBe('');
  });

  it('flush that asks says what retry would do instead', async () => {
    const place = createPlace();
    await fired(place);
    const ran = await place.run(['flush'], { terminal: ['in', 'err'], answer: 'n' });
    expect(ran.io.asked).toEqual([
      `To send it now instead: capnhook retry --all\nMove 1 event not taken in yet (1 of complete) in the spool ${place.spool} to dead/? [y/N] `,
    ]);
  });
});

describe('capnhook drop', () => {
  it.each([
    ['y', 1],
    ['YES', 1],
    [' yes ', 1],
    ['', 0],
    ['n', 0],
    ['yep', 0],
  ])('drop asks on a terminal, and %j is as good as it looks', async (answer, dropped) => {
    const place = createPlace();
    await fired(place);
    const ran = await place.run(['drop', '--hook', 'complete'], { terminal: ['in', 'err'], answer });
    expect(ran.code).toBe(0);
    expect(ran.io.asked).toEqual([
      `Move 1 event not taken in yet (1 of complete) in the spool ${place.spool} to dead/? [y/N] `,
    ]);
    expect(place.names('incoming')).toHaveLength(1 - dropped);
    if (dropped === 0) expect(ran.stderr).toBe('capnhook: nothing was dropped\n');
  });

  it('drop leaves what is fired while the question is read', async () => {
    const place = createPlace();
    await fired(place);
    const io = recordingIo({ env: place.env, terminal: ['in', 'err'] });
    const ask = async (): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await fired(place);
      return 'y';
    };
    expect(await run(['drop', '--all'], { ...io, ask })).toBe(0);
    expect(place.names('incoming')).toHaveLength(1);
    expect(place.names('dead').filter((name) => !name.endsWith('.why.json'))).toHaveLength(1);
  });

  it('drop that is asked and interrupted drops nothing, and exits 130', async () => {
    const place = createPlace();
    await fired(place);
    const io = recordingIo({ env: place.env, terminal: ['in', 'err'] });
    expect(await run(['drop', '--all'], { ...io, ask: async () => undefined })).toBe(130);
    expect(io.stderr()).toBe('capnhook: nothing was dropped\n');
    expect(place.names('incoming')).toHaveLength(1);
  });

  it('drop refuses where nobody can be asked, and where nothing is selected', async () => {
    const place = createPlace();
    await fired(place);
    for (const terminal of [[], ['in'], ['err']] as Array<Array<'in' | 'err'>>) {
      expect(await place.run(['drop', '--all'], { terminal })).toMatchObject({
        code: 64,
        stderr: expect.stringMatching(/Add --yes to confirm/),
      });
    }
    expect(await place.run(['drop', '--yes'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('nothing is selected'),
    });
    expect(place.names('incoming')).toHaveLength(1);
  });

  it('drop --dry-run says what it would do, needs no --yes, and changes nothing', async () => {
    const place = createPlace();
    await fired(place, 'a', 3);
    expect(await place.run(['drop', '--all', '--dry-run'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: would move 3 events not taken in yet to dead/; nothing was changed\n',
    });
    expect(place.names('incoming')).toHaveLength(3);
  });

  it('drop of an empty selection is a note, an unknown id or hook exits 66', async () => {
    const place = createPlace();
    await fired(place, 'a');
    expect(await place.run(['drop', '--all', '--older', '1h', '--yes'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: nothing to drop: nothing of it is queued\n',
    });
    expect(await place.run(['drop', 'evt_none', '--yes'])).toMatchObject({ code: 66 });
    expect(await place.run(['drop', '--hook', 'aa', '--yes'])).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('Did you mean a?'),
    });
    expect(place.names('incoming')).toHaveLength(1);
  });

  it('drop ID takes the beginning of an id, and refuses one of several with the candidates', async () => {
    const place = createPlace();
    for (const id of ['order-11', 'order-12', 'other']) await place.run(['fire', 'a', '-d', '1', '--id', id]);
    expect(await place.run(['drop', 'order-1', '--yes'])).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('Give more of it: order-11, order-12'),
    });
    expect(await place.run(['drop', 'ot', '--yes'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Undo: capnhook retry --reason dropped ot\n'),
    });
    expect(place.names('incoming')).toEqual(['order-11.json', 'order-12.json']);
  });

  it('drop of an event of a batch that is not queued yet says so, and names the batch', async () => {
    const place = createPlace();
    const input = new TextEncoder().encode('1\n2\n');
    await place.run(['fire', 'complete', '--ndjson', '-', '--id', 'night'], { input });
    expect(await place.run(['drop', 'night_2', '--yes'])).toMatchObject({
      code: 66,
      stderr:
        'capnhook: Cannot drop: "night_2" is an event of the batch night, which is not queued yet\n  Name the batch, or wait until it is queued: night\n',
    });
    expect((await place.run(['drop', 'night', '--yes'])).stderr).toContain('moved 2 events');
  });

  it('drop of an event of a batch that is not there leaves the others, whose numbers begin as its own does', async () => {
    const place = createPlace();
    place.hooks('hooks: {a: chat}\nendpoints: {chat: "http://127.0.0.1:9"}\n');
    const lines = place.file('lines', '1\n'.repeat(10));
    await place.run(['fire', 'a', '--ndjson', lines, '--id', 'b']);
    await place.run(['drain']);
    for (let n = 1; n < 10; n += 1) await place.run(['drop', `b_${n}`, '--yes']);
    await place.run(['purge', '--dead', '--yes']);
    for (const command of ['drop', 'retry', 'show'])
      expect(await place.run([command, 'b_1', ...(command === 'drop' ? ['--yes'] : [])])).toMatchObject({
        code: command === 'show' ? 0 : 66, // the journal knows it
        stderr: command === 'show' ? '' : expect.stringContaining('Give more of it: b_10'),
      });
    expect(await place.run(['list'])).toMatchObject({ stdout: expect.stringMatching(/^b_10 .*\n$/) });
  });

  it('drop of what is older than a time is undone for the same time', async () => {
    const place = createPlace();
    await fired(place, 'a', 1);
    const { stderr } = await place.run(['drop', '--older', '2100-01-01', '--hook', 'a', '--yes']);
    expect(stderr).toContain(
      'Undo: capnhook retry --reason dropped --hook a --older 2100-01-01T00:00:00.000Z\n',
    );
  });
});
