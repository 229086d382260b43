/** capnhook_fire and its spool: which one it uses, what it needs of it, and what it says of one it cannot use. */
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { init } from '../../src/library/init.js';
import { pathWith, runIn, shells, testIn, withSpool } from '../support/shells.js';
import { bin, createWorld, type Ended, node, type RunOptions, type World } from '../support/world.js';

describe.each(shells)('capnhook_fire', (shell) => {
  const inShell = testIn(shell);
  const inRoot = process.getuid?.() === 0 ? inShell : test.skip;
  const run = (world: World, script: string, options?: RunOptions): Promise<Ended> =>
    runIn(shell, world, script, options);
  const isZsh = shell.name === 'zsh';

  inShell('the spool is the one that capnhook fire would use', async () => {
    const world = createWorld();
    world.file('p.json', '1');
    world.file('below/x', '');
    const places: Array<readonly [place: string, env: Record<string, string | undefined>]> = [
      ['named', { CAPNHOOK_SPOOL: join(world.root, 'named'), XDG_STATE_HOME: '/nowhere' }],
      ['state/capnhook/spool', { CAPNHOOK_SPOOL: '', XDG_STATE_HOME: join(world.root, 'state') }],
      ['home/.local/state/capnhook/spool', { XDG_STATE_HOME: 'relative' }],
    ];
    // zsh asks the user database itself.
    if (!isZsh) places.push(['home of mine/.local/state/capnhook/spool', { HOME: undefined }]);
    const getent = `echo "me:x:1000:1000:Me, : of course:${world.root}/home of mine:/bin/sh"`;
    const PATH = pathWith(world, { getent: getent.replace(', :', ',') });
    for (const [place, env] of places) {
      const spool = join(world.root, place);
      await init({ spool });
      const ended = await run(world, 'cd below && capnhook_fire x ../p.json', { env: { PATH, ...env } });
      expect(ended, place).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(await world.exec('sh', ['-c', 'ls "$1/incoming" | wc -l', 'sh', spool]), place).toMatchObject({
        stdout: '1\n',
      });
    }
    if (isZsh) return;
    const homeless = { PATH: pathWith(world, { getent: 'exit 2' }), HOME: undefined };
    expect(await run(world, 'capnhook_fire x p.json', { env: homeless })).toEqual({
      code: 73,
      stdout: '',
      stderr:
        'capnhook: Cannot tell where your files are: neither HOME nor XDG_STATE_HOME is set\n  Set HOME, or name the spool with CAPNHOOK_SPOOL.\n',
    });
  });

  inShell(
    'a spool that no shell has expanded, or that is relative, is refused as by capnhook fire',
    async () => {
      const world = createWorld();
      world.file('p.json', '1');
      const byte = (octal: string): string => `"$(printf "$PWD/spool\\${octal}")"`;
      const paths = ["'~/spool'", "'$HOME/spool'", "'/a/~b'", 'spool', byte('351'), byte('355\\240\\200')];
      for (const path of [...paths, byte('357\\277\\275')]) {
        const shell = await run(world, `CAPNHOOK_SPOOL=${path}; capnhook_fire x p.json`);
        const script = `export CAPNHOOK_SPOOL=${path}; exec "$NODE" "$BIN" fire x p.json`;
        expect(shell, path).toEqual(await world.exec('sh', ['-c', script]));
        expect(shell.code, path).toBe(64);
      }
      const spool = join(world.root, 'spül–😀');
      await init({ spool });
      expect(await run(world, 'capnhook_fire x p.json', { env: { CAPNHOOK_SPOOL: spool } })).toMatchObject({
        code: 0,
      });
    },
  );

  inShell(
    'capnhook shellenv --spool fires into that one, whatever its name and the environment',
    async () => {
      const world = createWorld();
      world.file('p.json', '1');
      const spool = join(world.root, `it's "a" \`spool\``);
      await init({ spool });
      const { stdout } = await world.run(['shellenv', '--spool', spool]);
      const env = { SHELLENV: stdout, CAPNHOOK_SPOOL: '/nowhere' };
      const ended = await run(world, 'capnhook_fire x p.json', { env });
      expect(ended).toEqual({ code: 0, stdout: '', stderr: '' });
    },
  );

  inShell('a spool that is not there is made by capnhook, if that is in the PATH', async () => {
    const world = createWorld();
    world.file('p.json', '1');
    const without = await run(world, 'capnhook_fire x p.json');
    expect(without).toMatchObject({ code: 73, stdout: '' });
    expect(without.stderr).toBe(
      `capnhook: Cannot open the spool: there is none yet (spool ${world.spool})\n  Create it with capnhook init, or put capnhook into the PATH.\n`,
    );
    const PATH = pathWith(world, { capnhook: `exec '${node}' '${bin}' "$@"` });
    const env = { PATH };
    const script = 'printf one | capnhook_fire x - && capnhook_fire x p.json';
    expect(await run(world, script, { env })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(world.names('incoming')).toHaveLength(2);

    world.file('full/other', '');
    const foreign = await run(world, 'CAPNHOOK_SPOOL=$PWD/full; capnhook_fire x p.json', { env });
    expect(foreign.code).toBe(73);
    expect(foreign.stderr).toMatch(
      /^capnhook: Cannot use .* as a spool: it holds other things .*\n {2}Name a new .*\n$/,
    );
    const broken = { PATH: pathWith(world, { capnhook: 'kill -9 $$' }), CAPNHOOK_SPOOL: '/nowhere/spool' };
    expect((await run(world, 'capnhook_fire x p.json', { env: broken })).code).toBe(137);
  });

  inShell('a spool of another version is refused with 73', async () => {
    const world = await withSpool();
    for (const version of ['capnhook-spool 2\n', 'capnhook-spool 10', '', '\u001b[31m\n']) {
      writeFileSync(join(world.spool, 'VERSION'), version);
      const ended = await run(world, 'capnhook_fire x p.json');
      expect(ended, version).toMatchObject({ code: 73, stdout: '' });
      expect(ended.stderr, version).toMatch(
        /^capnhook: Cannot use the spool .*: its VERSION is .*, not "capnhook-spool 1"\n {2}A newer .*\n$/,
      );
      expect(ended.stderr).not.toContain('\u001b');
    }
    writeFileSync(join(world.spool, 'VERSION'), 'capnhook-spool 1');
    expect(await run(world, 'capnhook_fire x p.json')).toMatchObject({ code: 0 });
  });

  inShell('a directory that is missing is told as 74, and nothing is left in tmp/', async () => {
    const world = await withSpool();
    const script = `cd "${world.spool}"; rmdir incoming; capnhook_fire x ../../../../../p.json; echo $?; rmdir tmp; capnhook_fire x ../../../../../p.json; echo $?`;
    const ended = await run(world, script);
    expect(ended.stdout).toBe('74\n74\n');
    const line = `capnhook: Cannot queue the event: a directory is missing (ENOENT, spool ${world.spool})\n  Choose another spool.\n`;
    expect(ended.stderr).toBe(line + line);
  });

  inShell('what a program says although it has done its work is handed on', async () => {
    const world = await withSpool();
    const PATH = pathWith(world, { sync: 'echo "sync: ignoring all arguments" >&2' });
    const ended = await run(world, 'capnhook_fire x p.json', { env: { PATH } });
    expect(ended).toEqual({ code: 0, stdout: '', stderr: 'sync: ignoring all arguments\n'.repeat(2) });
  });

  inRoot('another user: what may not be read is told with 77, and what may be is queued', async () => {
    const world = await withSpool();
    world.openToOthers();
    chmodSync(world.file('private.json', '1'), 0o600);
    chmodSync(world.file('hidden/below/p.json', '1'), 0o644);
    chmodSync(join(world.root, 'hidden'), 0o700);
    chmodSync(world.home, 0o755);
    const stranger = { prefix: ['setpriv', '--reuid=54321', '--regid=54321', '--clear-groups'] };
    for (const file of ['private.json', 'hidden/below/p.json']) {
      expect(await run(world, `capnhook_fire x ${file}`, stranger), file).toEqual({
        code: 77,
        stdout: '',
        stderr: `capnhook: Cannot read the payload from "${file}": permission denied\n`,
      });
    }
    const refused = await run(world, 'capnhook_fire x p.json', stranger);
    expect(refused).toMatchObject({ code: 77, stdout: '' });
    expect(refused.stderr).toMatch(
      /^capnhook: Cannot create or open the spool: permission denied \(EACCES, spool .*\)\n {2}Run it as .*\n$/,
    );

    const spool = join(world.root, 'shared');
    await world.run(['init', '--shared', '--group', '54321', '--spool', spool]);
    const receiver = await world.receiver();
    await world.run(['register', 'x', receiver.url]);
    const env = { CAPNHOOK_SPOOL: spool };
    const ended = await run(world, 'umask 077; capnhook_fire x p.json', { ...stranger, env });
    expect(ended).toEqual({ code: 0, stdout: '', stderr: '' });
    const [name = ''] = readdirSync(join(spool, 'incoming'));
    const { mode, uid, gid } = statSync(join(spool, 'incoming', name));
    expect([mode & 0o7777, uid, gid]).toEqual([0o640, 54_321, 54_321]);
    expect(readdirSync(join(spool, 'tmp'))).toEqual([]);
    expect(await world.run(['drain'], { env })).toMatchObject({ code: 0 });
    expect(receiver.requests.map(({ body }) => body.toString())).toEqual(['1']);

    chmodSync(join(spool, 'tmp'), 0o3710);
    const unwritable = await run(world, 'capnhook_fire x p.json', { ...stranger, env });
    expect(unwritable.code).toBe(77);
    expect(unwritable.stderr).toMatch(
      /^capnhook: Cannot queue the event: permission denied \(EACCES, spool .*\n {2}Run .*\n$/,
    );
  });
});
