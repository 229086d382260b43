/** capnhook_fire in each shell that it is made for: what is queued, and what is refused. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { isGeneratedId, timeOfId } from '../../src/event/event-id.js';
import { isHookName } from '../../src/event/hook-name.js';
import { eventToBytes, type ParsedEvent, parseEvent } from '../../src/event/record.js';
import { runCommand } from '../support/io.js';
import { runIn, shells, testIn, withSpool } from '../support/shells.js';
import type { Ended, RunOptions, World } from '../support/world.js';

/** What breaks text that goes through a shell: quotes, escapes, formats, empty lines, bytes that are no ASCII. */
const payload =
  '{"n": 12345678901234567890, "f":1.0,\n\n\t"text": "\\"$HOME\\" `id` %s %% \\\\n äöü 🏴‍☠️ \u2028",\n"text": [ ]}';

/** The bytes of what is queued, in the order of the names. */
function queued(world: World): Buffer[] {
  return world.names('incoming').map((name) => readFileSync(join(world.spool, 'incoming', name)));
}

function parsed(bytes: Buffer): ParsedEvent {
  const event = parseEvent(bytes);
  if (!event.ok) throw new Error(event.reason);
  return event;
}

describe.each(shells)('capnhook_fire', (shell) => {
  const inShell = testIn(shell);
  const run = (world: World, script: string, options?: RunOptions): Promise<Ended> =>
    runIn(shell, world, script, options);

  inShell('what it queues from a file and from standard input is delivered byte for byte', async () => {
    const world = await withSpool();
    const receiver = await world.receiver();
    await world.run(['register', 'build.failed', receiver.url]);
    world.file('a file.json', payload);
    const script = 'capnhook_fire build.failed "a file.json" && capnhook_fire build.failed - < "a file.json"';
    expect(await run(world, script)).toEqual({ code: 0, stdout: '', stderr: '' });
    const ids = world.names('incoming').map((name) => name.replace('.json', ''));
    expect(world.names('tmp')).toEqual([]);

    expect(await world.run(['drain'])).toEqual({ code: 0, stdout: '', stderr: expect.any(String) });
    expect(receiver.requests.map(({ body }) => body.toString())).toEqual([payload, payload]);
    expect(receiver.requests.map(({ headers }) => headers['webhook-id']).sort()).toEqual(ids);
    expect(receiver.requests[0]?.headers['capnhook-hook']).toBe('build.failed');
    expect(world.names('corrupt')).toEqual([]);
  });

  inShell(
    'it says that the payload is empty where standard input is closed, as capnhook fire does',
    async () => {
      const world = await withSpool();
      world.file('p.json', '1');
      const ended = await run(
        world,
        'capnhook_fire complete p.json <&- && exec 9>&- && capnhook_fire complete - <&-',
      );
      const fired = await world.sh('capnhook fire complete - <&-');
      for (const each of [ended, fired])
        expect(each).toMatchObject({ code: 65, stdout: '', stderr: expect.stringContaining('it is empty') });
      expect(world.names('incoming')).toHaveLength(1);
    },
  );

  inShell('the file is laid out as capnhook fire lays it out, and private', async () => {
    const world = await withSpool();
    world.file('p.json', payload);
    const before = Date.now();
    expect(await run(world, 'umask 022; capnhook_fire complete p.json')).toMatchObject({ code: 0 });
    const [bytes = Buffer.alloc(0)] = queued(world);
    const { id = '', hook = '', time = '' } = parsed(bytes);
    expect(eventToBytes({ id, hook, time, payload: Buffer.from(payload) }).equals(bytes)).toBe(true);
    expect(world.names('incoming')).toEqual([`${id}.json`]);
    expect(isGeneratedId(id)).toBe(true);
    expect(hook).toBe('complete');
    expect(new Date(timeOfId(id) ?? 0).toISOString()).toBe(time);
    expect(timeOfId(id)).toBeGreaterThanOrEqual(before);
    expect(timeOfId(id)).toBeLessThanOrEqual(Date.now());
    expect(statSync(join(world.spool, 'incoming', `${id}.json`)).mode & 0o7777).toBe(0o600);
  });

  inShell('what is no JSON is copied as it is, and put into corrupt/ by the drain', async () => {
    const world = await withSpool();
    world.hooks('hooks: {}\n');
    const bytes = Buffer.from([0, 0xff, 0x0a, 0x0d, 0, 0x41, 0x0a, 0x0a]);
    world.file('p.bin', bytes);
    const script = 'capnhook_fire x p.bin && cat p.bin | capnhook_fire x -';
    expect(await run(world, script)).toMatchObject({ code: 0 });
    for (const each of queued(world))
      expect(each.subarray(each.indexOf('"payload":') + 10, -3)).toEqual(bytes);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(world.names('corrupt')).toHaveLength(4);
  });

  inShell('a hook has a name that isHookName() takes, or the exit code is 64', async () => {
    const world = await withSpool();
    const table = ['complete', 'build.failed', '_x', '9', 'A-b_c.d', 'a.', 'Z-', 'a'.repeat(128)];
    const wrong = [
      '',
      '.a',
      '-a',
      'a..b',
      '../etc',
      'a/b',
      'a b',
      'a\n',
      '\na',
      'a\nb',
      'é',
      'aé',
      'ß',
      'ａ',
      'ı',
    ];
    const shellish = [
      'a*',
      '?',
      '[a]',
      '$HOME',
      '`id`',
      '\\',
      "'",
      '"',
      '~',
      '!',
      'a|b',
      'a\tb',
      ' a',
      'a ',
      '\u007f',
    ];
    const pieces = fc.constantFrom(
      'a',
      'Z',
      '0',
      '_',
      '.',
      '-',
      '..',
      '\n',
      'é',
      ' ',
      '/',
      '*',
      '\u00a0',
      'x'.repeat(60),
    );
    const made = fc.sample(
      fc.array(pieces, { maxLength: 4 }).map((all) => all.join('')),
      { numRuns: 40, seed: 4 },
    );
    const names = [...table, ...wrong, ...shellish, 'a'.repeat(129), 'http://a', ...made];
    // Where the name is good, it goes on to look for the payload.
    const script =
      'eval "set -- $NAMES"; for name do capnhook_fire "$name" nowhere.json 2> /dev/null; echo $?; done';
    const NAMES = names.map((name) => `'${name.replaceAll("'", "'\\''")}'`).join(' ');
    const { stdout } = await run(world, script, { env: { NAMES, LC_ALL: 'C.UTF-8' } });
    const codes = stdout.trimEnd().split('\n').map(Number);
    expect(names.map((name, at) => [name, codes[at]])).toEqual(
      names.map((name) => [name, isHookName(name) ? 66 : 64]),
    );
  });

  inShell('what capnhook fire refuses it refuses with the same code and the same first line', async () => {
    const world = await withSpool();
    const { root } = world;
    const there = world.file('p.json', '1');
    const cases: Array<readonly [args: readonly string[], code: number]> = [
      [['a b', there], 64],
      [['../etc/passwd', there], 64],
      [['complete', there, there], 64],
      [['complete'], 64],
      [['complete', `${root}/nowhere.json`], 66],
      [['complete', `${root}/no such directory/x.json`], 66],
      [['complete', root], 66],
      [['complete', '{"id":1}'], 66],
      [['complete', 'https://a.example/s3cret'], 66],
      [['complete', 'hooks.slack.com/services/s3cret'], 66],
    ];
    for (const [args, code] of cases) {
      const words = args.map((arg) => `'${arg}'`).join(' ');
      const ended = await run(world, `capnhook_fire ${words}`);
      expect(ended, words).toMatchObject({ code, stdout: '' });
      expect(ended.stderr, words).toMatch(/^capnhook: Cannot [^\n]*\n( {2}[^\n]*\n)?$/);
      expect(ended.stderr).not.toContain('s3cret');
      const fired = await runCommand(['fire', ...args], { env: world.env });
      expect(fired.code, words).toBe(code);
      expect(ended.stderr.split('\n')[0], words).toBe(fired.stderr.split('\n')[0]);
    }
    expect(world.names('incoming')).toEqual([]);
  });

  inShell('URLs, options and other misuse are refused with 64, and no URL is shown', async () => {
    const world = await withSpool();
    world.file('p.json', '1');
    const misuses: Array<readonly [script: string, words: RegExp]> = [
      ['capnhook_fire', /no hook is given/],
      [
        'capnhook_fire https://a.example/s3cret p.json',
        /takes the name of a hook, not a URL\n {2}capnhook fire takes URLs/,
      ],
      ['capnhook_fire a.example/s3cret p.json', /what was given is not a hook's name/],
      ['capnhook_fire --help', /takes no options\n {2}capnhook_fire HOOK FILE, or - for standard input/],
      ['capnhook_fire -d 1', /takes no options/],
      ['capnhook_fire --to https://a.example/s3cret p.json', /takes no options/],
      ['capnhook_fire "$(printf "a\\033[31mb")" p.json', /what was given is not/],
    ];
    for (const [script, words] of misuses) {
      const ended = await run(world, script);
      expect(ended, script).toMatchObject({ code: 64, stdout: '' });
      expect(ended.stderr, script).toMatch(words);
      expect(ended.stderr, script).not.toMatch(/s3cret|\[31m/);
    }
    expect(world.names('incoming')).toEqual([]);
  });

  inShell('an empty payload is refused with 65, and leaves nothing behind', async () => {
    const world = await withSpool();
    world.file('empty', '');
    for (const source of ['empty', '/dev/null', '- < empty', '- < /dev/null']) {
      const ended = await run(world, `capnhook_fire x ${source}`);
      expect(ended, source).toMatchObject({ code: 65, stdout: '' });
      expect(ended.stderr, source).toMatch(/^capnhook: Cannot fire this payload: it is empty\n {2}.*\n$/);
    }
    expect([world.names('incoming'), world.names('tmp')]).toEqual([[], []]);
  });

  inShell('it reads standard input only where - says so, and a pipe that has a name', async () => {
    const world = await withSpool();
    world.file('p.json', '1');
    const script = `mkfifo fifo && (echo 2 > fifo &)
      printf 'one\\ntwo\\n' | { read -r line; capnhook_fire x p.json; capnhook_fire x fifo; read -r line; echo "$line"; }`;
    expect(await run(world, script)).toEqual({ code: 0, stdout: 'two\n', stderr: '' });
    expect(queued(world).map((bytes) => parsed(bytes).payload.toString())).toEqual(['1', '2']);
  });
});
