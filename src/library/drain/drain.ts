import { type Environment, hooksPath, namedHooks } from '../../config/paths.js';
import { createSecretReader, type SecretReader } from '../../delivery/request/secrets.js';
import { openHooks, type WatchedHooks } from '../../hooks/file/live-hooks.js';
import { type Clock, systemClock } from '../../shared/clock.js';
import { CapnhookError } from '../../shared/errors.js';
import type { DrainSide, Spool } from '../../spool/spool.js';
import { busy } from '../../usecases/busy.js';
import type {
  DrainSummary,
  DrainOptions as DrainUseCaseOptions,
  Notice,
} from '../../usecases/drain/ports.js';
import { emptySummary } from '../../usecases/drain/reporting/summary.js';
import { bindTo, checkBinding } from '../hooks-binding.js';
import { existingSpoolPath, openSpool } from '../open-spool.js';
import type { DrainMetrics } from './drain-metrics.js';
import { openMetrics } from './open-metrics.js';
import { tidySpool } from './tidy-spool.js';

export interface DrainOptions {
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** The hooks file; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Whether the hooks file takes over a spool that belongs to another one; default false. */
  adopt?: boolean | undefined;
  /** Maximum time to drain until nothing is left, in ms. Default: one pass. */
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
  /**
   * Where a daemon serves `/metrics`, for Prometheus, and `/healthz`: `127.0.0.1:9464`, `9464`, or
   * `unix:/run/capnhook/metrics.sock`. Default: nowhere.
   */
  metrics?: string | undefined;
  /** Stops claiming; resolves when what is in flight has come back. */
  stop?: AbortSignal;
  /** Cuts off what is in flight as well; nothing is lost. */
  abort?: AbortSignal;
  /** Whether notices tell whole URLs, which may be secrets; default false. */
  showUrls?: boolean | undefined;
  /** Told of everything that happens. */
  logger?: (notice: Notice) => void;
  /** Called about each second with the number of deliveries made so far. */
  onProgress?: ((delivered: number) => void) | undefined;
  /** Called with what was done, also where `drain` then throws because there is no hooks file. */
  onSummary?: (summary: DrainSummary) => void;
  /** Called when the hooks file is read, and the spool is locked, or found to hold nothing. */
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
  /** Where metrics are served. */
  metrics?: string | undefined;
  /** Reads the hooks file and its secrets again, as for SIGHUP. */
  reload(): void;
}

/** Time for attempts in flight after `waitMs`, in ms. */
const waitGraceMs = 500;

/**
 * Fans out what was fired, and sends what is due: one pass, until a time is over, or
 * until it is stopped.
 * @returns what was done, and what is left
 * @throws CapnhookError `USAGE` (both `daemon` and `waitMs`), `HOOKS_FILE` (also where the spool belongs to another hooks file; nothing was touched), `BUSY` (another drain is running), `SPOOL_CREATE`, `SPOOL_WRITE`, `TEMPORARY`, `PERMISSION`
 * @example const { delivered, owed } = await drain();
 */
export async function drain(options: DrainOptions = {}): Promise<DrainSummary> {
  const { env = process.env, clock = systemClock, logger = () => {} } = options;
  const until = untilOf(options);
  checkMetrics(options);
  const root = existingSpoolPath(env, { asked: options.spool, doing: 'drain' });
  const config = hooksPath(env, options.config);
  const secrets = createReloadedSecrets(env);
  const hooks = await openHooks(config, {
    clock,
    stop: options.stop,
    mayBeMissing: namedHooks(env, options.config) === undefined,
    onReload: secrets.reload,
  });
  const spool = openSpool(root, clock);
  const binding = { config, adopt: options.adopt ?? false, doing: 'drain' };
  const isBound = !hooks.isMissing(); // a missing file claims no spool
  if (isBound) await checkBinding(spool, binding);
  const bind = async () => {
    if (isBound) await bindTo(spool, binding);
  };
  const tidy = () => tidySpool(spool, { root, hooks, clock, report: logger });
  const onReady = (metrics?: DrainMetrics) =>
    options.onReady?.({ spool: root, config, metrics: metrics?.address, reload: hooks.invalidate });
  // Nearly every pass of a cron job finds nothing, and need not wait for the command that takes the lock.
  const unclaimedKeepMs = () => hooks.current().unclaimed.keepMs;
  if (until !== 'daemon' && !binding.adopt && (await spool.idle({ unclaimedKeepMs }))) {
    await bind();
    await tidy();
    onReady();
    return emptySummary();
  }
  // Loaded here, so that a drain that finds nothing does without it.
  const { drainUnderLock } = await import('./drain-under-lock.js');
  hooks.load();
  const metrics = await openMetrics(options, { spool, hooks, root, config, clock });
  try {
    const side = await joinFor(until, { spool, bind });
    const place = { spool, side, hooks, secrets, root, config, clock, env, report: logger, metrics, tidy };
    const summary = await drainUnderLock(
      {
        ...place,
        onReady: () => onReady(metrics),
        onProgress: options.onProgress,
        onSummary: options.onSummary,
      },
      { until, ...settingsOf(options) },
    );
    if (until !== 'daemon' && options.stop?.aborted !== true) requireHooks(hooks, { config, summary });
    return summary;
  } finally {
    await metrics?.close();
  }
}

function untilOf({ daemon, waitMs }: DrainOptions): 'pass' | 'wait' | 'daemon' {
  if (daemon && waitMs !== undefined) {
    throw new CapnhookError('USAGE', 'Cannot drain: --daemon and --wait cannot be combined', {
      hint: 'Leave one of them out: a daemon drains until it is stopped.',
    });
  }
  if (daemon) return 'daemon';
  return waitMs === undefined ? 'pass' : 'wait';
}

/** @throws CapnhookError `USAGE` for metrics of a drain that ends by itself */
function checkMetrics({ metrics, daemon }: DrainOptions): void {
  if (metrics === undefined || daemon) return;
  throw new CapnhookError('USAGE', 'Cannot drain: only a daemon serves metrics', {
    hint: 'Add --daemon; for a drain of a cron job: capnhook status --prometheus FILE',
  });
}

/** Makes a reader of secrets that forgets all of them at `reload`. */
function createReloadedSecrets(env: Environment): SecretReader & { reload(): void } {
  let secrets = createSecretReader({ env });
  return {
    read: (secret) => secrets.read(secret),
    forget: (secret) => secrets.forget(secret),
    reload() {
      secrets = createSecretReader({ env });
    },
  };
}

/** Takes the spool's lock, and binds the spool. @throws CapnhookError `BUSY` if another drain is running */
async function joinFor(
  until: 'pass' | 'wait' | 'daemon',
  { spool, bind }: { spool: Spool; bind(): Promise<void> },
): Promise<DrainSide> {
  const result = await spool.join(until === 'daemon' ? 'daemon' : 'pass');
  if (!result.joined) throw busy('drain', result.by);
  await bind().catch(async (error: unknown) => {
    await result.side.close();
    throw error;
  });
  return result.side;
}

function settingsOf(options: DrainOptions): Omit<DrainUseCaseOptions, 'until' | 'limits'> {
  const { waitMs = 0, graceMs, rescanMs = 2_000, showUrls = false, maxInFlight, stop, abort } = options;
  return {
    waitMs,
    graceMs: graceMs ?? 10_000,
    waitGraceMs: graceMs ?? waitGraceMs,
    rescanMs,
    showUrls,
    maxInFlight,
    stop,
    abort,
  };
}

/** Checks at the end of a drain that the hooks file was usable. @throws CapnhookError `HOOKS_FILE` */
function requireHooks(
  hooks: WatchedHooks,
  { config, summary }: { config: string; summary: DrainSummary },
): void {
  const problem = hooks.problem();
  if (problem !== undefined) throw problem;
  if (hooks.isMissing() && summary.waiting + summary.onHold > 0) throw noHooksFile(config, summary);
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
