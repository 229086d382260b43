import type { Spool } from '../../spool/spool.js';

/**
 * Moves unclaimed events back to where they were accepted, so that a drain routes them again.
 * @param hook only events of this hook; default: all
 * @returns the number of events
 * @throws as the spool
 */
export async function restoreUnclaimed(
  spool: Pick<Spool, 'restoreUnclaimed'>,
  hook: string | undefined,
): Promise<number> {
  return spool.restoreUnclaimed(hook === undefined ? {} : { hook });
}
