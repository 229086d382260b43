import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, hooksPath, namedHooks, namedSpool, pathOf } from '../../config/paths.js';
import { exitCodes } from '../../shared/exit-codes.js';
import { makePath } from '../../shared/machine/make-path.js';
import { packageRoot } from '../../shared/machine/package-info.js';
import { monotonicMs } from '../../shared/monotonic.js';
import { spoolError } from '../../spool/file/disk/spool-error.js';
import type { Spool } from '../../spool/spool.js';
import { checkBinding } from '../hooks-binding.js';
import { existingSpoolPath, openSpool } from '../open-spool.js';
import { openLog, readFrom } from './log.js';
import { cannotSpawn, endedEarly, tooSlow } from './start-errors.js';

export interface StartOptions {
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** The hooks file; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Whether the hooks file takes over a spool that belongs to another one; default false. */
  adopt?: boolean | undefined;
  /** The log, to which the daemon's output is appended; default beside the spool: `<spool>.log`. */
  log?: string | undefined;
  /** Where the daemon serves its metrics: `127.0.0.1:9464`, or `unix:/run/capnhook/metrics.sock`; default: nowhere. */
  metrics?: string | undefined;
  /** Default `process.env`; the daemon gets it too. */
  env?: Environment;
  /** How long the daemon may take to begin, in ms; default 10,000. */
  timeoutMs?: number;
}

/** Whether a daemon was started, with its log, or was running already. */
export type Started = { started: true; pid: number; log: string } | { started: false; pid: number };

/** Interval between two looks at the daemon, in ms. */
const pollMs = 20;

/**
 * Starts a daemon in the background, and resolves when it is draining.
 * @throws CapnhookError with what the daemon said, if it ended before it was ready; `TEMPORARY` if it took too long; `SPOOL_CREATE` for a log that cannot be opened
 */
export async function start(options: StartOptions = {}): Promise<Started> {
  const env = options.env ?? process.env;
  const root = existingSpoolPath(env, { asked: options.spool, doing: 'start the daemon' });
  const log = pathOf('--log', options.log) ?? `${root}.log`;
  // To the daemon this is a named spool, which must exist.
  if (namedSpool(env, options.spool) === undefined) makeDirectory(root);
  const spool = openSpool(root);
  const config = hooksPath(env, options.config);
  const { adopt = false } = options;
  const running = await spool.holder();
  // A running daemon keeps its own hooks file.
  await checkBinding(spool, { config, adopt: adopt && running === undefined, doing: 'start the daemon' });
  if (running?.mode === 'daemon') return { started: false, pid: running.pid };
  const args = ['drain', '--daemon', '--spool', root];
  if (namedHooks(env, options.config) !== undefined) args.push('--config', config);
  if (adopt) args.push('--adopt');
  if (options.metrics !== undefined) args.push('--metrics', options.metrics);
  const daemon = launch(args, { log, env });
  try {
    return await whenDraining(daemon, { spool, log, timeoutMs: options.timeoutMs ?? 10_000 });
  } finally {
    daemon.child.unref(); // this process may end, also if it gave up waiting
    closeSync(daemon.logFd);
  }
}

/** A daemon that was started. */
interface Launched {
  child: ChildProcess;
  logFd: number;
  /** Size of the log before, in bytes. */
  logSize: number;
  /** Why it has ended: an error, or its exit code; undefined while it runs. */
  end(): Error | number | null | undefined;
}

function launch(args: readonly string[], { log, env }: { log: string; env: Environment }): Launched {
  const logFd = openLog(log);
  try {
    const logSize = fstatSync(logFd).size;
    const child = spawn(process.execPath, [join(packageRoot(), 'bin/capnhook.js'), ...args], {
      cwd: '/',
      detached: true,
      env: { ...env, CAPNHOOK_LOG: log },
      stdio: ['ignore', logFd, logFd],
    });
    let end: Error | number | null | undefined;
    child.on('error', (error) => {
      end = error;
    });
    child.on('exit', (code, signal) => {
      end = signal === null ? code : 128 + osConstants.signals[signal] || null;
    });
    return { child, logFd, logSize, end: () => end };
  } catch (error) {
    closeSync(logFd);
    throw error;
  }
}

/** Waits until the daemon holds the spool's lock, or another one does. @throws CapnhookError if it ends, or takes too long */
async function whenDraining(
  { child, logSize, end }: Launched,
  { spool, log, timeoutMs }: { spool: Spool; log: string; timeoutMs: number },
): Promise<Started> {
  const deadline = monotonicMs() + timeoutMs;
  for (;;) {
    const ended = end();
    // While the daemon starts, nothing here may try the lock, which would keep the daemon from it.
    const holder = await spool.holder({ visibleOnly: ended === undefined });
    if (child.pid !== undefined && holder?.pid === child.pid) return { started: true, pid: child.pid, log };
    // Two were started concurrently, and the other one was faster.
    if (ended === exitCodes.temporary && holder?.mode === 'daemon')
      return { started: false, pid: holder.pid };
    if (ended instanceof Error) throw cannotSpawn(ended);
    if (ended !== undefined)
      throw endedEarly(readFrom(log, logSize), { exitCode: ended, busy: holder !== undefined });
    if (monotonicMs() > deadline) throw tooSlow(log, child.pid);
    await sleep(pollMs);
  }
}

function makeDirectory(path: string): void {
  try {
    makePath(path, 0o700);
  } catch (error) {
    throw spoolError(error, { doing: 'create or open the spool', root: path, otherwise: 'SPOOL_CREATE' });
  }
}
