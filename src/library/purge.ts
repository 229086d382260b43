import type { PurgeRoom } from '../spool/spool.js';
import { type Purged, purgeEntries } from '../usecases/operate/purge.js';
import { namedBy } from './named-by.js';
import { portsFor, type SteerOptions } from './operate.js';

export type { PurgeRoom } from '../spool/spool.js';
export type { Purged } from '../usecases/operate/purge.js';

export interface PurgeOptions extends Omit<SteerOptions, 'by' | 'onWaiting'> {
  /** From where: `dead`, `unclaimed`, `sent`, `corrupt`. */
  rooms: readonly PurgeRoom[];
  /** As of {@link SelectOptions}; what is unclaimed or corrupt has no endpoint. */
  endpoint?: string | readonly string[] | undefined;
  /** A hook or a pattern; what is corrupt has none. */
  hook?: string | undefined;
  /** Ids of events or their beginnings; of what is corrupt, beginnings of names. */
  ids?: readonly string[] | undefined;
  /** What has been there since an earlier time than this: a date, or ms since the epoch. */
  before?: Date | number | undefined;
}

/**
 * Removes for good what is dead, unclaimed, sent or corrupt; what is owed stays. It cannot be undone, needs no lock, and
 * works beside a running drain.
 * @throws CapnhookError as `retry`
 * @example const { count } = await purge({ rooms: ['dead'], before: Date.now() - 30 * 86_400_000 });
 */
export async function purge(options: PurgeOptions): Promise<Purged> {
  const { rooms, dryRun, onProgress } = options;
  const named = { rooms, ...namedBy(options) };
  return purgeEntries(portsFor(options, 'purge'), named, { dryRun, onProgress });
}
