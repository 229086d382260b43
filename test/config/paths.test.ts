import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Environment, hooksPath, spoolPath } from '../../src/config/paths.js';
import { tempDir } from '../support/temp.js';
import { bin, node } from '../support/world.js';

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
    expect(spoolPath({ CAPNHOOK_SPOOL: 'spool' })).toBe(resolve('spool'));
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

describe('a user without a home directory', () => {
  // Only root can become a user that the database does not know.
  it.skipIf(process.getuid?.() !== 0)(
    'spoolPath() says what to set where there is neither HOME nor an entry',
    () => {
      const options = { uid: 54_321, gid: 54_321, env: {}, encoding: 'utf8' as const, cwd: '/' };
      const child = spawnSync(node, [bin, 'fire', 'complete', '-d', '1'], options);
      expect(child.stderr).toMatch(
        /^capnhook: Cannot tell where your files are: neither HOME nor XDG_STATE_HOME is set\n {2}Set HOME, or name/,
      );
      expect(child.status).toBe(73);
    },
  );

  it.skipIf(process.getuid?.() !== 0)('hooksPath() says so with the exit code of the hooks file', () => {
    const env = { CAPNHOOK_SPOOL: '/nowhere' };
    const child = spawnSync(node, [bin, 'targets'], {
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
