/** capnhook_fire in shells that are set up oddly: what it needs, and what it leaves alone. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isGeneratedId } from '../../src/event/event-id.js';
import { isHere, pathWith, runIn, shellenv, shells, testIn, withSpool } from '../support/shells.js';
import { type Ended, eachOf, type RunOptions, until, type World } from '../support/world.js';

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
