import { commandEnvironment } from '../command/command-environment.js';
import { runCommand } from '../command/run-command.js';
import { type Environment, hooksPath, namedHooks } from '../config/paths.js';
import { createHttpSender } from '../delivery/http/http-sender.js';
import { createSecretReader } from '../delivery/request/secrets.js';
import { isWorthKeeping } from '../endpoint/health.js';
import { openHooks } from '../hooks/file/live-hooks.js';
import { createFileJournal } from '../journal/file-journal.js';
import { pruneJournal } from '../journal/prune-journal.js';
import type { LiveHooks } from '../routing/live-hooks.js';
import { type Clock, systemClock } from '../shared/clock.js';
import { CapnhookError } from '../shared/errors.js';
import { descriptorLimit } from '../shared/machine/descriptor-limit.js';
import { packageVersion } from '../shared/machine/package-info.js';
import { randomBytes } from '../shared/machine/random.js';
import type { Spool } from '../spool/spool.js';
import { busy } from '../usecases/busy.js';
import { drain as drainLease } from '../usecases/drain/drain.js';
import type { DrainSummary, Notice, Notifier } from '../usecases/drain/ports.js';
import { emptySummary } from '../usecases/drain/reporting/summary.js';
import { fireEvent } from '../usecases/fire.js';
import { bindTo, checkBinding } from './hooks-binding.js';
import { existingSpoolPath, openSpool } from './open-spool.js';

export interface DrainOptions {
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** The hooks file; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Whether the hooks file takes over a spool that belongs to another one; default false. */
  adopt?: boolean | undefined;
  /** Goes on until nothing is left, or so many ms are over. Default: one pass. */
  waitMs?: number | undefined;
  /** Goes on until `stop`. Default: one pass. */
  daemon?: boolean | undefined;
  /**
   * Places in flight that the endpoints share; default what the hooks file says, or 256. An endpoint with nothing in
   * flight does not wait for one of them.
   */
  maxInFlight?: number;
  /** How long attempts in flight may go on after `stop`, in ms, default 10,000; and when `waitMs` is over, default 500. */
  graceMs?: number | undefined;
  /** How often a drain that stays looks for events and changes it was not told of, in ms; default 2,000. */
  rescanMs?: number;
  /** Stops claiming; resolves when what is in flight has come back. */
  stop?: AbortSignal;
  /** Cuts off what is in flight as well; nothing is lost. */
  abort?: AbortSignal;
  /** Whether notices tell whole URLs, which may be secrets; default false. */
  showUrls?: boolean | undefined;
  /** Told of everything that happens. */
  logger?: (notice: Notice) => void;
  /** Called with what was done, also where `drain` then throws because there is no hooks file. */
  onSummary?: (summary: DrainSummary) => void;
  /** Called when the hooks file is read and the spool is leased, or found to need no lease. */
  onReady?: (ready: Ready) => void;
  /** Default the machine's. */
  clock?: Clock;
  /** Default `process.env`; secrets are looked up there, too. */
  env?: Environment;
}

/** A drain that has begun. */
export interface Ready {
  /** The spool's directory. */
  spool: string;
  /** The hooks file. */
  config: string;
  /** Reads the hooks file and its secrets anew, as for SIGHUP. */
  reload(): void;
}

/** How long what is in flight may go on when `waitMs` is over, in ms: a deadline is one. */
const waitGraceMs = 500;

/** A command that is told of a change has so long, in ms. */
const commandTimeoutMs = 30_000;

/** How often a daemon removes what was kept long enough, in ms. */
const tidyEveryMs = 3_600_000;

/** Connections that are kept idle, at most; fewer where there are few descriptors. */
const mostIdle = 256;
const idlePart = 1 / 8;

/**
 * Fans out what was fired, and sends what is due: one pass, for so long, or
 * until it is stopped.
 * @returns what was done, and what is left
 * @throws CapnhookError `USAGE` (both `daemon` and `waitMs`), `HOOKS_FILE` (also where the spool belongs to another hooks file; nothing was touched), `BUSY` (another drain is running), `SPOOL_CREATE`, `SPOOL_WRITE`, `TEMPORARY`, `PERMISSION`
 * @example const { delivered, owed } = await drain();
 */
export async function drain(options: DrainOptions = {}): Promise<DrainSummary> {
  const { env = process.env, clock = systemClock, logger = () => {}, stop, abort } = options;
  if (options.daemon && options.waitMs !== undefined) {
    throw new CapnhookError('USAGE', 'Cannot drain: --daemon and --wait cannot be combined', {
      hint: 'Leave one of them out: a daemon drains until it is stopped.',
    });
  }
  const root = existingSpoolPath(env, { asked: options.spool, doing: 'drain' });
  const config = hooksPath(env, options.config);
  let secrets = createSecretReader({ env });
  const hooks = await openHooks(config, {
    clock,
    stop,
    mayBeMissing: namedHooks(env, options.config) === undefined,
    onReload() {
      secrets = createSecretReader({ env });
    },
  });
  const until = untilOf(options);
  const spool = openSpool(root, clock);
  const ready = { spool: root, config, reload: hooks.invalidate };
  const binding = { config, adopt: options.adopt ?? false, doing: 'drain' };
  // A file that is not there claims no spool.
  const isBound = !hooks.isMissing();
  if (isBound) await checkBinding(spool, binding);
  const tidy = () => tidySpool(spool, { root, hooks, clock });
  // Nearly every pass of a cron job finds nothing, and need not wait for the command that takes the lock.
  const unclaimedKeepMs = () => hooks.current().unclaimed.keepMs;
  if (until !== 'daemon' && !binding.adopt && (await spool.idle({ unclaimedKeepMs }))) {
    if (isBound) await bindTo(spool, binding);
    await tidy();
    options.onReady?.(ready);
    return emptySummary();
  }
  const userAgent = `capnhook/${packageVersion()}`;
  const leased = await spool.lease(until === 'daemon' ? 'daemon' : 'pass');
  if (leased.held) throw busy('drain', leased.holder);
  const { lease } = leased;
  if (isBound)
    await bindTo(spool, binding).catch(async (error: unknown) => {
      await lease.close();
      throw error;
    });
  const journal = createFileJournal(`${root}/journal`, (errno) => logger({ kind: 'journal-failed', errno }));
  const limits = limitsOf(descriptorLimit());
  const sender = createHttpSender({
    userAgent,
    maxIdle: limits.idle,
    secrets: { read: (secret) => secrets.read(secret), forget: (secret) => secrets.forget(secret) },
    env,
  });
  const commandEnv = commandEnvironment(env, { spool: root, config });
  const notifier: Notifier = {
    run: (command, told) => runCommand(command, { ...told, timeoutMs: commandTimeoutMs, env: commandEnv }),
    async fire(hook, payload) {
      await fireEvent({ inbox: spool, clock, random: randomBytes }, { hook, payload });
    },
  };
  const tidying = setInterval(() => void tidy(), tidyEveryMs).unref();
  try {
    // An update may replace the files of this package while a daemon runs: what it may need later is loaded now.
    if (until === 'daemon') await sender.prepare();
    options.onReady?.(ready);
    const summary = await drainLease(
      { lease, hooks, sender, journal, clock, random: Math.random, report: logger, notifier },
      {
        until,
        limits,
        waitMs: options.waitMs ?? 0,
        graceMs: options.graceMs ?? 10_000,
        waitGraceMs: options.graceMs ?? waitGraceMs,
        rescanMs: options.rescanMs ?? 2_000,
        showUrls: options.showUrls ?? false,
        maxInFlight: options.maxInFlight,
        stop,
        abort,
      },
    );
    options.onSummary?.(summary);
    const isEnded = until !== 'daemon' && stop?.aborted !== true;
    const problem = hooks.problem();
    if (isEnded && problem !== undefined) throw problem;
    if (isEnded && hooks.isMissing() && summary.waiting + summary.onHold > 0)
      throw noHooksFile(config, summary);
    return summary;
  } finally {
    clearInterval(tidying);
    journal.close();
    await sender.close();
    const isOurs = lease.valid();
    await lease.close();
    if (isOurs) await tidy();
  }
}

function untilOf({ daemon, waitMs }: DrainOptions): 'pass' | 'wait' | 'daemon' {
  if (daemon) return 'daemon';
  return waitMs === undefined ? 'pass' : 'wait';
}

/** Removes what is kept for a time only: old days of the journal, and the health of endpoints that are gone for long. */
async function tidySpool(
  spool: Spool,
  { root, hooks, clock }: { root: string; hooks: LiveHooks; clock: Clock },
): Promise<void> {
  const now = clock.now();
  pruneJournal(`${root}/journal`, { now, keepMs: () => hooks.current().journalKeepMs });
  await spool.pruneHealth((endpoint, read) => {
    if (hooks.current().endpoints.has(endpoint)) return true;
    const { health, savedAt } = read();
    return isWorthKeeping(health, { savedAt, now });
  });
}

/** What needs a hooks file is left where it is; what names its URLs was sent. */
function noHooksFile(path: string, { waiting, onHold }: DrainSummary): CapnhookError {
  const left = [waiting > 0 && `${waiting} not taken in`, onHold > 0 && `${onHold} on hold`].filter(Boolean);
  return new CapnhookError(
    'HOOKS_FILE',
    `Cannot find the hooks file ${path}: ${left.join(', ')} without it`,
    {
      hint: "Make one with 'capnhook register <hook> <url>', or name another with --config.",
    },
  );
}

/** What connections may take of this process's file descriptors. */
function limitsOf(descriptors: number = Infinity): { descriptors: number; idle: number } {
  return { descriptors, idle: Math.min(mostIdle, Math.max(Math.floor(descriptors * idlePart), 1)) };
}
