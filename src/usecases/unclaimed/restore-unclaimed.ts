import { isHookName } from '../../event/hook-name.js';
import type { Spool } from '../../spool/spool.js';
import { badHookName } from '../bad-hook.js';

/**
 * Moves unclaimed events back to where they were accepted, so that a drain routes them again.
 * @param hook only events of this hook; default: all
 * @returns the number of events
 * @throws CapnhookError `USAGE` for a bad hook name; as the spool
 */
export async function restoreUnclaimed(
  spool: Pick<Spool, 'restoreUnclaimed'>,
  hook: string | undefined,
): Promise<number> {
  if (hook !== undefined && !isHookName(hook)) throw badHookName('retry unclaimed events', hook);
  return spool.restoreUnclaimed(hook === undefined ? {} : { hook });
}
