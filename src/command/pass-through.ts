/**
 * Runs a user's command in this process's place, as env(1) or nice(1) would: with our streams, environment,
 * working directory, terminal and further descriptors, in our process group, with the signals that we get.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { errnoOf, ignoreErrno } from '../shared/errors.js';
import { copyOutput } from './copy-output.js';
import { inheritedDescriptors } from './inherited-descriptors.js';
import { passSignals } from './passed-signals.js';
import { closeWriters, createPipes, type Pipe } from './pipes.js';
import { createTail, type Tail } from './tail.js';

/** How a command has ended. */
export interface CommandEnd {
  /** As a shell has it: 128 + n for signal n; 127 for a command that is not found, 126 for one that cannot be run. */
  exitCode: number;
  /** The signal that ended it. */
  signal?: NodeJS.Signals;
  /** Why it was not run. */
  problem?: string;
  /** The end of its output, both streams together; only if it was asked for. */
  tail?: string;
}

export interface PassThroughOptions {
  /** Keeps this many bytes of the output. The command then writes to pipes, and what it writes is copied. */
  tailBytes?: number | undefined;
}

/**
 * Runs a command to its end. Signals are passed on, and do not end this process any more, until it calls `release`.
 * @param command the program, looked up in `PATH`, and its arguments
 */
export async function passThrough(
  command: readonly string[],
  { tailBytes }: PassThroughOptions,
): Promise<{ end: CommandEnd; release: () => void }> {
  let child: ChildProcess | undefined;
  const release = passSignals((signal) => child && sendTo(child, signal));
  const start = (options: SpawnOptions): ChildProcess => {
    child = spawn(command[0] ?? '', command.slice(1), options);
    return child;
  };
  const end = tailBytes === undefined ? await runPlain(start) : await runCopied(start, createTail(tailBytes));
  return { end, release };
}

/** Not `child.kill()`: where it is not permitted, as with sudo(8), that looks like a command that cannot be run. */
function sendTo({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    ignoreErrno(error);
  }
}

type Start = (options: SpawnOptions) => ChildProcess;

async function runPlain(start: Start): Promise<CommandEnd> {
  try {
    return await endOf(start({ stdio: stdioWith('inherit', 'inherit', inheritedDescriptors()) }));
  } catch (error) {
    return notRun(error);
  }
}

async function runCopied(start: Start, tail: Tail): Promise<CommandEnd> {
  const inherited = inheritedDescriptors();
  const pipes = createPipes(2);
  try {
    const child = started(start, pipes, inherited);
    const streams = pipes?.map(({ reader }) => reader) ?? [child.stdout, child.stderr];
    const copies = streams.flatMap((stream, index) => (stream ? [copyOutput(stream, index + 1, tail)] : []));
    const end = await endOf(child);
    await Promise.all(copies.map(({ finish }) => finish()));
    return { ...end, tail: tail.text() };
  } catch (error) {
    for (const { reader } of pipes ?? []) reader.destroy();
    return { ...notRun(error), tail: '' };
  }
}

function started(start: Start, pipes: Pipe[] | undefined, inherited: readonly number[]): ChildProcess {
  const [out, err] = pipes ?? [];
  try {
    return start({ stdio: stdioWith(out?.writer ?? 'pipe', err?.writer ?? 'pipe', inherited) });
  } finally {
    closeWriters(pipes ?? []);
  }
}

type Output = 'inherit' | 'pipe' | number;

function stdioWith(out: Output, err: Output, others: readonly number[]): Array<Output | 'ignore'> {
  const stdio: Array<Output | 'ignore'> = ['inherit', out, err];
  for (const fd of others) {
    while (stdio.length < fd) stdio.push('ignore'); // closed, above standard error
    stdio[fd] = fd;
  }
  return stdio;
}

async function endOf(child: ChildProcess): Promise<CommandEnd> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal === null) return { exitCode: code ?? 0 };
  return { exitCode: 128 + constants.signals[signal], signal };
}

/** @throws the given error, if it is not a failed system call */
function notRun(error: unknown): CommandEnd {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return { exitCode: 127, problem: 'there is no such command' };
  const problem = errno === 'EACCES' ? 'permission denied' : `it cannot be run (${errno})`;
  return { exitCode: 126, problem };
}
