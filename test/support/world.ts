/** A world of its own for the real command: a home, a spool, a hooks file, and receivers that listen on 127.0.0.1. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type AnswerRequest, type Receiver, startReceiver } from './receiver.js';
import { tempDir } from './temp.js';

/** The node binary that every child runs on. */
export const node: string = process.env.CAPNHOOK_TEST_NODE || process.execPath;

/** The repository. */
export const repository: string = join(import.meta.dirname, '../..');

/** The launcher, as it is installed. */
export const bin: string = join(repository, 'bin/capnhook.js');

/** What of the package the command needs to run. */
const runtimeFiles: readonly string[] = ['bin', 'dist', 'shell', 'hooks.schema.json', 'package.json'];

/**
 * Copies what the command needs into a directory, readable for every user: the clone itself may lie where only its
 * owner can enter. @returns the launcher's path in the copy
 */
export function installInto(directory: string): string {
  for (const name of runtimeFiles) cpSync(join(repository, name), join(directory, name), { recursive: true });
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true }))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  chmodSync(directory, 0o755);
  return join(directory, 'bin/capnhook.js');
}

/** No child lives longer than this, in ms, unless it may (`lifeMs`): one that does is killed, and the test fails. */
const longestLifeMs = 50_000;

/** How a child has ended, and what it said. */
export interface Ended {
  /** The exit code, or the signal that ended it. */
  code: number | NodeJS.Signals;
  stdout: string;
  stderr: string;
}

/** A child that runs. */
export interface Running {
  readonly pid: number;
  readonly child: ChildProcessWithoutNullStreams;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when standard error holds the text. */
  says(text: string): Promise<void>;
  ended: Promise<Ended>;
}

export interface RunOptions {
  /** Fed to standard input, which is closed then; nothing by default. */
  input?: string | Uint8Array;
  /** Over the world's environment; undefined takes a variable out. */
  env?: Record<string, string | undefined>;
  /** Stands before the command: `['nsenter', …]`. */
  prefix?: readonly string[];
  /** How long it may live, in ms; 50 s by default. */
  lifeMs?: number;
}

export interface World {
  /** Everything of this world is below it. */
  readonly root: string;
  readonly home: string;
  readonly spool: string;
  readonly config: string;
  /** The environment of its children: `PATH`, `HOME`, and for shells `NODE` and `BIN`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lets other users in: they can enter `root`, and `capnhook` is a copy that they can run. */
  openToOthers(): void;
  /** Runs `capnhook …` to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Starts `capnhook …`. */
  start(args: readonly string[], options?: RunOptions): Running;
  /** Runs a script in a plain `sh`, where `capnhook` is a function that runs the bin. */
  sh(script: string, options?: RunOptions): Promise<Ended>;
  /** Runs any command to its end. */
  exec(command: string, args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Starts any command. */
  launch(command: string, args: readonly string[], options?: RunOptions): Running;
  /** Writes a file below `root`, and returns its path. */
  file(name: string, content: string | Uint8Array): string;
  /** Writes the hooks file, as if long ago. */
  hooks(text: string): void;
  /** Writes the hooks file in its place, just now. */
  hooksInPlace(text: string): void;
  /** Starts a receiver that is closed at the end of the test. */
  receiver(answer?: AnswerRequest): Promise<Receiver>;
  /** The names below a directory of the spool, sorted; none where it is missing. */
  names(directory: string): string[];
}

/** Makes a world; at the end of the test its children are ended and its directory is removed. */
export function createWorld(): World {
  const root = tempDir();
  const home = join(root, 'home');
  const spool = join(home, '.local/state/capnhook/spool');
  const config = join(home, '.config/capnhook/hooks.yaml');
  mkdirSync(dirname(config), { recursive: true });
  const env = { PATH: process.env.PATH, HOME: home, NODE: node, BIN: bin };
  const installed = join(root, 'installed');
  onTestFinished(() => endDaemon(spool));

  const launch: World['launch'] = (command, args, options = {}) => {
    const [program = '', ...rest] = [...(options.prefix ?? []), command, ...args];
    const child = spawn(program, rest, { cwd: root, env: { ...env, ...options.env } });
    child.stdin.on('error', () => undefined); // it need not read what it is offered
    child.stdin.end(options.input);
    return follow(child, options.lifeMs);
  };

  const exec: World['exec'] = (command, args, options) => launch(command, args, options).ended;
  return {
    root,
    home,
    spool,
    config,
    env,
    openToOthers() {
      chmodSync(root, 0o755);
      if (!existsSync(installed)) env.BIN = installInto(installed);
    },
    run: (args, options) => exec(node, [env.BIN, ...args], options),
    start: (args, options) => launch(node, [env.BIN, ...args], options),
    sh: (script, options) => exec('sh', ['-c', `capnhook() { "$NODE" "$BIN" "$@"; }\n${script}`], options),
    exec,
    launch,
    file(name, content) {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
    hooks(text) {
      const fresh = `${config}.new`; // a daemon must not find it with the time of just now
      writeFileSync(fresh, text);
      utimesSync(fresh, 1, 1);
      renameSync(fresh, config);
    },
    hooksInPlace: (text) => writeFileSync(config, text),
    async receiver(answer) {
      const receiver = await startReceiver(answer);
      onTestFinished(() => receiver.close());
      return receiver;
    },
    names: (directory) => {
      const path = join(spool, directory);
      return existsSync(path) ? readdirSync(path).sort() : [];
    },
  };
}

function follow(child: ChildProcessWithoutNullStreams, lifeMs = longestLifeMs): Running {
  const out = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      out[name] += text;
    });
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), lifeMs);
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    clearTimeout(timer);
    return { code: code ?? signal, ...out };
  });
  const kill = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  onTestFinished(async () => {
    kill('SIGKILL');
    await ended;
  });
  async function says(text: string): Promise<void> {
    while (!out.stderr.includes(text)) {
      const next = await Promise.race([once(child.stderr, 'data'), ended]);
      if (!Array.isArray(next) && !out.stderr.includes(text)) {
        throw new Error(`it ended (${next.code}) without saying "${text}", but: ${next.stderr}`);
      }
    }
  }
  return { pid: child.pid ?? 0, child, kill, says, ended };
}

/** Ends a daemon that a failed test has left, by the number in the spool's lock. */
function endDaemon(spool: string): void {
  const lock = join(spool, 'lock');
  const text = existsSync(lock) ? readFileSync(lock, 'utf8') : '';
  if (text.trim() === '') return;
  const { pid } = JSON.parse(text) as { pid: number };
  // Numbers are given again: only a command line that names this spool is ours.
  const command = `/proc/${pid}/cmdline`;
  if (existsSync(command) && readFileSync(command, 'utf8').includes(spool)) process.kill(pid, 'SIGKILL');
}

/** Whether a process runs; a zombie has ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = existsSync('/proc/self') ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
  return stat[stat.lastIndexOf(')') + 2] !== 'Z';
}

/** Resolves when the condition holds; throws with `what` after so many ms, 20 seconds by default. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  longestMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + longestMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Does the work for each item, so many at once. */
export async function eachOf<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
  atOnce = 4,
): Promise<void> {
  const rest = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of rest) await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** A promise with its resolver outside, and an answer of a receiver that waits for it. */
export function gate(): { passed: Promise<void>; open: () => void; held: AnswerRequest } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  const held = async (): Promise<undefined> => {
    await passed;
    return undefined;
  };
  return { passed, open, held };
}
