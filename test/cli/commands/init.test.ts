import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPlace } from '../../support/place.js';

describe('capnhook init', () => {
  it('init makes the spool, and says where', async () => {
    const place = createPlace();
    expect(await place.run(['init'])).toMatchObject({
      code: 0,
      stderr: `capnhook: the spool is ${place.spool}\n`,
    });
    expect(statSync(place.spool).mode & 0o777).toBe(0o700);
    expect((await place.run(['init', '--json'])).stdout).toBe(
      `${JSON.stringify({ version: 1, spool: place.spool })}\n`,
    );
    expect((await place.run(['init', '-q'])).stderr).toBe('');
  });

  it.each([[['--shared']], [['--group', 'x']]])('init %j alone is refused with 64', async (argv) => {
    expect(await createPlace().run(['init', ...argv])).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/go together/),
    });
  });

  it('init --shared --group takes a number or a name, and refuses a group that is not there', async () => {
    const place = createPlace();
    const group = `${process.getgid?.()}`;
    expect(await place.run(['init', '--shared', '--group', group])).toMatchObject({ code: 0 });
    expect(statSync(join(place.spool, 'incoming')).mode & 0o7777).toBe(0o3730);
    expect(await createPlace().run(['init', '--shared', '--group', 'root'])).toMatchObject({
      code: process.getuid?.() === 0 ? 0 : 77,
    });
    for (const unknown of ['no-such-group', '', '99999999999']) {
      const other = createPlace();
      expect(await other.run(['init', '--shared', '--group', unknown])).toMatchObject({
        code: 64,
        stderr: expect.stringContaining(`there is no group "${unknown}"`),
      });
      expect(existsSync(other.spool)).toBe(false);
    }
  });

  it('init of a directory with other things in it is 73', async () => {
    const place = createPlace();
    place.file('there/mine.txt', '');
    expect(await place.run(['init', '--spool', join(place.root, 'there')])).toMatchObject({
      code: 73,
      stderr: expect.stringMatching(/it holds other things \("mine.txt"\)/),
    });
  });
});
