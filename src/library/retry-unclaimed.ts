import type { Environment } from '../config/paths.js';
import { isHookName } from '../event/hook-name.js';
import { badHookName } from '../usecases/bad-hook.js';
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
 * one that runs, sends them to those who are registered by then.
 * @returns how many events were put back
 * @throws CapnhookError `USAGE` for what is no hook's name, `SPOOL_CREATE`, `SPOOL_WRITE`, `TEMPORARY`, `PERMISSION`
 * @example const { events } = await retryUnclaimed({ hook: 'complete' });
 */
export async function retryUnclaimed(options: RetryUnclaimedOptions = {}): Promise<{ events: number }> {
  const { hook, spool, env = process.env } = options;
  if (hook !== undefined && !isHookName(hook)) throw badHookName('retry unclaimed events', hook);
  const root = existingSpoolPath(env, { asked: spool, doing: 'retry unclaimed events' });
  const restored = openSpool(root).restoreUnclaimed(hook === undefined ? {} : { hook });
  return { events: await restored };
}
