/** Running other programs: whole and timed, or until the scope ends. Each is ended by its own pid. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanEnv } from './env.mjs';

const longestMs = 240_000;

/** The time now, in ms, by a clock that all processes of the machine share. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/**
 * Runs a short process and gives how long it took from fork to end, in ms.
 * Nothing else runs in this process meanwhile.
 * @param {string[]} command program and arguments
 * @throws if it does not end with 0
 */
export function timeProcess([program, ...args], { env = cleanEnv(), cwd, input } = {}) {
  const stdin = input === undefined ? 'ignore' : 'pipe';
  const options = { env, cwd, input, stdio: [stdin, 'ignore', 'pipe'], timeout: longestMs };
  const start = nowMs();
  const { status, signal, stderr, error } = spawnSync(program, args, options);
  const ms = nowMs() - start;
  if (error) throw error;
  if (status !== 0) throw failure([program, ...args], status ?? signal, String(stderr));
  return ms;
}

/**
 * Runs a process that takes long, so that signals are heard meanwhile.
 * @returns {Promise<{ ms: number, stdout: string }>}
 * @throws if it does not end with 0
 */
export async function runProcess(scope, command, options = {}) {
  const start = nowMs();
  const child = startProcess(scope, command, options);
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? longestMs);
  const [status, signal] = await once(child, 'exit');
  const ms = nowMs() - start;
  clearTimeout(timer);
  if (child.stdout !== null && !child.stdout.closed) await once(child, 'close');
  if (status !== 0) throw failure(command, status ?? signal, child.said());
  return { ms, stdout: child.out() };
}

/**
 * Starts a process that is ended with the scope at the latest.
 * @returns the child, with `said()` and `out()`: what it wrote to standard error and standard output
 */
export function startProcess(scope, [program, ...args], options = {}) {
  const { env = cleanEnv(), cwd, uid, gid, ipc = false } = options;
  const stdio = ['pipe', 'pipe', 'pipe', ...(ipc ? ['ipc'] : [])];
  const child = spawn(program, args, { env, cwd, uid, gid, stdio });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      texts[name] += text;
    });
  }
  child.on('error', (error) => {
    texts.stderr += error.message;
  });
  child.stdin.on('error', () => {}); // it has ended before it was told anything
  scope.defer(() => endProcess(child));
  return Object.assign(child, { said: () => texts.stderr, out: () => texts.stdout });
}

/** Ends a process: SIGTERM, and SIGKILL if it is still there after 10 seconds. */
export async function endProcess(child, signal = 'SIGTERM') {
  if (child.pid === undefined || hasEnded(child)) return;
  const end = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await end;
  clearTimeout(timer);
}

/** Whether a process is gone. */
export function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null;
}

/**
 * Waits until something is so, looking again and again.
 * @param {() => unknown} check may be async
 * @throws after `timeoutMs`, with `what` was waited for
 */
export async function until(check, { what, everyMs = 5, timeoutMs = longestMs }) {
  const deadline = nowMs() + timeoutMs;
  while (!(await check())) {
    if (nowMs() > deadline) throw new Error(`waited for ${what} in vain`);
    await sleep(everyMs);
  }
}

function failure(command, status, said) {
  const words = command.map((word) => word.split('/').at(-1)).join(' ');
  return new Error(`${words.slice(0, 80)} ended with ${status}: ${said.trim().slice(0, 400)}`);
}
