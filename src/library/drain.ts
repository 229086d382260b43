import { type Environment, hooksPath, spoolPath } from '../config/paths.js';
import { createHttpSender } from '../delivery/http-sender.js';
import { createSecretReader } from '../delivery/secrets.js';
import { createFileJournal } from '../journal/file-journal.js';
import { type Clock, systemClock } from '../shared/clock.js';
import { packageVersion } from '../shared/package-info.js';
import { randomBytes } from '../shared/random.js';
import { createFileSpool } from '../spool/file/file-spool.js';
import { drain as drainLease } from '../usecases/drain/drain.js';
import type { DrainSummary, Notice } from '../usecases/drain/ports.js';
import { busy } from './busy.js';
import { openHooks } from './hooks-source.js';

export interface DrainOptions {
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** The hooks file; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Goes on until nothing is left, or so many ms are over. Default: one pass. */
  waitMs?: number | undefined;
  /** Goes on until `stop`. Default: one pass. */
  daemon?: boolean | undefined;
  /** Attempts in flight at once, over all endpoints; default 256. */
  maxInFlight?: number;
  /** How long attempts in flight may go on after `stop`, in ms; default 10,000. */
  graceMs?: number | undefined;
  /** How often a drain that stays looks for events and changes it was not told of, in ms; default 2,000. */
  rescanMs?: number;
  /** Stops claiming; resolves when what is in flight has come back. */
  stop?: AbortSignal;
  /** Cuts off what is in flight as well; nothing is lost. */
  abort?: AbortSignal;
  /** Told of everything that happens. */
  logger?: (notice: Notice) => void;
  /** Hands over a function that reloads the hooks file and its secrets, for SIGHUP. */
  onReady?: (control: { reload(): void }) => void;
  /** Default the machine's. */
  clock?: Clock;
  /** Default `process.env`; secrets are looked up there, too. */
  env?: Environment;
}

/**
 * Fans out what was fired, and sends what is due: one pass, for so long, or
 * until it is stopped.
 * @returns what was done, and what is left
 * @throws CapnhookError `HOOKS_FILE` (nothing was touched), `BUSY` (another drain is running), `SPOOL_CREATE`, `SPOOL_WRITE`, `TEMPORARY`, `PERMISSION`
 * @example const { delivered, owed } = await drain();
 */
export async function drain(options: DrainOptions = {}): Promise<DrainSummary> {
  const { env = process.env, clock = systemClock, logger = () => {}, stop, abort } = options;
  const root = spoolPath(env, options.spool);
  const userAgent = `capnhook/${packageVersion()}`;
  let secrets = createSecretReader({ env });
  const hooks = await openHooks(hooksPath(env, options.config), () => {
    secrets = createSecretReader({ env });
  });
  const until = options.daemon ? 'daemon' : options.waitMs === undefined ? 'pass' : 'wait';
  const spool = createFileSpool(root, { now: clock.now, random: randomBytes });
  const leased = await spool.lease(until === 'daemon' ? 'daemon' : 'pass');
  if (leased.held) throw busy('drain', leased.holder);
  const { lease } = leased;
  const journal = createFileJournal(`${root}/journal`, (errno) => logger({ kind: 'journal-failed', errno }));
  const sender = createHttpSender({
    userAgent,
    secrets: { read: (secret) => secrets.read(secret) },
  });
  try {
    options.onReady?.({ reload: hooks.invalidate });
    return await drainLease(
      { lease, hooks, sender, journal, clock, random: Math.random, report: logger },
      {
        until,
        waitMs: options.waitMs ?? 0,
        maxInFlight: options.maxInFlight ?? 256,
        graceMs: options.graceMs ?? 10_000,
        rescanMs: options.rescanMs ?? 2_000,
        ...(stop && { stop }),
        ...(abort && { abort }),
      },
    );
  } finally {
    journal.close();
    await sender.close();
    await lease.close();
  }
}
