import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { hostname, constants as osConstants } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, hooksPath, namedHooks, namedSpool, pathOf, spoolPath } from '../config/paths.js';
import { CapnhookError, errnoOf, ignoreErrno } from '../shared/errors.js';
import { errorCodeOf, exitCodes } from '../shared/exit-codes.js';
import { makePath } from '../shared/machine/make-path.js';
import { packageRoot } from '../shared/machine/package-info.js';
import { monotonicMs } from '../shared/monotonic.js';
import { spoolError } from '../spool/file/disk/spool-error.js';
import { identityOf, isAlive } from '../spool/file/lock/process-identity.js';
import type { Holder } from '../spool/spool.js';
import { describeHolder } from '../usecases/busy.js';
import { checkBinding } from './hooks-binding.js';
import { existingSpoolPath, openSpool } from './open-spool.js';

export interface StartOptions {
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** The hooks file; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Whether the hooks file takes over a spool that belongs to another one; default false. */
  adopt?: boolean | undefined;
  /** Where the daemon's words go, added at the end; default beside the spool: `<spool>.log`. */
  log?: string | undefined;
  /** Default `process.env`; the daemon gets it too. */
  env?: Environment;
  /** How long the daemon may take to begin, in ms; default 10,000. */
  timeoutMs?: number;
}

/** Whether a daemon was started, with its log, or was running already. */
export type Started = { started: true; pid: number; log: string } | { started: false; pid: number };

export interface StopOptions {
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
  /** How long to wait until it is gone, in ms; default 30,000. */
  timeoutMs?: number | undefined;
}

export interface Stopped {
  /** Who was stopped; undefined if nobody was draining. */
  holder: Holder | undefined;
}

const pollMs = 20;

/**
 * Starts a daemon in the background, and resolves when it is draining.
 * @throws CapnhookError with what the daemon said, if it ended at once; `TEMPORARY` if it took too long; `SPOOL_CREATE` for a log that cannot be opened
 */
export async function start(options: StartOptions = {}): Promise<Started> {
  const env = options.env ?? process.env;
  const root = existingSpoolPath(env, { asked: options.spool, doing: 'start the daemon' });
  const log = pathOf('--log', options.log) ?? `${root}.log`;
  // The daemon is told its path, so to the daemon it is a named one, which must be there.
  if (namedSpool(env, options.spool) === undefined) makeDirectory(root);
  const spool = openSpool(root);
  const config = hooksPath(env, options.config);
  const { adopt = false } = options;
  const running = await spool.holder();
  // A daemon that runs goes on with its own.
  await checkBinding(spool, { config, adopt: adopt && running === undefined, doing: 'start the daemon' });
  if (running?.mode === 'daemon') return { started: false, pid: running.pid };
  const fd = openLog(log);
  const from = fstatSync(fd).size;
  let child: ChildProcess | undefined;
  try {
    const args = ['drain', '--daemon', '--spool', root];
    if (namedHooks(env, options.config) !== undefined) args.push('--config', config);
    if (adopt) args.push('--adopt');
    child = spawn(process.execPath, [join(packageRoot(), 'bin/capnhook.js'), ...args], {
      cwd: '/',
      detached: true,
      env: { ...env, CAPNHOOK_LOG: log },
      stdio: ['ignore', fd, fd],
    });
    let end: Error | number | null | undefined;
    child.on('error', (error) => {
      end = error;
    });
    child.on('exit', (code, signal) => {
      end = signal === null ? code : 128 + osConstants.signals[signal] || null;
    });
    const deadline = monotonicMs() + (options.timeoutMs ?? 10_000);
    for (;;) {
      // While the daemon starts, nothing here may try the lock: it would stand in its way.
      const holder = await spool.holder({ visibleOnly: end === undefined });
      if (child.pid !== undefined && holder?.pid === child.pid) break;
      // Two were started at once, and the other one was faster.
      if (end === exitCodes.temporary && holder?.mode === 'daemon')
        return { started: false, pid: holder.pid };
      if (end instanceof Error) throw cannotSpawn(end);
      if (end !== undefined)
        throw endedAtOnce(readFrom(log, from), { exitCode: end, busy: holder !== undefined });
      if (monotonicMs() > deadline) throw tooSlow(log, child.pid);
      await sleep(pollMs);
    }
    return { started: true, pid: child.pid, log };
  } finally {
    child?.unref(); // whoever started it may end, also when it gave up waiting
    closeSync(fd);
  }
}

/**
 * Ends the drain that is running on the spool, and resolves when it is gone.
 * @throws CapnhookError `TEMPORARY` if it is still there after `timeoutMs`; `PERMISSION`; `BUSY` if it runs on another machine; `USAGE` if it is this very process
 */
export async function stop(options: StopOptions = {}): Promise<Stopped> {
  const root = spoolPath(options.env ?? process.env, options.spool);
  const spool = openSpool(root);
  const holder = await spool.holder();
  if (holder === undefined) {
    if (await spool.isHeld()) throw isNameless(root);
    return { holder };
  }
  if (!holder.isVisible) throw runsElsewhere(holder);
  if (holder.pid === process.pid) throw stopsItself();
  const running = identityOf(holder.pid);
  terminate(holder);
  const deadline = monotonicMs() + (options.timeoutMs ?? 30_000);
  // It lets go of the spool shortly before it ends.
  while ((await spool.holder({ visibleOnly: true }))?.pid === holder.pid || isAlive(running) === true) {
    if (monotonicMs() > deadline) {
      throw new CapnhookError(
        'TEMPORARY',
        `Cannot stop the drain in time: it is still there (${describeHolder(holder)})`,
        {
          hint: `It may be waiting for a slow receiver, or for whoever reads its log. Nothing is lost by kill -9 ${holder.pid}.`,
        },
      );
    }
    await sleep(pollMs);
  }
  return { holder };
}

/** It may be a process of this machine that has the same number there as another one here: no signal is sent. */
function runsElsewhere(holder: Holder): CapnhookError {
  const isSameHost = holder.host === hostname();
  const where = isSameHost ? 'in another container (pid namespace)' : 'on another machine';
  return new CapnhookError('BUSY', `Cannot stop the drain: it runs ${where} (${describeHolder(holder)})`, {
    hint: isSameHost
      ? 'Run capnhook stop where it was started. Until then the spool is in use.'
      : `Run capnhook stop on ${holder.host}. Until then the spool is in use.`,
  });
}

/** The lock is held, and its file does not say by whom, as on a full disk. */
function isNameless(root: string): CapnhookError {
  return new CapnhookError(
    'BUSY',
    `Cannot stop the drain: ${root}/lock is held, and does not say by which process`,
    {
      hint: `Find the process with: fuser ${root}/lock`,
    },
  );
}

function stopsItself(): CapnhookError {
  return new CapnhookError('USAGE', 'Cannot stop the drain: it is this very process', {
    hint: 'Give drain() a `stop` signal, and abort that.',
  });
}

function terminate(holder: Holder): void {
  try {
    process.kill(holder.pid, 'SIGTERM');
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return; // it has just ended
    throw new CapnhookError(
      'PERMISSION',
      `Cannot stop the drain: not permitted (${describeHolder(holder)})`,
      {
        cause: error,
        hint: 'Run capnhook stop as the user who started it.',
      },
    );
  }
}

function makeDirectory(path: string): void {
  try {
    makePath(path, 0o700);
  } catch (error) {
    throw spoolError(error, { doing: 'create or open the spool', root: path, otherwise: 'SPOOL_CREATE' });
  }
}

/** Links of the system's to what this process was given, which no other user can lead elsewhere. */
const ownStreams = ['/dev/stdout', '/dev/stderr'];

function openLog(path: string): number {
  try {
    makePath(dirname(path), 0o700);
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
    const noFollow = ownStreams.includes(path) ? 0 : O_NOFOLLOW;
    return openSync(path, O_WRONLY | O_APPEND | O_CREAT | noFollow, 0o600);
  } catch (error) {
    if (errnoOf(error) === 'ELOOP')
      throw new CapnhookError('SPOOL_CREATE', `Cannot open the log ${path}: it is a symbolic link`, {
        cause: error,
        hint: 'Another user could choose where it leads. Name the file itself with --log.',
      });
    throw new CapnhookError('SPOOL_CREATE', `Cannot open the log ${path} (${errnoOf(error)})`, {
      cause: error,
      hint: 'Name another place with --log.',
    });
  }
}

/** At most the last 4 KiB that were added to a file since it was `from` bytes long; nothing of what is no file. */
function readFrom(path: string, from: number): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const start = Math.max(from, fstatSync(fd).size - 4096);
    const bytes = Buffer.alloc(4096);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, start));
  } catch (error) {
    ignoreErrno(error); // a pipe, a terminal: whoever reads it has the words already
    return '';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The error that the daemon ended with, told anew. */
function endedAtOnce(said: string, { exitCode, busy }: { exitCode: number | null; busy: boolean }): Error {
  if (exitCode === exitCodes.terminated || exitCode === exitCodes.interrupted)
    return new CapnhookError('TEMPORARY', 'Cannot start the daemon: it was ended before it was ready', {
      hint: 'Somebody has stopped it, by capnhook stop or with a signal.',
    });
  const words = said.trim() || `it said nothing (exit code ${exitCode})`;
  const message = `Cannot start the daemon: it ended at once:\n${words}`;
  const code = errorCodeOf(exitCode);
  if (code === undefined) return new Error(message);
  return new CapnhookError(code === 'TEMPORARY' && busy ? 'BUSY' : code, message);
}

function cannotSpawn(cause: Error): CapnhookError {
  return new CapnhookError(
    'TEMPORARY',
    `Cannot start the daemon: no process can be started (${errnoOf(cause)})`,
    { cause },
  );
}

function tooSlow(log: string, pid: number | undefined): CapnhookError {
  const which = pid === undefined ? '' : ` (pid ${pid}, which still runs)`;
  return new CapnhookError(
    'TEMPORARY',
    `Cannot tell whether the daemon has started: it takes too long${which}`,
    { hint: `Look into its log: ${log}` },
  );
}
