import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/main.js';
import { fired } from '../../support/cli-kit.js';
import { recordingIo } from '../../support/io.js';
import { createPlace } from '../../support/place.js';

describe('capnhook flush', () => {
  it('flush --yes drops what is queued, and says how much', async () => {
    const place = createPlace();
    await fired(place, 'a', 2);
    await fired(place, 'b', 1);
    expect((await place.run(['flush', '--yes', '--hook', 'a'])).stderr).toBe(
      'capnhook: moved 0 queued deliveries and 2 events not taken in yet to dead/\n',
    );
    expect((await place.run(['flush', '--yes', '--json'])).stdout).toBe(
      '{"version":1,"events":1,"deliveries":0,"corrupt":[]}\n',
    );
    mkdirSync(join(place.spool, 'queue'), { recursive: true });
    writeFileSync(join(place.spool, 'queue/stray'), '');
    expect((await place.run(['flush', '--yes'])).stderr).toContain(
      'moved to corrupt/: stray: it stood at queue/stray, and is no directory',
    );
    expect((await place.run(['flush', '--yes', '-q'])).stderr).toBe('');
  });

  it.each([
    ['y', 1],
    ['YES', 1],
    [' yes ', 1],
    ['', 0],
    ['n', 0],
    ['yep', 0],
  ])('flush asks on a terminal, and %j is as good as it looks', async (answer, dropped) => {
    const place = createPlace();
    await fired(place);
    const ran = await place.run(['flush', '--hook', 'complete'], { terminal: ['in', 'err'], answer });
    expect(ran.code).toBe(0);
    expect(ran.io.asked).toEqual([
      `Move 0 queued deliveries and 1 event not taken in yet (1 of complete) in the spool ${place.spool} to dead/? [y/N] `,
    ]);
    expect(place.names('incoming')).toHaveLength(1 - dropped);
    if (dropped === 0) expect(ran.stderr).toBe('capnhook: nothing was flushed\n');
  });

  it('flush that is asked and interrupted drops nothing, and exits 130', async () => {
    const place = createPlace();
    await fired(place);
    const io = recordingIo({ env: place.env, terminal: ['in', 'err'] });
    expect(await run(['flush'], { ...io, ask: async () => undefined })).toBe(130);
    expect(io.stderr()).toBe('capnhook: nothing was flushed\n');
    expect(place.names('incoming')).toHaveLength(1);
  });

  it('flush refuses where nobody can be asked', async () => {
    const place = createPlace();
    await fired(place);
    for (const terminal of [[], ['in'], ['err']] as Array<Array<'in' | 'err'>>) {
      expect(await place.run(['flush'], { terminal })).toMatchObject({
        code: 64,
        stderr: expect.stringMatching(/Add --yes to confirm/),
      });
    }
    expect(place.names('incoming')).toHaveLength(1);
    const all = await place.run(['flush'], { terminal: ['in', 'err'], answer: 'y' });
    expect(all.io.asked).toHaveLength(1);
  });

  it('flush --hook takes a name and no pattern', async () => {
    const place = createPlace();
    await fired(place);
    expect(await place.run(['flush', '--yes', '--hook', 'comp*'])).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/"comp\*" is not a hook's name/),
    });
  });
});
