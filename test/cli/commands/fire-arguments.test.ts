import { describe, expect, it } from 'vitest';
import { planFire } from '../../../src/cli/commands/fire.js';
import { createPlace } from '../../support/place.js';

describe('planFire()', () => {
  const file = 'p.json';
  it.each([
    [{ positionals: ['h', file] }, { hook: 'h', file }],
    [{ positionals: ['h', '-'] }, { hook: 'h', file: '-' }],
    [{ positionals: ['h'], data: '1' }, { hook: 'h' }],
    [{ positionals: ['h'], ndjson: '-' }, { hook: 'h' }],
    [
      { positionals: [file], to: ['u'] },
      { to: ['u'], file },
    ],
    [
      { positionals: ['h', file], to: ['u'] },
      { to: ['u'], hook: 'h', file },
    ],
    [{ positionals: [], to: ['u'], data: '1' }, { to: ['u'] }],
    [
      { positionals: ['h'], to: ['u'], data: '1' },
      { to: ['u'], hook: 'h' },
    ],
  ])('planFire() of %j', (args, plan) => expect(planFire(args)).toEqual(plan));

  it.each([
    [{ positionals: [] }, 'no hook and no URL'],
    [{ positionals: [], data: '1' }, 'no hook and no URL'],
    [{ positionals: ['h'] }, 'there is no payload'],
    [{ positionals: [], to: ['u'] }, 'there is no payload'],
    [{ positionals: ['h', 'a', 'b'] }, 'too many arguments'],
    [{ positionals: ['h', 'a', 'b'], to: ['u'] }, 'too many arguments'],
    [{ positionals: ['h', 'a'], data: '1' }, 'two payloads'],
    [{ positionals: ['h', 'a'], ndjson: 'b' }, 'two payloads'],
    [{ positionals: ['h'], data: '1', ndjson: 'b' }, '--data and --ndjson cannot be combined'],
  ])('planFire() refuses %j', (args, message) => {
    expect(() => planFire(args)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining(message),
        hint: expect.any(String),
      }),
    );
  });
});

describe('capnhook fire', () => {
  it.each<[string[], number, string]>([
    [['-d', '@missing.json'], 66, 'Cannot read the payload from "missing.json": there is no such file'],
    [['-d', '@'], 64, 'there is no file name after @'],
    [['-d', '@-', '--to', '-'], 64, 'both the URLs and the payload'],
    [['-d', '1', '-d', '2'], 64, 'Cannot fire: --data is given twice'],
    [['-d', '1', '--data', '1'], 64, 'Cannot fire: --data is given twice'],
    [['--ndjson', 'a', '--ndjson', 'b'], 64, 'Cannot fire: --ndjson is given twice'],
    [['-d', '1', '--id', 'a', '--id', 'b'], 64, 'Cannot fire: --id is given twice'],
  ])('fire complete %j is refused, and nothing is queued', async (argv, code, message) => {
    const place = createPlace();
    const ran = await place.run(['fire', 'complete', ...argv], { input: '' });
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
    expect(place.names('incoming')).toEqual([]);
  });

  it.each([[['deregister', 'a', '--hook', 'x', '--hook', 'y']], [['flush', '--hook', 'x', '--hook', 'y']]])(
    '%j is refused: the first hook would be lost',
    async (argv) => {
      const ran = await createPlace().run(argv);
      expect(ran).toMatchObject({ code: 64, stderr: expect.stringContaining('--hook is given twice') });
    },
  );

  it.each([[['fire', '--to', '-', '-']], [['fire', '--to', '-', '--ndjson', '-']]])(
    '%j cannot use standard input twice',
    async (argv) => {
      const ran = await createPlace().run(argv);
      expect(ran).toMatchObject({
        code: 64,
        stderr: expect.stringContaining('both the URLs and the payload'),
      });
    },
  );

  it.each<[string[], number, RegExp]>([
    [['fire'], 64, /no hook and no URL is given\n {2}capnhook fire complete payload.json/],
    [['fire', 'complete'], 64, /there is no payload/],
    [['fire', '../x', '-d', '1'], 64, /not a hook's name/],
    [['fire', 'complete', '-d', '1', '--id', 'a b'], 64, /the id is not valid/],
    [['fire', 'complete', '-d', ''], 65, /payload/],
    [['fire', 'complete', '-d', "{'a':1}"], 65, /payload/],
    [['fire', 'complete', '-d', '{} {}'], 65, /payload/],
    [['fire', 'complete', 'missing.json'], 66, /"missing.json": there is no such file/],
    [['fire', 'complete', '/'], 66, /"\/": it is a directory/],
    [['fire', 'complete', '/etc/passwd/x'], 66, /it cannot be read \(ENOTDIR\)/],
    [['fire', 'complete', '{"a":1}'], 66, /It looks like JSON: give it with --data/],
    [
      ['fire', 'complete', `{"url":"https://a.example/${'s3cret'.repeat(100)}"}`],
      66,
      /It looks like JSON: give it with --data/,
    ],
    [
      ['fire', 'complete', 'https://a.example/s3cret'],
      66,
      /from a URL: there is no such file\n {2}It looks like a URL: give each URL with --to/,
    ],
    [['fire', '--to', 'a.example/s3cret', '-d', '1'], 64, /does not begin with https/],
    [
      ['fire', 'a.example/s3cret', '-d', '1'],
      64,
      /^capnhook: Cannot fire: what was given is not a hook's name/,
    ],
    [['fire', 'https:/a.example/s3cret', '-d', '1'], 64, /what was given is not/],
    [
      ['fire', 'complete', 'a.example/s3cret'],
      66,
      /from a URL: it cannot be read|from a URL: there is no such file/,
    ],
    [['fire', 'complete', 'https:/a.example/s3cret'], 66, /from a URL: there is no such file\n.*--to/],
    [['fire', 'complete', './a.example/p.json'], 66, /".\/a.example\/p.json": there is no such file/],
    [['fire', 'https://a.example/#s3cret', '-d', '1'], 64, /fragment/],
    [['fire', 'complete', '-d', '1', '--spool', '/proc/nope'], 73, /Cannot create or open the spool/],
    [['fire', 'complete', '-d', '1', '--spool', ''], 64, /--spool names nothing/],
  ])('%j is refused with %d in clear words', async (argv, code, words) => {
    const place = createPlace();
    const ran = await place.run(argv);
    expect(ran.code).toBe(code);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toMatch(/^capnhook: Cannot /);
    expect(ran.stderr).toMatch(words);
    expect(ran.stderr).not.toContain('s3cret');
    expect(place.names('incoming')).toEqual([]);
  });
});
