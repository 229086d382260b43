import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/command-table.js';
import { secret, tails } from '../support/cli-kit.js';
import { createPlace } from '../support/place.js';

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
    [['-v', '--spool', '/x'], /Usage: capnhook/],
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
    ['CAPNHOOK_JSON', /^\{"version":1,/],
    ['CAPNHOOK_SHOW_URLS', /a\.example\/in/],
  ])('%s is as good as its flag, and "0" and "" are off', async (variable, shown) => {
    const place = createPlace();
    place.hooks('hooks: {complete: [https://a.example/in]}\n');
    expect((await place.run(['targets'], { env: { [variable]: '1' } })).stdout).toMatch(shown);
    for (const off of ['0', ''])
      expect((await place.run(['targets'], { env: { [variable]: off } })).stdout).not.toMatch(shown);
  });

  it('a hooks file that is a directory is 78', async () => {
    const place = createPlace();
    chmodSync(place.root, 0o700);
    expect(await place.run(['targets', '-c', place.root])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/it is not a regular file/),
    });
  });
});
