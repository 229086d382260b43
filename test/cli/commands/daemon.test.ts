import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ensureBuilt } from '../../support/built.js';
import { createPlace } from '../../support/place.js';

beforeAll(ensureBuilt, 60_000);

describe('capnhook start and stop', () => {
  it('stop with nothing to stop is 0', async () => {
    const place = createPlace();
    expect(await place.run(['stop'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: nothing to stop: no drain is running\n',
    });
    expect((await place.run(['stop', '--json'])).stdout).toBe('{"version":1,"stopped":false}\n');
    expect((await place.run(['stop', '-q'])).stderr).toBe('');
    expect(await place.run(['stop', '--timeout', 'soon'])).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/--timeout needs a duration/),
    });
  });

  it('start without the hooks file that was named is 78, and repeats what the daemon said', async () => {
    const place = createPlace();
    expect(await place.run(['start', '--config', `${place.root}/none.yaml`])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(
        /Cannot start the daemon: it ended immediately:\ncapnhook: Cannot find the hooks file/,
      ),
    });
  });

  it('start with a log that cannot be opened is 73', async () => {
    const place = createPlace();
    expect(await place.run(['start', '--log', '/proc/nope/log'])).toMatchObject({
      code: 73,
      stderr: expect.stringMatching(/Cannot open the log \/proc\/nope\/log/),
    });
  });

  it('start and stop say what they did', async () => {
    const place = createPlace();
    place.hooks('hooks: {}\n');
    onTestFinished(async () => void (await place.run(['stop', '-q'])));
    const started = await place.run(['start']);
    expect(started).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^capnhook: started \(pid \d+\); log: .*spool\.log\n$/),
    });
    expect((await place.run(['start'])).stderr).toMatch(/^capnhook: already running \(pid \d+\)/);
    expect(JSON.parse((await place.run(['start', '--json'])).stdout)).toMatchObject({ started: false });
    expect((await place.run(['stop'])).stderr).toMatch(/^capnhook: stopped \(pid \d+\)\n$/);
  });
});
