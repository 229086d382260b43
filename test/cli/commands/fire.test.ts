import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ensureBuilt } from '../../support/built.js';
import { createPlace } from '../../support/place.js';
import { bin, installInto, node } from '../../support/world.js';

beforeAll(ensureBuilt, 60_000);

describe('capnhook fire', () => {
  it('fire is silent where no terminal listens, and the event is in the spool', async () => {
    const place = createPlace();
    expect(await place.run(['fire', 'complete', '-d', '{"a": 1.0}'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(place.only('incoming')).toContain('"payload":{"a": 1.0}');
  });

  it('fire says the id on a terminal, unless it is to be quiet', async () => {
    const place = createPlace();
    const ran = await place.run(['fire', 'complete', '-d', '1', '--id', 'x-1'], { terminal: ['out'] });
    expect(ran).toMatchObject({ code: 0, stdout: 'x-1\n', stderr: '' });
    expect(await place.run(['fire', 'complete', '-q', '-d', '1'], { terminal: ['out'] })).toMatchObject({
      stdout: '',
      stderr: '',
    });
  });

  it('fire --json says id and number, and --verbose tells', async () => {
    const place = createPlace();
    const one = await place.run(['fire', 'complete', '--json', '-v', '-d', '1', '--id', 'x-1']);
    expect(one).toMatchObject({
      code: 0,
      stdout: '{"version":1,"id":"x-1","events":1}\n',
      stderr: 'capnhook: queued x-1\n',
    });
    const three = await place.run(['fire', 'complete', '--ndjson', '-', '--json', '-v', '--id', 'x-2'], {
      input: '1\n2\n3\n',
    });
    expect(three).toMatchObject({
      code: 0,
      stdout: '{"version":1,"id":"x-2","events":3}\n',
      stderr: 'capnhook: queued x-2 (3 events)\n',
    });
  });

  it('fire twice with one id and one payload is accepted twice, and queued once', async () => {
    const place = createPlace();
    for (const _ of [1, 2])
      expect(await place.run(['fire', 'complete', '-d', '1', '--id', 'x'])).toMatchObject({ code: 0 });
    expect(place.names('incoming')).toEqual(['x.json']);
    const other = await place.run(['fire', 'complete', '-d', '2', '--id', 'x']);
    expect(other).toMatchObject({
      code: 65,
      stderr: expect.stringContaining('another one is waiting under the id x'),
    });
  });

  it('fire reads a file, standard input with -, and nothing that was not asked for', async () => {
    const place = createPlace();
    const path = place.file('p.json', '[1]');
    expect(await place.run(['fire', 'complete', path])).toMatchObject({ code: 0 });
    const piped = await place.run(['fire', 'complete', '-'], { input: '[2]' });
    expect(piped.io.reads()).toBe(1);
    expect(place.names('incoming')).toHaveLength(2);
  });

  it('fire -d @FILE reads the payload from a file, and -d @- from standard input, as curl does', async () => {
    const place = createPlace();
    const path = place.file('p.json', '{"n": 12345678901234567890}\n');
    expect(await place.run(['fire', 'complete', '-d', `@${path}`])).toMatchObject({ code: 0, stderr: '' });
    expect(place.only('incoming')).toContain('"payload":{"n": 12345678901234567890}\n');
    const second = createPlace();
    await second.run(['fire', '--to', 'http://a.example/', 'complete', '--data=@-'], { input: '[2]' });
    expect(second.only('incoming')).toContain('"payload":[2]\n');
  });

  it('fire --print-id prints the id where no terminal listens, also when it is to be quiet', async () => {
    const place = createPlace();
    const ran = await place.run(['fire', 'complete', '--print-id', '-q', '-d', '1']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(place.names('incoming')).toEqual([`${ran.stdout.trimEnd()}.json`]);
  });

  it('fire says that a file name is not UTF-8, where Node cannot open it for that', () => {
    const place = createPlace();
    const script = 'cd "$1" && printf 1 > "$(printf "\\374.json")" && "$2" "$3" fire complete *.json';
    const ran = spawnSync('sh', ['-c', script, 'sh', place.root, node, bin], {
      env: { ...place.env, LC_ALL: 'C' },
      encoding: 'utf8',
    });
    expect(ran).toMatchObject({ status: 66, stderr: expect.stringContaining('the name is not UTF-8') });
    expect(ran.stderr).toContain('capnhook fire HOOK - < FILE');
  });

  it('fire sends to URLs, with and without a hook', async () => {
    const place = createPlace();
    await place.run([
      'fire',
      '--to',
      'http://a.example',
      '--to',
      'http://b.example/x',
      '-d',
      '1',
      '--id',
      'a',
    ]);
    expect(place.only('incoming')).toContain('"to":["http://a.example/","http://b.example/x"]');
    expect(place.only('incoming')).not.toContain('"hook"');
    const second = createPlace();
    await second.run(['fire', 'complete', '--to', 'http://a.example', second.file('p.json', '1')]);
    expect(second.only('incoming')).toMatch(/"hook":"complete".*"to":\["http:\/\/a.example\/"\]/);
    const third = createPlace();
    await third.run(['fire', 'http://a.example/x', '-d', '1']);
    expect(third.only('incoming')).toContain('"to":["http://a.example/x"]');
  });

  it('fire --to - reads one URL a line, and skips blank lines and comments', async () => {
    const place = createPlace();
    const input = '# ours\nhttp://a.example/\r\n\n  http://b.example/ \n';
    expect(
      await place.run(['fire', '--to', '-', '--to', 'http://c.example/', '-d', '1'], { input }),
    ).toMatchObject({ code: 0 });
    expect(place.only('incoming')).toContain(
      '"to":["http://a.example/","http://b.example/","http://c.example/"]',
    );
  });

  it('fire --to - without any URL is 65, and nothing is queued', async () => {
    const place = createPlace();
    const ran = await place.run(['fire', '--to', '-', '-d', '1'], { input: '# none\n' });
    expect(ran).toMatchObject({ code: 65, stderr: expect.stringContaining('no URL on standard input') });
    expect(place.names('incoming')).toEqual([]);
  });

  it('fire names the bad line of a batch, and queues nothing of it', async () => {
    const place = createPlace();
    const ran = await place.run(['fire', 'complete', '--ndjson', '-'], { input: '1\n{\n3' });
    expect(ran).toMatchObject({ code: 65, stderr: expect.stringMatching(/line 2.*nothing was queued/) });
    expect(place.names('incoming')).toEqual([]);
  });

  it('fire refuses a payload of more than 64 MiB with 65', async () => {
    const place = createPlace();
    const path = place.file('big.json', '');
    truncateSync(path, 64 * 2 ** 20 + 1);
    expect(await place.run(['fire', 'complete', path])).toMatchObject({
      code: 65,
      stderr: expect.stringMatching(/larger than 64 MiB/),
    });
  });

  it.skipIf(process.getuid?.() !== 0)('fire of a file that may not be read is 77', () => {
    const place = createPlace();
    const path = place.file('p.json', '1');
    chmodSync(path, 0o000);
    chmodSync(place.root, 0o755);
    const copy = installInto(join(place.root, 'installed'));
    const spool = join(place.root, 'spool');
    mkdirSync(spool);
    execFileSync('chown', ['54321:54321', spool]);
    const ran = spawnSync(node, [copy, 'fire', 'complete', path, '--spool', spool], {
      uid: 54_321,
      gid: 54_321,
      env: {},
      cwd: '/',
      encoding: 'utf8',
    });
    expect(ran).toMatchObject({
      status: 77,
      stdout: '',
      stderr: `capnhook: Cannot read the payload from "${path}": permission denied\n`,
    });
  });

  it('fire reads a FIFO, as a process substitution is one', async () => {
    const place = createPlace();
    const path = join(place.root, 'pipe');
    execFileSync('mkfifo', [path]);
    const writer = spawn('sh', ['-c', 'printf "[1, 2]" > "$1"', 'sh', path]);
    onTestFinished(() => void writer.kill());
    expect(await place.run(['fire', 'complete', path])).toMatchObject({ code: 0 });
    expect(place.only('incoming')).toContain('"payload":[1, 2]');
  });

  it('fire says what it cannot explain as a bug, with 1 and without URLs', async () => {
    const place = createPlace();
    const ran = await place.run(['fire', 'complete', '-']); // reading throws something that is no errno
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/^capnhook: this is a bug in capnhook; please report it/);
  });
});
