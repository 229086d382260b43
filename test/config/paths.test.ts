import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Environment, hooksPath, spoolPath } from '../../src/config/paths.js';
import { createPlace } from '../support/place.js';
import { tempDir } from '../support/temp.js';
import { bin, createWorld, installInto, node } from '../support/world.js';

const home = userInfo().homedir;

describe('spoolPath()', () => {
  it.each<[string, Environment, string | undefined, string]>([
    ['what was asked for', { CAPNHOOK_SPOOL: '/b', XDG_STATE_HOME: '/c', HOME: '/d' }, '/a', '/a'],
    ['CAPNHOOK_SPOOL', { CAPNHOOK_SPOOL: '/b', XDG_STATE_HOME: '/c', HOME: '/d' }, undefined, '/b'],
    ['XDG_STATE_HOME', { XDG_STATE_HOME: '/c', HOME: '/d' }, undefined, '/c/capnhook/spool'],
    ['HOME', { HOME: '/d' }, undefined, '/d/.local/state/capnhook/spool'],
    [
      'HOME, as CAPNHOOK_SPOOL is empty',
      { CAPNHOOK_SPOOL: '', HOME: '/d' },
      undefined,
      '/d/.local/state/capnhook/spool',
    ],
    [
      'HOME, as XDG_STATE_HOME is empty',
      { XDG_STATE_HOME: '', HOME: '/d' },
      undefined,
      '/d/.local/state/capnhook/spool',
    ],
    [
      'HOME, as XDG_STATE_HOME is relative',
      { XDG_STATE_HOME: 'state', HOME: '/d' },
      undefined,
      '/d/.local/state/capnhook/spool',
    ],
    ['the user database, as HOME is unset', {}, undefined, `${home}/.local/state/capnhook/spool`],
    ['the user database, as HOME is empty', { HOME: '' }, undefined, `${home}/.local/state/capnhook/spool`],
    ['a path without its trailing slash', { CAPNHOOK_SPOOL: '/b/spool/' }, undefined, '/b/spool'],
    ['a path without its doubled slashes', { XDG_STATE_HOME: '/c//' }, undefined, '/c/capnhook/spool'],
  ])('spoolPath() is %s', (_, env, asked, path) => expect(spoolPath(env, asked)).toBe(path));

  it('spoolPath() takes a relative path that was asked for from the working directory', () => {
    expect(spoolPath({}, 'spool')).toBe(resolve('spool'));
  });

  it('spoolPath() refuses an empty path, which would be the working directory', () => {
    expect(() => spoolPath({ HOME: '/d' }, '')).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('--spool') }),
    );
  });
});

it('a relative path in a directory that somebody has removed is refused in words', () => {
  const directory = join(tempDir(), 'gone');
  mkdirSync(directory);
  const script = `cd ${directory} && rmdir ${directory} && exec "$0" "$1" fire complete -d 1 --spool rel`;
  const ended = spawnSync('sh', ['-c', script, node, bin], { encoding: 'utf8' });
  expect(ended).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('Cannot tell where rel is: the working'),
  });
});

describe('hooksPath()', () => {
  it.each<[string, Environment, string | undefined, string]>([
    ['what was asked for', { CAPNHOOK_CONFIG: '/b', XDG_CONFIG_HOME: '/c', HOME: '/d' }, '/a', '/a'],
    ['CAPNHOOK_CONFIG', { CAPNHOOK_CONFIG: '/b', XDG_CONFIG_HOME: '/c', HOME: '/d' }, undefined, '/b'],
    ['XDG_CONFIG_HOME', { XDG_CONFIG_HOME: '/c', HOME: '/d' }, undefined, '/c/capnhook/hooks.yaml'],
    ['HOME', { HOME: '/d' }, undefined, '/d/.config/capnhook/hooks.yaml'],
    [
      'HOME, as XDG_CONFIG_HOME is relative',
      { XDG_CONFIG_HOME: './c', HOME: '/d' },
      undefined,
      '/d/.config/capnhook/hooks.yaml',
    ],
    ['the user database, as HOME is unset', {}, undefined, `${home}/.config/capnhook/hooks.yaml`],
  ])('hooksPath() is %s', (_, env, asked, path) => expect(hooksPath(env, asked)).toBe(path));

  it("hooksPath() is the user's own file where there is one", () => {
    const root = tempDir();
    mkdirSync(join(root, 'capnhook'));
    writeFileSync(join(root, 'capnhook/hooks.yaml'), '');
    expect(hooksPath({ XDG_CONFIG_HOME: root })).toBe(join(root, 'capnhook/hooks.yaml'));
  });

  it('hooksPath() refuses an empty path', () => {
    expect(() => hooksPath({ HOME: '/d' }, '')).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('--config') }),
    );
  });
});

describe('a path that no shell has expanded, or that depends on where it is read', () => {
  const inVariables: Array<[string, RegExp]> = [
    ['~/spool', /"~", which was not expanded/],
    ['~', /"~", which/],
    ['~jed/spool', /"~", which/],
    ['/var/~/spool', /"~", which/],
    ['$HOME/spool', /"\$", which/],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a path
    ['/var/${USER}/spool', /"\$", which/],
    ['spool', /does not begin with "\/"/],
    ['./spool', /does not begin with "\/"/],
    ['/var/spo\uFFFDl', /not UTF-8/],
  ];
  it.each(inVariables)('spoolPath() and hooksPath() refuse %j in a variable', (path, reason) => {
    const env = { CAPNHOOK_SPOOL: path, CAPNHOOK_CONFIG: path, HOME: '/d' };
    for (const find of [spoolPath, hooksPath])
      expect(() => find(env)).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(reason) }),
      );
  });

  it('spoolPath() refuses them in an option, but for a relative one, and in HOME and XDG_STATE_HOME', () => {
    for (const path of ['~/spool', '$HOME/spool', 'spo\uFFFDl'])
      expect(() => spoolPath({}, path)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    for (const env of [{ HOME: '~' }, { HOME: 'home' }, { XDG_STATE_HOME: '/$USER', HOME: '/d' }])
      expect(() => spoolPath(env)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('spoolPath() takes a ~ behind other characters, and names in other scripts', () => {
    expect(spoolPath({ CAPNHOOK_SPOOL: '/var/über~1' })).toBe('/var/über~1');
  });

  it('every command refuses them with exit code 64, and makes nothing', async () => {
    const place = createPlace();
    place.hooks('hooks: {}\n');
    const made = readdirSync(place.root);
    const commands = [['fire', 'a', '-d', '1'], ['drain'], ['init'], ['flush', '--yes'], ['start'], ['stop']];
    for (const args of commands)
      for (const path of ['~/spool', '$HOME/spool', 'spool'])
        expect(await place.run(args, { env: { CAPNHOOK_SPOOL: path } }), `${args} ${path}`).toMatchObject({
          code: 64,
          stderr: expect.stringMatching(/^capnhook: Cannot use the path ".*" in CAPNHOOK_SPOOL: .*\n {2}/),
        });
    for (const args of [['targets'], ['register', 'a', 'http://127.0.0.1:1/'], ['drain']])
      expect(await place.run(args, { env: { CAPNHOOK_CONFIG: '~/h' } }), `${args}`).toMatchObject({
        code: 64,
      });
    expect(await place.run(['start', '--log', '~/log'])).toMatchObject({ code: 64 });
    expect(readdirSync(place.root)).toEqual(made);
  });

  it('a name that is not UTF-8 is refused with exit code 64, and nothing is made beside it', async () => {
    const world = createWorld();
    const name = '"$(printf "$PWD/caf\\351")"';
    for (const script of [
      `CAPNHOOK_SPOOL=${name} capnhook fire a -d 1`,
      `capnhook fire a -d 1 --spool ${name}`,
      `CAPNHOOK_SPOOL=${name} capnhook drain`,
    ])
      expect(await world.sh(script)).toMatchObject({
        code: 64,
        stderr: expect.stringContaining('it is not UTF-8'),
      });
    expect(readdirSync(world.root)).toEqual(['home']);
  });
});

describe('a spool that is named and missing', () => {
  it('capnhook drain, start and flush exit 73 and make none, and a missing default one is fine', async () => {
    const place = createPlace();
    place.hooks('hooks: {}\n');
    const missing = join(place.root, 'typo');
    const commands = [
      ['drain'],
      ['drain', '--wait', '1s'],
      ['drain', '--daemon'],
      ['start'],
      ['flush', '--yes'],
    ];
    for (const args of commands) {
      const said = {
        code: 73,
        stderr: expect.stringContaining(`there is no spool at ${missing}\n  Check its`),
      };
      expect(await place.run([...args, '--spool', missing]), `${args}`).toMatchObject(said);
      expect(await place.run(args, { env: { CAPNHOOK_SPOOL: missing } }), `${args}`).toMatchObject(said);
    }
    expect(existsSync(missing)).toBe(false);
    expect(await place.run(['drain'])).toMatchObject({ code: 0, stderr: '' });
    expect(await place.run(['fire', 'a', '-d', '1', '--spool', missing])).toMatchObject({ code: 0 });
  });

  it('capnhook start makes a missing default spool', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\n');
    expect(await world.run(['start'])).toMatchObject({ code: 0 });
    expect(await world.run(['stop'])).toMatchObject({ code: 0 });
  });
});

describe('a user without a home directory', () => {
  // Only root can become a user that the database does not know.
  it.skipIf(process.getuid?.() !== 0)(
    'spoolPath() says what to set where there is neither HOME nor an entry',
    () => {
      const copy = installInto(tempDir());
      const options = { uid: 54_321, gid: 54_321, env: {}, encoding: 'utf8' as const, cwd: '/' };
      const child = spawnSync(node, [copy, 'fire', 'complete', '-d', '1'], options);
      expect(child.stderr).toMatch(
        /^capnhook: Cannot tell where your files are: neither HOME nor XDG_STATE_HOME is set\n {2}Set HOME, or give both paths/,
      );
      expect(child.status).toBe(73);
    },
  );

  it.skipIf(process.getuid?.() !== 0)('hooksPath() says so with the exit code of the hooks file', () => {
    const copy = installInto(tempDir());
    const env = { CAPNHOOK_SPOOL: '/nowhere' };
    const child = spawnSync(node, [copy, 'targets'], {
      uid: 54_321,
      gid: 54_321,
      env,
      encoding: 'utf8',
      cwd: '/',
    });
    expect(child.stderr).toContain('neither HOME nor XDG_CONFIG_HOME is set');
    expect(child.status).toBe(78);
  });
});
