import { beforeAll, describe, expect, it } from 'vitest';
import { exitCodeFor } from '../../../src/cli/drain-end.js';
import { run } from '../../../src/cli/main.js';
import { ensureBuilt } from '../../support/built.js';
import { fired } from '../../support/cli-kit.js';
import { recordingIo } from '../../support/io.js';
import { createPlace } from '../../support/place.js';
import { receiver } from '../../support/receiver.js';
import { gate, until } from '../../support/world.js';

beforeAll(ensureBuilt, 60_000);

describe('capnhook drain', () => {
  it('drain sends what is queued: 0, and without a word where nobody looks', async () => {
    const place = createPlace();
    const { url, requests } = await receiver();
    await place.run(['register', 'complete', `${url}/in`]);
    await fired(place, 'complete', 3);
    expect(await place.run(['drain'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(requests.map(({ body }) => body.toString()).sort()).toEqual(['1', '2', '3']);
    expect(requests[0]!.headers).toMatchObject({ 'capnhook-hook': 'complete', 'capnhook-attempt': '1' });
  });

  it('drain tells a summary on a terminal, as JSON, or each step with --verbose', async () => {
    const place = createPlace();
    const { url } = await receiver();
    await place.run(['register', 'complete', `${url}/s3cret`]);
    await fired(place);
    const seen = await place.run(['drain'], { terminal: ['err'] });
    expect(seen.stderr).toBe('capnhook: delivered 1, 0 still queued\n');
    await fired(place);
    expect(JSON.parse((await place.run(['drain', '--json'])).stdout)).toEqual({
      version: 1,
      delivered: 1,
      failed: 0,
      gaveUp: 0,
      unclaimed: 0,
      corrupt: 0,
      owed: 0,
      onHold: 0,
      waiting: 0,
      queues: [],
      moreQueues: 0,
      misconfigured: 0,
    });
    await fired(place);
    const verbose = await place.run(['drain', '-v']);
    expect(verbose.stderr).toMatch(
      /^capnhook: evt_\w+ to http:\/\/127\.0\.0\.1:\d+ \(127\.0\.0\.1~\w+\): delivered \(\d+ ms\)\ncapnhook: delivered 1, 0 still queued\n$/,
    );
    expect(verbose.stderr).not.toContain('s3cret');
    await fired(place);
    expect((await place.run(['drain', '-v', '--show-urls'])).stderr).toContain(`${url}/s3cret`);
    await fired(place);
    expect((await place.run(['drain', '-v', '-q'], { terminal: ['err'] })).stderr).toBe('');
  });

  it('drain has a progress bar on a terminal after a second and a delivery, which is gone before the last line', async () => {
    const place = createPlace();
    const answer = gate();
    let requests = 0;
    const { url } = await receiver((request) => {
      requests += 1;
      return requests === 1 ? undefined : answer.held(request);
    });
    await place.run(['register', 'complete', url]);
    await fired(place, 'complete', 2);
    const io = recordingIo({ terminal: ['err'], env: place.env });
    const ran = run(['drain'], io);
    await until('the bar is there', () => io.stderr().includes('delivering: 1'));
    answer.open();
    expect(await ran).toBe(0);
    const end = '\u001b[2Kcapnhook: delivered 2, 0 still queued\n';
    expect(io.stderr().slice(-end.length)).toBe(end);
  });

  it('drain colours for a terminal, unless told not to', async () => {
    const place = createPlace();
    const { url } = await receiver(() => ({ status: 503 }));
    await place.run(['register', 'complete', url]);
    const words = async (argv: string[], env = {}) => {
      await fired(place);
      await place.run(['flush', '--yes', '-q']);
      await fired(place);
      return (await place.run(['drain', '-v', ...argv], { terminal: ['err'], env })).stderr;
    };
    expect(await words([])).toContain('\u001b[31m');
    for (const env of [{ NO_COLOR: '1' }, { CAPNHOOK_NO_COLOR: '1' }])
      expect(await words([], env)).not.toContain('\u001b');
    expect(await words(['--no-color'])).not.toContain('\u001b');
  });

  it('drain with something still owed is 75, and says what fails, once and without the URL', async () => {
    const place = createPlace();
    const { url } = await receiver(() => ({ status: 503 }));
    await place.run(['register', 'complete', `${url}/s3cret`]);
    await fired(place, 'complete', 2);
    const first = await place.run(['drain']);
    expect(first.code).toBe(75);
    expect(first.stderr).toMatch(
      /^capnhook: http:\/\/127\.0\.0\.1:\d+ \(127\.0\.0\.1~\w+\) fails: 503; next attempt in [\d.]+s\ncapnhook: delivered 0, \d attempts? failed, 2 still queued: 2 for 127\.0\.0\.1~\w+ \(parked: 503, next attempt in [\d.]+s\)\n$/,
    );
    expect(await place.run(['drain'])).toMatchObject({
      code: 75,
      stderr: expect.stringMatching(/^capnhook: delivered 0, 2 still queued: 2 for .*parked: 503.*\n$/),
    });
  });

  it('drain --quiet says why something is still queued when that has changed, and again after a drain that left nothing', async () => {
    const place = createPlace();
    let status = 503;
    const { url } = await receiver(() => ({ status }));
    place.hooks(`hooks: {complete: ["${url}"]}\ndefaults: {retry: {schedule: [1ms], jitter: 0}}\n`);
    const drained = () => place.run(['drain', '-q']);
    const lastLine =
      /capnhook: delivered 0, 1 attempt failed, \d still queued: \d for \S+ \(parked: (\d+), next.*\n$/;
    await fired(place);
    expect(await drained()).toMatchObject({ code: 75, stderr: expect.stringMatching(lastLine) });
    await fired(place); // another number is no other reason
    for (const _ of [1, 2]) expect(await drained()).toMatchObject({ code: 75, stderr: '' });
    status = 404;
    expect((await drained()).stderr).toMatch(/^capnhook: delivered 0, .*2 still queued: .*parked: 404/);
    expect(await drained()).toMatchObject({ code: 75, stderr: '' });
    status = 204;
    expect(await place.run(['drain', '-q', '--wait', '10s'])).toMatchObject({ code: 0, stderr: '' });
    status = 404;
    await fired(place);
    expect(await drained()).toMatchObject({ code: 75, stderr: expect.stringMatching(lastLine) });
  });

  it('drain --quiet says once that the hooks file is broken, and how much waits for it', async () => {
    const place = createPlace();
    await place.run(['init']);
    await fired(place, 'complete', 2);
    place.hooks('hooks: 5\n');
    const first = await place.run(['drain', '-q']);
    expect(first.code).toBe(78);
    expect(first.stderr).toMatch(
      /\n {2}1:8: .*\ncapnhook: 2 still queued: 2 not taken in yet; Cannot use the hooks file .*\n$/,
    );
    expect(await place.run(['drain', '-q'])).toMatchObject({ code: 78, stderr: '' });
    place.hooks('hooks: 5\nx: 1\n');
    expect((await place.run(['drain', '-q'])).stderr).toContain('2 problems');
    expect((await place.run(['drain'])).stderr).toContain('2 problems');
    place.hooks('hooks: {other: []}\n');
    await place.run(['flush', '--yes', '-q']);
    expect(await place.run(['drain', '-q'])).toMatchObject({ code: 0, stderr: '' });
    place.hooks('hooks: 5\nx: 1\n');
    expect((await place.run(['drain', '-q'])).stderr).toContain('2 problems');
  });

  it('drain without a hooks file, or with a broken one, is 78 and touches nothing', async () => {
    const place = createPlace();
    await fired(place);
    expect(await place.run(['drain'])).toMatchObject({ code: 78 });
    place.hooks('hooks: {complete: [nobody]}\nx: 1\n');
    expect(await place.run(['drain'])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/2 problems\n {2}1:\d+.*\n {2}2:1/),
    });
    expect(place.names('incoming')).toHaveLength(1);
  });

  it('drain while another one is running is 75, and says which and since when', async () => {
    const place = createPlace();
    const { open, held } = gate();
    const { url, waitFor } = await receiver(held);
    await place.run(['register', 'complete', url]);
    await fired(place);
    const first = place.run(['drain']);
    await waitFor(1);
    const quiet = await place.run(['drain', '-q']);
    expect(quiet.stderr).toMatch(
      /\ncapnhook: 1 still queued: 1 not taken in yet; another drain is running on this spool \(.*\)\n$/,
    );
    expect(await place.run(['drain', '-q'])).toMatchObject({ code: 75, stderr: '' });
    const { code, stderr } = await place.run(['drain']);
    expect(code).toBe(75);
    expect(stderr).toMatch(
      new RegExp(
        `another drain is running on this spool \\(a pass, pid ${process.pid} on \\S+, since \\d{4}-.*Z\\)\\n {2}Leave it`,
      ),
    );
    // It would end this process.
    expect(await place.run(['stop'])).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/this very process/),
    });
    expect(await place.run(['start'])).toMatchObject({
      code: 75,
      stderr: expect.stringMatching(
        /Cannot start the daemon: it ended immediately:\ncapnhook: .*another drain is running/,
      ),
    });
    open();
    expect(await first).toMatchObject({ code: 0 });
  });

  it.each<[Parameters<typeof exitCodeFor>[0], number]>([
    [{ misconfigured: 0, gaveUp: 0, owed: 0, waiting: 0 }, 0],
    [{ misconfigured: 0, gaveUp: 0, owed: 1, waiting: 0 }, 75],
    [{ misconfigured: 0, gaveUp: 0, owed: 0, waiting: 1 }, 75],
    [{ misconfigured: 0, gaveUp: 1, owed: 1, waiting: 1 }, 69],
    [{ misconfigured: 1, gaveUp: 1, owed: 1, waiting: 1 }, 78],
  ])('exitCodeFor() of %j is %d', (summary, code) => expect(exitCodeFor(summary)).toBe(code));

  it.each<[string[], RegExp]>([
    [['drain', '--daemon', '--wait', '5s'], /--daemon and --wait cannot be combined/],
    [['drain', '--wait', '5'], /--wait needs a duration, not "5"\n {2}A duration is 500ms/],
    [['drain', '--grace', 'x'], /--grace needs a duration/],
  ])('%j is refused with 64', async (argv, words) => {
    expect(await createPlace().run(argv)).toMatchObject({ code: 64, stderr: expect.stringMatching(words) });
  });

  it('drain --wait goes on until nothing is left', async () => {
    const place = createPlace();
    let nth = 0;
    const { url } = await receiver(() => ({ status: ++nth < 3 ? 503 : 204 }));
    place.hooks(`hooks: {complete: ["${url}"]}\ndefaults: {retry: {schedule: [20ms], jitter: 0}}\n`);
    await fired(place);
    expect(await place.run(['drain', '--wait', '10s'])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/fails: 503.*\n.*is well again\n$/),
    });
    expect(nth).toBe(3);
  });

  it.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('drain --daemon ends after %s with %d, and what is in flight comes home', async (name, code) => {
    const place = createPlace();
    const { open, held } = gate();
    const { url, waitFor } = await receiver(held);
    await place.run(['register', 'complete', url]);
    const io = recordingIo({ env: place.env });
    const ran = run(['drain', '--daemon', '-v'], io);
    await fired(place);
    await waitFor(1);
    expect(io.signal(name)).toBe(true);
    open();
    expect(await ran).toBe(code);
    const time = '\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z';
    expect(io.stderr()).toMatch(
      new RegExp(`^${time} started \\(pid \\d+\\): .*\n${time} evt_\\w+ to .*delivered`),
    );
    expect(io.stderr()).toMatch(new RegExp(`\n${time} ended by ${name}: delivered 1, 0 still queued\n$`));
    expect(io.signal(name)).toBe(false);
  });

  it('drain takes an empty CAPNHOOK_GRACE for none, and names it where it is wrong', async () => {
    const place = createPlace();
    place.hooks('hooks: {}\n');
    expect(await place.run(['drain'], { env: { CAPNHOOK_GRACE: '' } })).toMatchObject({ code: 0 });
    expect(await place.run(['drain'], { env: { CAPNHOOK_GRACE: 'soon' } })).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('CAPNHOOK_GRACE needs a duration, not "soon"'),
    });
  });

  it('drain --daemon is cut off by a second signal, and loses nothing', async () => {
    const place = createPlace();
    const { url, waitFor } = await receiver(() => new Promise(() => {}));
    await place.run(['register', 'complete', url]);
    await fired(place);
    const io = recordingIo({ env: { ...place.env, CAPNHOOK_GRACE: '1h' } });
    const ran = run(['drain', '--daemon'], io);
    await waitFor(1);
    io.signal('SIGTERM');
    io.signal('SIGINT');
    expect(await ran).toBe(143);
    expect(place.names('queue')).toHaveLength(1);
  });

  it('drain --daemon reloads the hooks file after SIGHUP and when it changes, and keeps the old one while it is broken', async () => {
    const place = createPlace();
    const { url, waitFor } = await receiver();
    place.hooks('hooks: {}\n');
    const io = recordingIo({ env: place.env });
    const ran = run(['drain', '--daemon', '-v'], io);
    await until('it listens', () => place.names('').includes('lock'));
    await place.run(['register', 'complete', url]);
    await fired(place);
    await waitFor(1);
    io.signal('SIGHUP');
    place.hooks('hooks: [\n');
    await until('it has told', () => io.stderr().includes('stay in use'));
    await fired(place);
    await waitFor(2);
    await fired(place);
    await waitFor(3);
    expect(io.stderr().match(/stay in use/g)).toHaveLength(1);
    expect(io.stderr()).toMatch(
      /Cannot use the hooks file .*\n {2}\d+:\d+: .*\n {2}The previous hooks stay in use; events without a receiver in them wait/,
    );
    io.signal('SIGTERM');
    expect(await ran).toBe(143);
  });
});
