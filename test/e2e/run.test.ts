/** `capnhook run` beside env(1): the command must not notice the difference. */
import { mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { waitingIn } from '../support/events.js';
import { misfits } from '../support/json-schemas.js';
import { bin, createWorld, node, type Running, until, type World } from '../support/world.js';

/** Waits, in a shell, for a file, or for the end of the test. */
const untilThere = (name: string): string => `until test -e ${name} || ! test -e "$PWD"; do sleep 0.02; done`;

/** Says that it is ready, and which signals it gets; SIGTERM ends it with 7. */
const listening = `
for s in INT QUIT HUP USR1 USR2 ALRM; do trap "echo got $s" $s; done
trap 'echo got TERM; exit 7' TERM
echo ready >&2
while test -e "$PWD"; do sleep 0.02; done`;

function runIt(world: World, args: readonly string[], options = {}): ReturnType<World['run']> {
  return world.run(['run', 'job', ...args], options);
}

describe('capnhook run is transparent:', () => {
  test.each([
    ['exit 0'],
    ['exit 1'],
    ['exit 255'],
    ['cat'],
    ['cat; echo err >&2; exit 3'],
    ['echo "$1|$2|$#"'],
    ['pwd'],
    ['echo "$PATH $HOME"; env | grep -c CAPNHOOK'],
    ['exec cat >&2'],
    ['head -c 300000 /dev/zero | tr "\\0" x'],
    ['exec 1>&-; exit 4'],
    ['exec 0<&-; exit 5'],
    ['ps -o pgid= -p $$ | grep -q "^ *$(ps -o pgid= -p $PPID)$"'],
    ['umask'],
  ])('%j does as in env(1)', async (script) => {
    const world = createWorld();
    const command = ['sh', '-c', script, 'sh', '-c --', 'ü\n'];
    const input = 'some input\n';
    const inEnv = await world.exec('env', command, { input });
    expect(await runIt(world, ['--', ...command], { input })).toEqual(inEnv);
    const copied = await runIt(world, ['--tail', '1k', '--', ...command], { input });
    expect(copied).toEqual(inEnv);
    expect(waitingIn(world)).toHaveLength(2);
  });

  test.each(['KILL', 'TERM', 'INT', 'SEGV', 'PIPE'])(
    'a command that SIG%s ends has 128 + n',
    async (name) => {
      const world = createWorld();
      const script = `kill -${name} $$`;
      const { stdout } = await world.sh(
        `"$NODE" "$BIN" run job -- sh -c '${script}'; echo $?; sh -c '${script}'; echo $?`,
      );
      const [ours, plain] = stdout.trim().split('\n');
      expect(ours).toBe(plain);
      expect(waitingIn(world)).toMatchObject([{ hook: 'job.failed', payload: { signal: `SIG${name}` } }]);
      expect(waitingIn(world)[0]?.payload).not.toHaveProperty('exitCode');
    },
  );

  test.each([
    ['nosuch-command', 127, 'there is no such command'],
    ['/nowhere/command', 127, 'there is no such command'],
    ['/etc/passwd/x', 127, 'there is no such command'],
    ['/etc/passwd', 126, 'permission denied'],
    ['/', 126, 'permission denied'],
  ])('%s ends with %i, and is reported', async (command, code, problem) => {
    const world = createWorld();
    expect(await runIt(world, ['--', command])).toEqual({
      code,
      stdout: '',
      stderr: `capnhook: cannot run "${command}": ${problem}\n`,
    });
    expect(waitingIn(world)).toMatchObject([{ hook: 'job.failed', payload: { exitCode: code, problem } }]);
  });

  test('a descriptor that a shell has opened is open in the command', async () => {
    const world = createWorld();
    const script = 'exec 9> nine; "$NODE" "$BIN" run job -- sh -c "echo 9 >&9; cat <&8" 8< eight';
    world.file('eight', 'eight');
    expect(await world.sh(script)).toEqual({ code: 0, stdout: 'eight', stderr: '' });
    expect(readFileSync(join(world.root, 'nine'), 'utf8')).toBe('9\n');
  });

  test('a script can open its output again by name, with --tail too', async () => {
    const world = createWorld();
    for (const tail of ['', '--tail 1k']) {
      const run = `"$NODE" "$BIN" run job ${tail} -- sh -c 'echo out > /dev/stdout; echo err > /dev/stderr'`;
      expect(await world.sh(`${run} 2> err | cat; cat err`)).toEqual({
        code: 0,
        stdout: 'out\nerr\n',
        stderr: '',
      });
    }
  });

  test('it opens no descriptor of its own in the command', async () => {
    const world = createWorld();
    const list = ['sh', '-c', 'ls /proc/$$/fd'];
    const inEnv = await world.exec('env', list);
    expect(await runIt(world, ['--', ...list])).toEqual(inEnv);
    expect(await runIt(world, ['--tail', '9', '--', ...list])).toEqual(inEnv);
  });

  test('a reader that closes the output ends the command by SIGPIPE, with --tail too', async () => {
    const world = createWorld();
    for (const tail of [[], ['--tail', '4']]) {
      const { stdout } = await world.sh(`"$NODE" "$BIN" run job ${tail.join(' ')} -- yes | head -n 1`);
      expect(stdout).toBe('y\n');
      await until('it is queued', () => waitingIn(world).length > (tail.length === 0 ? 0 : 1));
    }
    expect(waitingIn(world).map(({ payload }) => payload.signal)).toEqual(['SIGPIPE', 'SIGPIPE']);
  });
});

describe('capnhook run and signals:', () => {
  test.each<NodeJS.Signals>(['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'])(
    '%s is passed on once, and run goes on',
    async (signal) => {
      const running = await listener(createWorld());
      running.kill(signal);
      await until('it is heard', () => running.heard().includes('got'));
      running.kill('SIGTERM');
      expect(await running.ended).toMatchObject({
        code: 7,
        stdout: `got ${signal.slice(3)}\ngot TERM\n`,
      });
    },
  );

  test('a signal that ends the command ends run with 128 + n, and is reported', async () => {
    const world = createWorld();
    const running = world.start(['run', 'job', '--', 'sh', '-c', 'echo ready >&2; exec sleep 60']);
    await running.says('ready');
    running.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 143 });
    expect(waitingIn(world)).toMatchObject([{ hook: 'job.failed', payload: { signal: 'SIGTERM' } }]);
  });

  test('SIGTSTP stops both, and SIGCONT continues both', async () => {
    const world = createWorld();
    const run = `${node} ${bin} run job -- sh -c 'echo $$ > pid; echo ready >&2; ${untilThere('go')}'`;
    // In a group of its own, with a parent that could continue it; otherwise the kernel ignores SIGTSTP.
    const script = `${run} & echo $! > run; ${untilThere('go')}; wait $!; echo code $?`;
    const parent = world.launch('bash', ['-mc', script]);
    await parent.says('ready');
    await until('the command runs', () => pidIn(world, 'pid') > 0);
    const pids = [pidIn(world, 'run'), pidIn(world, 'pid')];
    process.kill(pids[0]!, 'SIGTSTP');
    await until('both have stopped', () => pids.every((pid) => stateOf(pid) === 'T'));
    process.kill(pids[0]!, 'SIGCONT');
    await until('both go on', () => pids.every((pid) => stateOf(pid) !== 'T'));
    world.file('go', '');
    expect(await parent.ended).toMatchObject({ stdout: expect.stringContaining('code 0') });
  });

  test('Ctrl-C on a terminal reaches the command once, and ends a loop around it', async () => {
    const world = createWorld();
    world.file(
      'once.sh',
      `
      test -t 0 && test -t 1 && test -t 2 && echo terminal
      n=0; trap 'n=$((n+1)); : > heard' INT; : > ready
      ${untilThere('go')}; echo "heard $n"`,
    );
    const capnhook = `${node} ${bin} run job --`;
    const typed = `
      ${untilThere('ready')}; printf '\\003'
      ${untilThere('heard')}; sleep 0.2; : > go
      ${untilThere('second')}; printf '\\003'`;
    world.file(
      'terminal.sh',
      `${capnhook} sh once.sh; echo code $?
      while :; do ${capnhook} sh -c ': > second; exec sleep 10'; done`,
    );
    const { stdout } = await world.exec('sh', [
      '-c',
      `(${typed}) | script -qec 'bash terminal.sh' /dev/null`,
    ]);
    expect(stdout).toContain('terminal\r\n');
    expect(stdout).toContain('heard 1\r\n');
    expect(stdout).toContain('code 0\r\n');
    expect(waitingIn(world)).toMatchObject([
      { hook: 'job.succeeded', payload: { exitCode: 0 } },
      { hook: 'job.failed', payload: { signal: 'SIGINT' } },
    ]);
  });
});

/** Starts a command that tells of its signals. */
async function listener(world: World): Promise<Running & { heard: () => string }> {
  let heard = '';
  const running = world.start(['run', 'job', '--', 'sh', '-c', listening]);
  running.child.stdout.on('data', (text: string) => {
    heard += text;
  });
  await running.says('ready');
  return { ...running, heard: () => heard };
}

function pidIn(world: World, name: string): number {
  try {
    return Number(readFileSync(join(world.root, name), 'utf8'));
  } catch {
    return 0; // not written yet
  }
}

/** A process's state by proc(5). */
function stateOf(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat[stat.lastIndexOf(')') + 2];
}

describe('the events of capnhook run:', () => {
  test('a success and a failure, which fit their schema', async () => {
    const world = createWorld();
    const before = Date.now();
    await runIt(world, ['--', 'true']);
    await runIt(world, ['--', 'sh', '-c', 'exit 3']);
    const [success, failure] = waitingIn(world);
    expect(success?.hook).toBe('job.succeeded');
    expect(success?.payload).toEqual({
      version: 1,
      name: 'job',
      host: hostname(),
      startedAt: expect.any(String),
      durationMs: expect.any(Number),
      exitCode: 0,
    });
    expect(Date.parse(String(success?.payload.startedAt))).toBeGreaterThanOrEqual(before);
    expect(failure).toMatchObject({ hook: 'job.failed', payload: { exitCode: 3 } });
    for (const event of [success, failure]) expect(misfits('run', event?.payload)).toEqual([]);
  });

  test('--only-failures queues no success, and --started what has begun', async () => {
    const world = createWorld();
    await runIt(world, ['--only-failures', '--', 'true']);
    expect(waitingIn(world)).toEqual([]);
    await runIt(world, ['--only-failures', '--', 'false']);
    await runIt(world, ['--started', '-v', '--', 'true']);
    expect(waitingIn(world).map(({ hook }) => hook)).toEqual(['job.failed', 'job.started', 'job.succeeded']);
    const started = waitingIn(world)[1]?.payload;
    expect(Object.keys(started ?? {})).toEqual(['version', 'name', 'host', 'startedAt']);
    expect(misfits('run', started)).toEqual([]);
  });

  test('--tail has the end of both streams', async () => {
    const world = createWorld();
    const script = 'echo first; echo out; sleep 0.1; echo err >&2';
    expect(await runIt(world, ['--tail', '8', '--', 'sh', '-c', script])).toEqual({
      code: 0,
      stdout: 'first\nout\n',
      stderr: 'err\n',
    });
    expect(waitingIn(world)[0]?.payload).toMatchObject({ tail: 'out\nerr\n' });
    expect(misfits('run', waitingIn(world)[0]?.payload)).toEqual([]);
  });

  test('--tail does not wait for a silent process that the command leaves behind', async () => {
    const world = createWorld();
    const ended = await runIt(world, [
      '--tail',
      '1k',
      '--',
      'sh',
      '-c',
      'sleep 40 & echo $! > pid; echo done',
    ]);
    expect(ended).toMatchObject({ code: 0, stdout: 'done\n' });
    process.kill(pidIn(world, 'pid')); // it throws if that one had ended before
  });

  test.each([[[]], [['--tail', '1k']]])(
    'with %j the command runs where nothing can be queued, and its exit code counts',
    async (tail) => {
      const world = createWorld();
      const notSpool = world.file('file', '');
      expect(
        await runIt(world, ['--spool', notSpool, ...tail, '--', 'sh', '-c', 'echo ran; exit 5']),
      ).toMatchObject({
        code: 5,
        stdout: 'ran\n',
        stderr: expect.stringMatching(/^capnhook: job\.failed is not queued: .+\n$/),
      });
    },
  );

  test('it reads no hooks file, and takes no lock', async () => {
    const world = createWorld();
    mkdirSync(world.config);
    expect(await runIt(world, ['--', 'true'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(waitingIn(world)).toHaveLength(1);
  });
});

describe('capnhook run refuses', () => {
  test.each([
    [['job', 'touch', 'ran'], 'no -- stands before the command'],
    [['job', '--'], 'no command is given'],
    [['--', 'touch', 'ran'], 'no name is given'],
    [['job', 'x', '--', 'touch', 'ran'], 'no single name is given'],
    [['a/b', '--', 'touch', 'ran'], "not a hook's name"],
    [['x'.repeat(125), '--', 'touch', 'ran'], "not a hook's name"],
    [['job', '--tail', '2m', '--', 'touch', 'ran'], '--tail must be a size'],
    [['job', '--tail', 'x', '--', 'touch', 'ran'], '--tail must be a size'],
    [['job', '--tail', '0', '--', 'touch', 'ran'], '--tail must be a size'],
    [['job', '--expect', '--', 'touch', 'ran'], 'unknown option'],
  ])('%j, and runs nothing', async (args, message) => {
    const world = createWorld();
    const ended = await world.run(['run', ...args]);
    expect(ended).toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining(message) });
    expect(() => readFileSync(join(world.root, 'ran'))).toThrow('ENOENT');
    expect(world.names('incoming')).toEqual([]);
  });
});
