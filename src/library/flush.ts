import type { Environment } from '../config/paths.js';
import { isHookName } from '../event/hook-name.js';
import { createFileJournal } from '../journal/file-journal.js';
import type { Dropped } from '../spool/spool.js';
import { badHookName } from '../usecases/bad-hook.js';
import { busy } from './busy.js';
import { existingSpoolPath, openSpool } from './open-spool.js';

export interface FlushOptions {
  /** Only events of this hook; default: all. */
  hook?: string | undefined;
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

/**
 * Drops what is queued, for good: events not fanned out yet, and deliveries
 * waiting or to be tried again. What is dead or corrupt stays.
 * @throws CapnhookError `USAGE` for what is no hook's name, `BUSY` while a drain is running, `SPOOL_CREATE`, `SPOOL_WRITE`, `PERMISSION`
 * @example const { deliveries } = await flush({ hook: 'complete' });
 */
export async function flush({ hook, spool, env = process.env }: FlushOptions = {}): Promise<Dropped> {
  if (hook !== undefined && !isHookName(hook)) throw badHookName('flush', hook);
  const root = existingSpoolPath(env, { asked: spool, doing: 'flush' });
  const leased = await openSpool(root).lease('flush');
  if (leased.held) throw busy('flush', leased.holder);
  const journal = createFileJournal(`${root}/journal`, () => {});
  try {
    const dropped = await leased.lease.drop((event) => hook === undefined || event.hook === hook);
    const time = new Date().toISOString();
    for (const { name, reason } of dropped.corrupt)
      journal.write({ time, what: 'corrupt', event: name, error: reason });
    const count = dropped.events + dropped.deliveries;
    if (count > 0) journal.write({ time, what: 'dropped', ...(hook && { hook }), count });
    return dropped;
  } finally {
    journal.close();
    await leased.lease.close();
  }
}
