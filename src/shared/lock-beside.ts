/** The only importer of proper-lockfile, which is loaded when a lock is wanted. */
import { errnoOf } from './errors.js';

/**
 * Locks a path by a directory beside it (`<path>.lock`), refreshed while it is held.
 * @param options.retries how often to try again, 100 to 500 ms apart
 * @param options.onLost told when the lock went while it was held, as after a long stop of the process
 * @returns how to unlock, or undefined if somebody else holds it
 * @throws the errno of a directory that cannot be made
 */
export async function lockBeside(
  path: string,
  { retries, onLost = () => {} }: { retries: number; onLost?: () => void },
): Promise<(() => Promise<void>) | undefined> {
  const { lock } = await import('proper-lockfile');
  try {
    return await lock(path, {
      realpath: false,
      onCompromised: onLost, // by default it throws from a timer
      retries: { retries, factor: 1.2, minTimeout: 100, maxTimeout: 500 },
    });
  } catch (error) {
    if (errnoOf(error) === 'ELOCKED') return undefined;
    throw error;
  }
}
