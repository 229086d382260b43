/**
 * Runs a user's command, without a shell. The command reads a text from its
 * standard input, and its output is discarded. It is killed when its time is
 * up. Every failure is a result, never an exception.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { formatDuration } from '../shared/duration.js';
import { errnoOf, ignoreErrno } from '../shared/errors.js';

export interface RunCommandOptions {
  /** The text on its standard input. */
  input: string;
  /** Time limit in ms. After it the command and its children are killed. */
  timeoutMs: number;
  /** Kills the command and its children. */
  signal: AbortSignal;
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs a command to its end.
 * @param command the program, looked up in `PATH`, and its arguments
 * @returns undefined if it exited with 0; otherwise the reason, without arguments and input
 */
export async function runCommand(
  [program = '', ...args]: readonly string[],
  { input, timeoutMs, signal, env }: RunCommandOptions,
): Promise<string | undefined> {
  if (signal.aborted) return 'there was no time left for the command';
  let child: ChildProcess;
  try {
    // Some failures to start are thrown (ENOTDIR, E2BIG), others are an event (ENOENT).
    // A process group of its own lets us kill the command with its children.
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
  // Without free file descriptors the command is not started, and has no standard input.
  child.stdin?.on('error', () => {}); // the command need not read its input
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
