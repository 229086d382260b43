/**
 * Runs a command of the user's, without a shell. It gets a text on its standard
 * input, and its output is dropped. It never outlives its time, and whatever
 * becomes of it is a result, never an exception.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { formatDuration } from '../shared/duration.js';
import { errnoOf, ignoreErrno } from '../shared/errors.js';

export interface RunCommandOptions {
  /** What it reads. */
  input: string;
  /** After so many ms it is killed, with what it has started. */
  timeoutMs: number;
  /** Kills it. */
  signal: AbortSignal;
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs a command to its end.
 * @param command the program, looked up in `PATH`, and its arguments
 * @returns undefined if it exited with 0; otherwise what went wrong, in words that hold neither arguments nor input
 */
export async function runCommand(
  [program = '', ...args]: readonly string[],
  { input, timeoutMs, signal, env }: RunCommandOptions,
): Promise<string | undefined> {
  if (signal.aborted) return 'there was no time left for the command';
  let child: ChildProcess;
  try {
    // Some reasons not to start it are thrown (ENOTDIR, E2BIG), others are an event (ENOENT).
    // In a group of its own, so that what it has started ends with it.
    child = spawn(program, args, { env, stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  } catch (error) {
    return cannotStart(error);
  }
  const kill = (): void => killGroup(child);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, timeoutMs);
  signal.addEventListener('abort', kill);
  // One that was not started for want of file descriptors has no standard input.
  child.stdin?.on('error', () => {}); // it need not read what it is offered
  child.stdin?.end(input);
  try {
    const [code, killedBy] = await once(child, 'close');
    if (isLate) return `the command took longer than ${formatDuration(timeoutMs)}`;
    if (killedBy !== null) return `the command was ended by ${killedBy}`;
    return code === 0 ? undefined : `the command exited with ${code}`;
  } catch (error) {
    return cannotStart(error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    ignoreErrno(error); // it has just ended
  }
}

function cannotStart(error: unknown): string {
  return `the command cannot be started (${errnoOf(error) ?? 'unknown'})`;
}
