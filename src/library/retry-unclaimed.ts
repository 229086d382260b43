import type { Environment } from '../config/paths.js';
import { requireHookName } from '../usecases/bad-hook.js';
import { restoreUnclaimed } from '../usecases/unclaimed/restore-unclaimed.js';
import { existingSpoolPath, openSpool } from './open-spool.js';

export interface RetryUnclaimedOptions {
  /** Only events of this hook; default: all. */
  hook?: string | undefined;
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

/**
 * Puts unclaimed events back where they were accepted: the next drain, or the
 * one that runs, sends them to the endpoints that are registered by then.
 * @returns how many events were put back
 * @throws CapnhookError `USAGE` for a bad hook name, `SPOOL_CREATE`, `SPOOL_WRITE`, `TEMPORARY`, `PERMISSION`
 * @example const { events } = await retryUnclaimed({ hook: 'complete' });
 */
export async function retryUnclaimed(options: RetryUnclaimedOptions = {}): Promise<{ events: number }> {
  const { hook, spool, env = process.env } = options;
  requireHookName('retry unclaimed events', hook);
  const root = existingSpoolPath(env, { asked: spool, doing: 'retry unclaimed events' });
  return { events: await restoreUnclaimed(openSpool(root), hook) };
}
