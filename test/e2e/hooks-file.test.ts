import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingOf } from '../faults/support/needs.js';
import { mayNotRunAs, mayRunAs } from '../support/others.js';
import { treeOf } from '../support/tree.js';
import { createWorld } from '../support/world.js';

const url = 'http://127.0.0.1:9/hidden-path';

/** Hooks files that cannot be used, and what is said of each, in this order. */
const broken: Record<string, [text: string, problems: RegExp[]]> = {
  'a syntax error': [`hooks:\n  complete: [${url}\n`, [/^ {2}\d+:\d+: /]],
  'a tab for indentation': [`hooks:\n\tcomplete: ${url}\n`, [/^ {2}2:1: /]],
  'a wrong type': [`hooks:\n  complete: 5\n`, [/^ {2}2:13: /]],
  'an unknown key': [
    `defaults:\n  tiemout: 5s\n`,
    [/^ {2}2:3: unknown key 'tiemout'; did you mean 'timeout'\?/],
  ],
  'an unknown section': [
    `hook:\n  complete: ${url}\n`,
    [/^ {2}1:1: unknown key 'hook'; did you mean 'hooks'\?/],
  ],
  'a duplicate key': [`hooks:\n  complete: ${url}\n  complete: []\n`, [/^ {2}3:3: duplicate key 'complete'/]],
  'two documents': [`hooks: {}\n---\nhooks: {}\n`, [/^ {2}2:1: a second document/]],
  'an undefined endpoint': [
    `hooks:\n  complete: [caht]\nendpoints:\n  chat: ${url}\n`,
    [/^ {2}2:14: undefined endpoint 'caht'; did you mean 'chat'\?/],
  ],
  'a bad header name': [
    `hooks:\n  complete:\n    - url: ${url}\n      headers: {"X Env": prod}\n`,
    [/^ {2}4:17: bad header name/],
  ],
  'a header that capnhook sets': [
    `hooks:\n  complete:\n    - url: ${url}\n      headers: {webhook-id: mine}\n`,
    [/^ {2}4:17: the header 'webhook-id' is set by capnhook/],
  ],
  'a bad duration': [`defaults: {timeout: 5 sec}\n`, [/^ {2}1:21: .*500ms, 20s, 5m, 2h/]],
  'a URL of another scheme': [`hooks:\n  complete: ftp://127.0.0.1/hidden-path\n`, [/^ {2}2:13: /]],
  'a secret in place of a reference': [
    `endpoints:\n  chat: {url: "${url}", sign: whsec_hidden-path}\n`,
    [/^ {2}2:\d+: 'sign' takes secrets by reference/],
  ],
  'many problems at once': [
    `hooks:\n  complete: 5\n  "a b": []\n  other: [nobody]\ndefaults:\n  concurrency: 0\n  retry: {shedule: [5s]}\n`,
    [
      /^ {2}2:13: /,
      /^ {2}3:3: bad hook name/,
      /^ {2}4:11: undefined endpoint 'nobody'/,
      /^ {2}6:16: .*concurrency/,
      /^ {2}7:11: unknown key 'shedule'; did you mean 'schedule'\?/,
    ],
  ],
};

/** Ten levels of ten aliases each: ten thousand million URLs, if they were written out. */
function aliasBomb(): string {
  const levels = Array.from(
    { length: 10 },
    (_, n) =>
      `  a${n}: &a${n} [${
        n === 0
          ? url
          : Array(10)
              .fill(`*a${n - 1}`)
              .join(', ')
      }]\n`,
  );
  return `hooks:\n${levels.join('')}`;
}

/** The spool but for the drain's own: how the last one ended, the lock, and where files are written. */
function contentsOf(spool: string): Map<string, string> {
  const tree = treeOf(spool);
  for (const name of ['last-drain.json', 'lock', 'tmp/']) tree.delete(name);
  return tree;
}

describe('a hooks file that cannot be used', () => {
  test.for(Object.entries(broken))(
    'capnhook drain names every place of %s, exits 78 and touches no event',
    async ([, [text, problems]]) => {
      const world = createWorld();
      world.hooks(text);
      expect(await world.run(['fire', 'complete', '-d', '1'])).toMatchObject({ code: 0 });
      const before = contentsOf(world.spool);

      const drained = await world.run(['drain']);
      expect(drained.code).toBe(78);
      expect(drained.stdout).toBe('');
      const [first, ...lines] = drained.stderr.trimEnd().split('\n');
      expect(lines.pop()).toMatch(
        /^capnhook: 1 still queued: 1 not taken in yet; Cannot use the hooks file .*hooks\.yaml: /,
      );
      expect(first).toMatch(
        /^capnhook: Cannot use the hooks file .*hooks\.yaml: it has (a problem|\d+ problems)$/,
      );
      expect(lines).toHaveLength(problems.length);
      for (const [n, problem] of problems.entries()) expect(lines[n]).toMatch(problem);
      expect(drained.stderr).not.toContain('hidden-path');
      expect(contentsOf(world.spool)).toEqual(before);
      expect(await world.run(['fire', 'complete', '-d', '2'])).toMatchObject({ code: 0 });
      expect(world.names('incoming')).toHaveLength(2);
    },
  );

  test('capnhook drain exits 78 for a bomb of aliases and for an alias of itself, and says where', async () => {
    const world = createWorld();
    await world.run(['fire', 'complete', '-d', '1']);
    const before = contentsOf(world.spool);
    const texts = {
      [aliasBomb()]: /^ {2}7:27: the aliases .* repeat more than/m,
      'hooks: {complete: &a [*a]}': /^ {2}1:23: this alias contains itself/m,
    };
    for (const [text, problem] of Object.entries(texts)) {
      world.hooks(text);
      const drained = await world.run(['drain']);
      expect(drained.code).toBe(78);
      expect(drained.stderr).toMatch(problem);
      expect(drained.stderr).not.toContain('hidden-path');
      expect(contentsOf(world.spool)).toEqual(before);
    }
  });

  test('capnhook drain exits 78 for a hooks file that is missing, a directory, a FIFO or not UTF-8, and touches no event', async () => {
    const world = createWorld();
    await world.run(['fire', 'complete', '-d', '1']);
    const before = contentsOf(world.spool);
    const stands: Record<string, () => unknown> = {
      'Cannot find the hooks file': () => undefined,
      'not a regular file': () => mkdirSync(world.config),
      'is not a regular file': () => world.exec('mkfifo', [world.config]),
      'not UTF-8': () =>
        world.file('home/.config/capnhook/hooks.yaml', Buffer.from('# ä\nhooks: {}\n', 'latin1')),
    };
    for (const [words, make] of Object.entries(stands)) {
      rmSync(world.config, { recursive: true, force: true });
      await make();
      const drained = await world.run(['drain']);
      expect(drained.code, words).toBe(78);
      expect(drained.stderr).toContain(words);
      expect(contentsOf(world.spool)).toEqual(before);
    }
  });

  test('capnhook register that may not keep the owner of the file keeps its group, or what the group may do from others', async ({
    skip,
  }) => {
    const world = createWorld();
    const member = ['setpriv', '--reuid=54321', '--regid=54322', '--groups=54323'];
    skip(!(await mayRunAs(world, member)), mayNotRunAs);
    const config = world.file('shared/hooks.yaml', 'hooks: {}\n');
    for (const path of [config, dirname(config)]) chownSync(path, 0, 54323);
    chmodSync(config, 0o640);
    chmodSync(dirname(config), 0o777);
    const registering = ['register', 'a', 'https://a.example/', '--config', config];
    expect(await world.run(registering, { prefix: member })).toMatchObject({ code: 0 });
    expect(statSync(config)).toMatchObject({ uid: 54321, gid: 54323, mode: 0o100640 });

    chownSync(config, 54321, 0);
    chmodSync(config, 0o640);
    registering[2] = 'https://b.example/';
    expect(await world.run(registering, { prefix: member })).toMatchObject({ code: 0 });
    expect(statSync(config)).toMatchObject({ uid: 54321, gid: 54322, mode: 0o100600 });
  });

  test('a hooks file that may not be read: capnhook exits 77', async ({ skip }) => {
    const world = createWorld();
    const stranger = ['setpriv', '--reuid=54321', '--regid=54321', '--clear-groups'];
    skip(!(await mayRunAs(world, stranger)), mayNotRunAs);
    const config = world.file('hooks.yaml', 'hooks: {}\n');
    chmodSync(config, 0o600);
    expect(await world.run(['targets', '--config', config], { prefix: stranger })).toMatchObject({
      code: 77,
      stderr: `capnhook: Cannot read the hooks file ${config}: permission denied\n`,
    });
  });

  test('capnhook register whose standard input cannot be read exits 66, in words', async () => {
    const world = createWorld();
    expect(await world.sh('capnhook register a - < /')).toMatchObject({
      code: 66,
      stderr: 'capnhook: Cannot read the URL from standard input: it is a directory\n',
    });
  });

  test('capnhook register and deregister leave a broken hooks file as it is and exit 78', async () => {
    const world = createWorld();
    world.hooks('hooks:\n  complete: 5\n');
    const before = treeOf(world.home);
    expect(await world.run(['register', 'complete', url])).toMatchObject({ code: 78 });
    expect(await world.run(['deregister', url])).toMatchObject({ code: 78 });
    expect(await world.run(['targets'])).toMatchObject({ code: 78 });
    expect(treeOf(world.home).get('.config/capnhook/hooks.yaml')).toBe(
      before.get('.config/capnhook/hooks.yaml'),
    );
  });

  test('capnhook drain delivers what was fired meanwhile once the file is put right', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    world.hooks('hooks: [\n');
    for (const n of ['1', '2']) await world.run(['fire', 'complete', '-d', n]);
    expect(await world.run(['drain'])).toMatchObject({ code: 78 });
    world.hooks(`hooks: {complete: "${receiver.url}"}\n`);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests.map(({ body }) => body.toString()).sort()).toEqual(['1', '2']);
  });
});

describe('edits of the hooks file', () => {
  test('capnhook register keeps comments, order and quoting, and twice changes nothing', async () => {
    const world = createWorld();
    const text = `# who is told\nhooks:\n  "complete": ['http://127.0.0.1:9/a']   # the first one\n\n  other: http://127.0.0.1:9/b\n`;
    world.hooks(text);
    for (let time = 1; time <= 2; time++)
      expect(await world.run(['register', 'complete', 'http://127.0.0.1:9/c'])).toMatchObject({ code: 0 });
    const edited = treeOf(world.home).get('.config/capnhook/hooks.yaml') ?? '';
    expect(edited.match(/127\.0\.0\.1:9\/c/g)).toHaveLength(1);
    for (const kept of [
      '# who is told',
      `"complete":`,
      `'http://127.0.0.1:9/a'`,
      '# the first one',
      'other: http',
    ]) {
      expect(edited).toContain(kept);
    }
    await world.run(['deregister', 'http://127.0.0.1:9/c']);
    expect(treeOf(world.home).get('.config/capnhook/hooks.yaml')).toContain(text);
  });

  test('ten capnhook register at once all get into the file', async () => {
    const world = createWorld();
    const urls = Array.from({ length: 10 }, (_, n) => `http://127.0.0.1:9/${n}`);
    const codes = await Promise.all(urls.map((each) => world.run(['register', 'complete', each])));
    expect(codes.map(({ code, stderr }) => [code, stderr])).toEqual(urls.map(() => [0, '']));
    const targets = await world.run(['targets', 'complete', '--show-urls', '--json']);
    const { hooks } = JSON.parse(targets.stdout) as {
      hooks: Array<{ endpoints: Array<{ url: string }> }>;
    };
    const [found] = hooks;
    expect(found?.endpoints.map((each) => each.url).sort()).toEqual(urls);
  });

  test('capnhook register writes a hooks file in its place that is a mount of its own, as a single file in a container', async ({
    skip,
  }) => {
    const missing = missingOf({ root: true, mounts: true, commands: ['unshare', 'mount'] });
    skip(missing !== undefined, `there is no ${missing} here`);
    const world = createWorld();
    const outside = world.file('outside.yaml', 'hooks: # ours\n  complete: [https://a.example/in]\n');
    world.hooks('');
    const script =
      'mount --bind "$1" "$2" && shift 2 && for url do "$NODE" "$BIN" register complete "$url" || exit; done';
    const args = [outside, world.config, 'https://b.example/in', 'https://c.example/in'];
    const ran = await world.exec('unshare', ['--mount', 'sh', '-ec', script, 'sh', ...args]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(outside, 'utf8')).toMatch(
      /^hooks: # ours\n {2}complete: \[https:\/\/a\.example\/in, https:\/\/b\.example\/in, https:\/\/c\.example\/in\]\n$/,
    );
    expect(readdirSync(dirname(world.config))).toEqual(['hooks.yaml']);
    const readOnly = script.replace('"$2" &&', '"$2" && mount -o remount,ro,bind "$2" &&');
    const refused = await world.exec('unshare', [
      '--mount',
      'sh',
      '-ec',
      readOnly,
      'sh',
      ...args.slice(0, 2),
      'https://d.example/in',
    ]);
    expect(refused).toMatchObject({ code: 77, stderr: expect.stringContaining('mount its directory') });
    expect(readdirSync(dirname(world.config))).toEqual(['hooks.yaml']);
  });
});
