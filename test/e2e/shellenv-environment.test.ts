/** capnhook_fire in shells that are set up oddly, and in spools that are: what it needs, and what it leaves alone. */
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isGeneratedId } from '../../src/event/event-id.js';
import { init } from '../../src/library/init.js';
import { isHere, runIn, shellenv, shells, testIn } from '../support/shells.js';
import {
  bin,
  createWorld,
  type Ended,
  eachOf,
  node,
  type RunOptions,
  until,
  type World,
} from '../support/world.js';

/** A world with a spool, and a payload. */
async function withSpool(): Promise<World> {
  const world = createWorld();
  world.file('p.json', '1');
  await init({ spool: world.spool });
  return world;
}

/** Puts scripts into a directory of their own, and gives the `PATH` that begins with it. */
function pathWith(world: World, scripts: Readonly<Record<string, string>>): string {
  for (const [name, script] of Object.entries(scripts))
    chmodSync(world.file(`bin/${name}`, `#!/bin/sh\n${script}\n`), 0o755);
  return `${world.root}/bin:${process.env.PATH}`;
}

/** Prints everything of a shell that a function could change, but for what changes by itself. */
const state = `
unset SHELLENV
state() {
  { set; set -o; umask; trap; alias; pwd; } |
    grep -vE '^(_|[A-Z]*LINENO|RANDOM|SECONDS|EPOCH[A-Z]*|PIPESTATUS|pipestatus|BASH_[A-Z]*|FUNCNAME|TTYIDLE|PPID|.[?!].)='
}`;

/** What a script may have said and done before it fires. */
const settings = `
  set -euC
  case \${BASH_VERSION-}\${ZSH_VERSION-} in ?*) set -o pipefail ;; esac
  case \${BASH_VERSION-} in ?*)
    shopt -s expand_aliases extglob nullglob failglob nocasematch
    set -ET
    trap 'echo debugged >> traps' DEBUG
    trap 'echo erred; echo erred >> traps' ERR
  esac
  case \${ZSH_VERSION-} in ?*) setopt ksh_arrays extended_glob null_glob rc_quotes warn_create_global rc_expand_param ;; esac
  trap 'echo ended' EXIT
  trap 'echo terminated' TERM
  IFS=evt_01/
  LC_ALL=C.UTF-8
  umask 022
  readonly now=1 file=2 hook=3 id=4 spool=5 payload=6`;

describe.each(shells)('capnhook_fire', (shell) => {
  const inShell = testIn(shell);
  const inRoot = process.getuid?.() === 0 ? inShell : test.skip;
  const run = (world: World, script: string, options?: RunOptions): Promise<Ended> =>
    runIn(shell, world, script, options);
  const isZsh = shell.name === 'zsh';

  inShell('whatever was set before, it works, changes nothing, and its failures are told once', async () => {
    const world = await withSpool();
    world.file('my dir/my payload.json', '{"n": 1.0}');
    const script = `${state}\n${settings}
      cd 'my dir'
      state > ../was
      capnhook_fire complete 'my payload.json'
      printf '{"n": 2.0}' | capnhook_fire complete -
      capnhook_fire complete 'no payload.json' || printf '%s\\n' "$?"
      state > ../is
      diff ../was ../is
      capnhook_fire complete 'no payload.json'
      echo 'not this far'`;
    const ended = await run(world, script, { env: { EPOCHREALTIME: '17.5' } });
    const told = 'capnhook: Cannot read the payload from "no payload.json": there is no such file\n';
    // zsh runs no EXIT trap where set -e ends it in a function.
    const ends = isZsh ? '' : 'ended\n';
    expect(ended.stdout).toBe(`66\n${shell.name === 'bash' ? 'erred\n' : ''}${ends}`);
    expect(ended.stderr).toBe(told + told);
    expect(ended.code).toBe(66);
    expect(world.names('incoming').map((name) => isGeneratedId(name.replace('.json', '')))).toEqual([
      true,
      true,
    ]);
    expect(world.names('tmp')).toEqual([]);
  });

  inShell('functions and aliases by the names of what it uses are not used', async () => {
    const world = await withSpool();
    const names = ['cat', 'date', 'ln', 'rm', 'sync', 'id', 'getent', 'mv', 'od', 'capnhook'];
    const builtins = ['printf', 'read', 'umask', 'command'];
    const script = `
      ${shell.name === 'bash' ? 'shopt -s expand_aliases' : ''}
      ${isZsh ? 'alias -g G="| grep" H="| head" T="| tail" L="| less" N="> /dev/null" A=B Z=z' : ''}
      ${names.map((name) => `alias ${name}='echo the alias ${name}'`).join('\n')}
      eval "$SHELLENV"
      unalias ${names.join(' ')}
      ${[...names, ...builtins].map((name) => `${name}() { echo the function ${name}; }`).join('\n')}
      capnhook_fire x p.json && capnhook_fire x - < p.json`;
    const env = { SETUP: script };
    expect(await run(world, 'eval "$SETUP"', { env })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(world.names('incoming')).toHaveLength(2);
  });

  inShell('in an interactive shell it is defined without a word', async () => {
    const world = await withSpool();
    const [program, ...args] = shell.command;
    const interactive = [...args.slice(0, -1), '-i', '-c'];
    const script = 'eval "$SHELLENV"; capnhook_fire x p.json; echo "code $?"';
    const env = { SHELLENV: shellenv(), PS1: '', ENV: undefined };
    const ended = await world.exec('setsid', ['-w', program, ...interactive, script], { env });
    expect(ended.stdout).toMatch(/code 0\n$/);
    expect(ended.stderr).not.toMatch(/command not found|parse error|syntax/i);
    expect(world.names('incoming')).toHaveLength(1);
  });

  inShell('with standard streams closed it does its work all the same', async () => {
    const world = await withSpool();
    const script = `
      capnhook_fire x p.json >&- 2>&- <&- || exit 1
      capnhook_fire x p.json 2>&- || exit 2
      capnhook_fire x nowhere.json >&- 2>&- <&-; test $? = 66 || exit 3
      capnhook_fire '' p.json 2>&-; test $? = 64 || exit 4`;
    expect(await run(world, script)).toMatchObject({ code: 0 });
    expect(world.names('incoming')).toHaveLength(2);
  });

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

  inShell('without /proc and the clock of the shell the id is made of /dev/urandom and by date', async () => {
    const world = await withSpool();
    const elsewhere = shellenv().replaceAll('/proc/sys/kernel/random/uuid', '/nowhere');
    const PATH = pathWith(world, { date: 'echo 1795664468.%N' });
    const env = { SHELLENV: elsewhere.replaceAll('EPOCHREALTIME', 'NO_CLOCK'), PATH };
    expect(await run(world, 'capnhook_fire x p.json && capnhook_fire x p.json', { env })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    const ids = world.names('incoming').map((name) => name.replace('.json', ''));
    expect(new Set(ids.filter(isGeneratedId)).size).toBe(2);
    expect(readFileSync(join(world.spool, 'incoming', `${ids[0]}.json`), 'utf8')).toContain(
      '"time":"2026-11-26T03:41:08.000Z"',
    );
  });

  inShell('Ctrl-C in the middle of it queues nothing', async () => {
    const world = await withSpool();
    const PATH = pathWith(world, { ln: '[ ! -e here ] || exit 1\ntouch here\nexec sleep 20' });
    const [program, ...args] = shell.command;
    const script = 'eval "$SHELLENV"; capnhook_fire x p.json; echo not this far';
    const running = world.launch('setsid', [program, ...args, script], {
      env: { PATH, SHELLENV: shellenv() },
    });
    await until('it is at ln', () => existsSync(join(world.root, 'here')));
    await sleep(100); // a shell that waits for something that is just over goes on, as it should
    process.kill(-running.pid, 'SIGINT');
    const ended = await running.ended;
    expect(['SIGINT', 130]).toContain(ended.code);
    expect(ended.stdout).toBe('');
    expect(world.names('incoming')).toEqual([]);
  });

  inShell('on a terminal it says the id', async () => {
    const world = await withSpool();
    const [program, ...args] = shell.command;
    const command = [program, ...args, `'eval "$SHELLENV"; capnhook_fire x p.json'`].join(' ');
    const env = { SHELLENV: shellenv(), SHELL: '/bin/sh' };
    const ended = await world.exec('script', ['-qec', command, '/dev/null'], { env });
    expect(ended.stdout.trimEnd()).toBe(world.names('incoming')[0]?.replace('.json', ''));
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

describe('what capnhook_fire makes up', () => {
  test('200 ids, by all shells at once from many processes, differ; and they sort by time among those of capnhook fire', {
    timeout: 240_000,
  }, async () => {
    const world = await withSpool();
    const here = shells.filter(isHere);
    // dash is the quickest, and does most of it.
    const processes = here.flatMap((shell) =>
      Array.from({ length: shell.name === 'dash' ? 10 : 2 }, () => shell),
    );
    await eachOf(
      processes,
      async (shell) => {
        const loop = 'n=0; while [ $n -lt 12 ]; do capnhook_fire x p.json || exit; n=$((n + 1)); done';
        expect(await runIn(shell, world, loop)).toEqual({ code: 0, stdout: '', stderr: '' });
      },
      8,
    );
    const ids = world.names('incoming').map((name) => name.replace('.json', ''));
    expect(ids).toHaveLength(processes.length * 12);
    expect(ids.filter((id) => !isGeneratedId(id))).toEqual([]);

    const fired: string[] = [];
    for (const shell of [...here, ...here]) {
      for (const fire of [
        () => runIn(shell, world, 'capnhook_fire y p.json'),
        () => world.run(['fire', 'y', 'p.json']),
      ]) {
        await fire();
        fired.push(
          ...world
            .names('incoming')
            .filter((name) => !ids.includes(name.replace('.json', '')) && !fired.includes(name)),
        );
      }
    }
    expect(fired).toHaveLength(here.length * 4);
    expect(fired).toEqual([...fired].sort());
  });
});
