import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commands } from '../../src/cli/command-table.js';
import { exitCodeFor } from '../../src/cli/drain-end.js';
import { run } from '../../src/cli/main.js';
import { recordingIo } from '../support/io.js';
import { createPlace, type Place } from '../support/place.js';
import { type AnswerRequest, startReceiver } from '../support/receiver.js';
import { gate, until } from '../support/world.js';

async function receiver(answer?: AnswerRequest) {
  const started = await startReceiver(answer);
  onTestFinished(() => started.close());
  return started;
}

async function fired(place: Place, hook = 'complete', count = 1): Promise<void> {
  for (let n = 1; n <= count; n += 1)
    expect(await place.run(['fire', hook, '-d', `${n}`])).toMatchObject({ code: 0 });
}

const secret = 'https://me:pa55@a.example/s3cret?token=t0ken';
const tails = /s3cret|t0ken|pa55/;

describe('capnhook', () => {
  it('capnhook alone shows the three commands that one needs first', async () => {
    const { code, stdout } = await createPlace().run([]);
    expect(code).toBe(0);
    for (const command of ['register', 'fire', 'drain']) expect(stdout).toContain(`capnhook ${command}`);
    expect(stdout.split('\n').length).toBeLessThan(12);
  });

  it.each([['--help'], ['-h'], ['help']])('%s lists every command, with two examples', async (flag) => {
    const { code, stdout } = await createPlace().run([flag]);
    expect(code).toBe(0);
    for (const { name } of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    expect(stdout.match(/^ {2}\$ capnhook/gm)).toHaveLength(2);
  });

  it.each(commands.map(({ name }) => name))(
    '%s --help has two examples, its options and the global ones',
    async (name) => {
      const place = createPlace();
      const { code, stdout, stderr } = await place.run([name, '--help']);
      expect([code, stderr]).toEqual([0, '']);
      const spec = commands.find((each) => each.name === name)!;
      expect(stdout.match(/^ {2}\$ capnhook/gm)).toHaveLength(2);
      for (const option of [
        ...Object.keys(spec.options),
        'config',
        'spool',
        'json',
        'quiet',
        'verbose',
        'no-color',
        'show-urls',
      ]) {
        expect(stdout).toContain(`--${option}`);
      }
      expect((await place.run(['help', name])).stdout).toBe(stdout);
    },
  );

  it.each([['--version'], ['-V']])('%s prints the version alone', async (flag) => {
    expect(await createPlace().run([flag])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
  });

  it.each<[string[], RegExp]>([
    [['fier'], /unknown command 'fier'\n\(Did you mean fire\?\)/],
    [['regster', 'a', 'b'], /Did you mean register/],
    [['fire', '--dta', '1'], /unknown option '--dta'\n\(Did you mean --data\?\)/],
    [['drain', '--deamon'], /Did you mean --daemon/],
    [['targets', '--jsn'], /Did you mean --json/],
    [['flush', '--no'], /unknown option '--no'/],
    [['register'], /missing required argument 'hook'/],
    [['register', 'complete'], /missing required argument 'url\|-'/],
    [['drain', 'now'], /too many arguments for 'drain'/],
    [['drain', '--wait'], /option '--wait <DURATION>' argument missing/],
    [['-q'], /Usage: capnhook/],
    [['--json', '--spool', '/x'], /Usage: capnhook/],
    [['--nope'], /unknown option '--nope'/],
  ])('%j is refused with 64 and a word to what was meant', async (argv, words) => {
    const ran = await createPlace().run(argv);
    expect([ran.code, ran.stdout]).toEqual([64, '']);
    expect(ran.stderr).toMatch(words);
  });

  it.each([
    [[secret]],
    [[secret.replace('https://', '')]],
    [[secret.replace('https://', '').replace('/', "/it's\n/")]],
    [['drain', secret]],
    [['drain', `--url=${secret}`]],
    [['register', secret, 'complete']],
    [['register', 'complete', `${secret}#x`]],
    [['register', 'complete', `ftp${secret.slice(5)}`]],
    [['deregister', `${secret}#x`]],
    [['deregister', 'chat', '--hook', secret]],
    [['targets', secret]],
    [['flush', '--yes', '--hook', secret]],
    [['fire', 'complete', secret]],
    [['fire', `${secret}#x`, '-d', '1']],
    [['fire', 'complete', '--nope', secret]],
  ])('%j does not repeat the URL in its error', async (argv) => {
    const ran = await createPlace().run(argv);
    expect(ran.code).toBeGreaterThanOrEqual(64);
    expect(ran.stdout + ran.stderr).not.toMatch(tails);
  });

  it('global options stand before or after the command', async () => {
    const place = createPlace();
    place.hooks('hooks: {complete: [https://a.example/in]}\n');
    const config = place.file('other.yaml', 'hooks: {other: [https://b.example/in]}\n');
    for (const argv of [
      ['-c', config, 'targets'],
      ['targets', '-c', config],
      ['targets', `--config=${config}`],
      ['--config', config, 'targets'],
    ]) {
      expect((await place.run(argv)).stdout).toMatch(/^other\t/);
    }
    expect((await place.run(['targets'], { env: { CAPNHOOK_CONFIG: config } })).stdout).toMatch(/^other\t/);
    expect(
      (await place.run(['targets', '-c', place.config], { env: { CAPNHOOK_CONFIG: config } })).stdout,
    ).toMatch(/^complete\t/);
  });

  it.each([
    ['CAPNHOOK_JSON', /^\[\{/],
    ['CAPNHOOK_SHOW_URLS', /a\.example\/in/],
  ])('%s is as good as its flag, and "0" and "" are off', async (variable, shown) => {
    const place = createPlace();
    place.hooks('hooks: {complete: [https://a.example/in]}\n');
    expect((await place.run(['targets'], { env: { [variable]: '1' } })).stdout).toMatch(shown);
    for (const off of ['0', ''])
      expect((await place.run(['targets'], { env: { [variable]: off } })).stdout).not.toMatch(shown);
  });
});

describe('capnhook register and deregister', () => {
  it('register makes the hooks file, and a second time changes nothing', async () => {
    const place = createPlace();
    const url = 'https://a.example/in';
    expect(await place.run(['register', 'complete', url])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const before = place.readHooks();
    expect(before).toContain(url);
    const again = await place.run(['register', 'complete', url], { terminal: ['err'] });
    expect(again).toMatchObject({ code: 0, stderr: 'capnhook: it was registered for complete already\n' });
    expect(place.readHooks()).toBe(before);
    expect((await place.run(['register', 'complete', url, '--json'])).stdout).toBe('{"changed":false}\n');
    expect((await place.run(['register', 'b.*', url, '--json'])).stdout).toBe('{"changed":true}\n');
    expect((await place.run(['register', '**', url, '-v'])).stderr).toBe('capnhook: registered for **\n');
    expect((await place.run(['register', 'c', url, '-v', '-q'])).stderr).toBe('');
  });

  it('register - reads the URL from standard input, so that no list of processes shows it', async () => {
    const place = createPlace();
    expect(
      await place.run(['register', 'complete', '-'], { input: ' https://a.example/in\n' }),
    ).toMatchObject({ code: 0 });
    expect(place.readHooks()).toContain('https://a.example/in');
    for (const input of ['', '\n', 'https://a.example/\nhttps://b.example/', 'x'.repeat(9_000)]) {
      const ran = await place.run(['register', 'complete', '-'], { input });
      expect(ran).toMatchObject({ code: 64, stderr: expect.stringMatching(/one line with one URL/) });
    }
  });

  it('register tells which of its two arguments comes first', async () => {
    const ran = await createPlace().run(['register', 'https://a.example/in', 'complete']);
    expect(ran).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/a URL is not the name.*\n {2}The hook comes first/),
    });
  });

  it.each<[string[], number]>([
    [['register', 'a/b', 'https://a.example/'], 64],
    [['register', 'complete', 'nobody'], 64],
    [['register', 'complete', 'ftp://a.example/'], 64],
    [['deregister', 'https://a.example/', '--hook', 'a/b'], 64],
    [['deregister', ''], 64],
    [['deregister', 'https://a.example/'], 78],
  ])('%j is refused with %d', async (argv, code) => {
    const place = createPlace();
    expect(await place.run(argv)).toMatchObject({ code });
    expect(existsSync(place.config)).toBe(false);
  });

  it('register and deregister do not touch a broken hooks file: 78, with line and column', async () => {
    const place = createPlace();
    place.hooks('hooks:\n  complete: [chat]\nhoks: {}\n');
    for (const argv of [
      ['register', 'complete', 'https://a.example/'],
      ['deregister', 'https://a.example/'],
    ]) {
      const ran = await place.run(argv);
      expect(ran.code).toBe(78);
      expect(ran.stderr).toMatch(/it has 2 problems\n {2}\d+:\d+: .*\n {2}\d+:\d+: /);
    }
    expect(place.readHooks()).toBe('hooks:\n  complete: [chat]\nhoks: {}\n');
  });

  it('deregister clears a URL from all hooks, or from one', async () => {
    const place = createPlace();
    const url = 'https://a.example/in';
    for (const hook of ['x', 'y', 'z']) await place.run(['register', hook, url]);
    expect((await place.run(['deregister', url, '--hook', 'y'])).stderr).toBe(
      'capnhook: deregistered from y\n',
    );
    expect((await place.run(['deregister', url])).stderr).toBe('capnhook: deregistered from x, z\n');
    expect((await place.run(['deregister', url])).stderr).toBe('capnhook: it was not registered\n');
    expect((await place.run(['deregister', '-', '--json'], { input: url })).stdout).toBe(
      '{"removedFrom":[],"moved":0,"queued":0}\n',
    );
    expect((await place.run(['deregister', url, '-q'])).stderr).toBe('');
  });

  it.each([
    ['a bare URL', (url: string) => `hooks: {complete: [${url}]}\n`],
    ['a named endpoint', (url: string) => `hooks: {complete: [chat]}\nendpoints: {chat: {url: ${url}}}\n`],
  ])('deregister of %s moves what is queued for it to dead/, and says how many', async (_, text) => {
    const place = createPlace();
    const { url } = await receiver(() => ({ status: 503 }));
    place.hooks(text(`"${url}/in"`));
    await fired(place, 'complete', 3);
    expect(await place.run(['drain'])).toMatchObject({ code: 75 });
    const dry = await place.run(['deregister', `${url}/in`, '--dry-run']);
    expect(dry.stderr).toBe(
      'capnhook: would be deregistered from complete; 3 deliveries would be moved to dead/; nothing was changed\n',
    );
    const ran = await place.run(['deregister', 'complete', `${url}/in`]);
    expect(ran.stderr).toBe('capnhook: deregistered from complete; 3 deliveries moved to dead/\n');
    expect(await place.run(['drain'])).toMatchObject({ code: 0, stderr: '' });
    expect(place.names('dead').filter((name) => !name.includes('.why.'))).toHaveLength(3);
  });
});

describe('capnhook targets', () => {
  const text = `hooks:
  complete: ["${secret}"]
  build.failed: [chat, {url: {file: /run/url}}]
  "build.*": [audit, chat]
endpoints:
  chat: {url: {env: CHAT_URL}}
  audit: {url: {credential: audit}}
`;

  it('targets lists every registration, without the URLs', async () => {
    const place = createPlace();
    place.hooks(text);
    const { code, stdout, stderr } = await place.run(['targets']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^complete\thttps:\/\/a\.example \(a\.example~[0-9a-f]{12}\)$/),
      'build.failed\tchat (URL from $CHAT_URL)',
      expect.stringMatching(/^build\.failed\tfile~[0-9a-f]{12} \(URL from \/run\/url\)$/),
      'build.*\taudit (URL from credential audit)',
      'build.*\tchat (URL from $CHAT_URL)',
      '',
    ]);
    expect(stdout).not.toMatch(tails);
  });

  it('targets of a hook are who would receive it, each once', async () => {
    const place = createPlace();
    place.hooks(text);
    expect((await place.run(['targets', 'build.failed'])).stdout.match(/chat/g)).toHaveLength(1);
    const nobody = await place.run(['targets', 'nobody']);
    expect(nobody).toMatchObject({
      code: 66,
      stdout: '',
      stderr: expect.stringContaining('has no hook nobody'),
    });
  });

  it('targets of an empty file are none', async () => {
    const place = createPlace();
    place.hooks('hooks: {}\n');
    expect(await place.run(['targets'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: nobody is registered\n',
    });
    expect((await place.run(['targets', '--json'])).stdout).toBe('[]\n');
  });

  it('targets --show-urls shows URLs whole', async () => {
    const place = createPlace();
    place.hooks(text);
    expect((await place.run(['targets', 'complete', '--show-urls'])).stdout).toContain(
      `\t${secret} (a.example~`,
    );
  });

  it('targets --json has scheme, host and id, and the URL only if asked', async () => {
    const place = createPlace();
    place.hooks(text);
    const json = async (...argv: string[]) =>
      JSON.parse((await place.run(['targets', '--json', ...argv])).stdout);
    expect(await json('complete')).toEqual([
      { hook: 'complete', endpoints: [{ id: expect.any(String), scheme: 'https', host: 'a.example' }] },
    ]);
    expect(await json('complete', '--show-urls')).toMatchObject([{ endpoints: [{ url: secret }] }]);
    expect((await json())[1].endpoints[0]).toEqual({ id: 'chat' });
    expect((await json('--show-urls'))[1].endpoints[0]).toEqual({ id: 'chat', url: { env: 'CHAT_URL' } });
  });

  it('targets without a hooks file is 78, and says how to make one', async () => {
    const place = createPlace();
    expect(await place.run(['targets'])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/Cannot find the hooks file .*\n {2}Make one with/),
    });
    expect(await place.run(['targets', '../x'])).toMatchObject({ code: 64 });
  });
});

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
    const { passed, open } = gate();
    const { url, waitFor } = await receiver(async () => {
      await passed;
      return undefined;
    });
    await place.run(['register', 'complete', url]);
    await fired(place);
    const first = place.run(['drain']);
    await waitFor(1);
    const quiet = await place.run(['drain', '-q']);
    expect(quiet.stderr).toMatch(
      /\ncapnhook: 1 still queued: 1 not taken in yet; another drain is running on this spool \(.*\)\n$/,
    );
    expect(await place.run(['drain', '-q'])).toMatchObject({ code: 75, stderr: '' });
    for (const argv of [['drain'], ['flush', '--yes']]) {
      const { code, stderr } = await place.run(argv);
      expect(code).toBe(75);
      expect(stderr).toMatch(
        new RegExp(
          `another drain is running on this spool \\(a pass, pid ${process.pid} on \\S+, since \\d{4}-.*Z\\)\\n {2}Leave it`,
        ),
      );
    }
    // It would end this process.
    expect(await place.run(['stop'])).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/this very process/),
    });
    expect(await place.run(['start'])).toMatchObject({
      code: 75,
      stderr: expect.stringMatching(
        /Cannot start the daemon: it ended at once:\ncapnhook: .*another drain is running/,
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
    const { passed, open } = gate();
    const { url, waitFor } = await receiver(async () => {
      await passed;
      return undefined;
    });
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

describe('capnhook flush', () => {
  it('flush --yes drops what is queued, and says how much', async () => {
    const place = createPlace();
    await fired(place, 'a', 2);
    await fired(place, 'b', 1);
    expect((await place.run(['flush', '--yes', '--hook', 'a'])).stderr).toBe(
      'capnhook: moved 0 queued deliveries and 2 events not taken in yet to dead/\n',
    );
    expect((await place.run(['flush', '--yes', '--json'])).stdout).toBe(
      '{"events":1,"deliveries":0,"corrupt":[]}\n',
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

describe('capnhook init, start and stop', () => {
  it('init makes the spool, and says where', async () => {
    const place = createPlace();
    expect(await place.run(['init'])).toMatchObject({
      code: 0,
      stderr: `capnhook: the spool is ${place.spool}\n`,
    });
    expect(statSync(place.spool).mode & 0o777).toBe(0o700);
    expect((await place.run(['init', '--json'])).stdout).toBe(`${JSON.stringify({ spool: place.spool })}\n`);
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

  it('stop with nothing to stop is 0', async () => {
    const place = createPlace();
    expect(await place.run(['stop'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: nothing to stop: no drain is running\n',
    });
    expect((await place.run(['stop', '--json'])).stdout).toBe('{"stopped":false}\n');
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
        /Cannot start the daemon: it ended at once:\ncapnhook: Cannot find the hooks file/,
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

describe('capnhook and permissions', () => {
  it('a hooks file that is a directory is 78', async () => {
    const place = createPlace();
    chmodSync(place.root, 0o700);
    expect(await place.run(['targets', '-c', place.root])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/it is not a regular file/),
    });
  });
});
