import { existsSync } from 'node:fs';
import { type Environment, hooksPath, namedHooks } from '../config/paths.js';
import { loadHooks } from '../hooks/file/hooks-file.js';
import { countRecentAttempts, journalBytes } from '../journal/recent-attempts.js';
import { systemClock } from '../shared/clock.js';
import { type Check, type CheckLimits, checkStatus } from '../usecases/inspect/status/check.js';
import { readStatus, type StatusHead } from '../usecases/inspect/status/status.js';
import type { Status } from '../usecases/inspect/status/status-data.js';
import { existingSpoolPath, openSpool } from './open-spool.js';

export type { Check, CheckLevel, CheckLimits, Finding, Metric } from '../usecases/inspect/status/check.js';
export type { StatusHead } from '../usecases/inspect/status/status.js';
export type { Status } from '../usecases/inspect/status/status-data.js';

export interface StatusOptions {
  /** A URL, the name of an endpoint in the hooks file, or an endpoint's id; default: all endpoints. */
  endpoint?: string | undefined;
  /** Whether URLs are told whole; they may be secrets. Default false. */
  showUrls?: boolean | undefined;
  /** Called as soon as this much is known: to count a million deliveries takes a second. */
  onHead?: ((head: StatusHead) => void) | undefined;
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** The hooks file; default `CAPNHOOK_CONFIG`, the one that the spool belongs to, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

/** What is checked, and from when on it is wrong. */
export interface CheckOptions extends StatusOptions, CheckLimits {}

/**
 * Tells who drains, what waits for each endpoint and how old it is, what stands in the way, and what to do next. Reads
 * without the drain's lock, and of deliveries only their names. Works without a hooks file, and without a spool.
 * @throws CapnhookError `NO_INPUT` for an unknown endpoint, `USAGE`, `SPOOL_CREATE` for a named spool that is missing,
 *   `PERMISSION`, `SPOOL_WRITE`
 * @example const { totals } = await status(); // totals.queued.total
 */
export async function status(options: StatusOptions = {}): Promise<Status> {
  const { endpoint, showUrls, onHead, config, env = process.env } = options;
  const path = existingSpoolPath(env, { asked: options.spool, doing: 'show the status' });
  const spool = openSpool(path);
  const journal = `${path}/journal`;
  const named = namedHooks(env, config) ?? (await spool.boundTo());
  const hooksFile = named ?? hooksPath(env);
  const ports = {
    spool,
    path,
    hooks: { path: hooksFile, load: () => loadHooks(hooksFile) },
    mayLackHooks: named === undefined && !existsSync(hooksFile),
    clock: systemClock,
    recentAttempts: (windowsMs: readonly number[]) =>
      countRecentAttempts(journal, { now: systemClock.now(), windowsMs }),
    journalBytes: () => journalBytes(journal),
  };
  return readStatus(ports, { endpoint, showUrls, onHead });
}

/**
 * Judges the {@link status} for a monitoring system.
 * @throws CapnhookError as {@link status}: that it cannot be told, which a monitoring system has to be told as well
 * @example const { level, findings } = await check({ maxAgeMs: 900_000, requireDrain: true });
 */
export async function check(options: CheckOptions = {}): Promise<Check> {
  return checkStatus(await status(options), options);
}
