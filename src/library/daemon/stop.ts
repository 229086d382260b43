import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, spoolPath } from '../../config/paths.js';
import { CapnhookError, errnoOf } from '../../shared/errors.js';
import { monotonicMs } from '../../shared/monotonic.js';
import { identityOf, isAlive } from '../../spool/file/lock/process-identity.js';
import type { Holder } from '../../spool/spool.js';
import { describeHolder } from '../../usecases/busy.js';
import { openSpool } from '../open-spool.js';

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

/** Interval between two looks at the drain, in ms. */
const pollMs = 20;

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
          hint: `It may be waiting for a slow receiver, or for the reader of its log. Nothing is lost by kill -9 ${holder.pid}.`,
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
