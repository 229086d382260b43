/** The only importer of proper-lockfile; loads it when the first lock is taken. */
import { errnoOf } from '../errors.js';

/**
 * Locks a path by a directory beside it (`<path>.lock`), which is refreshed while the lock is held.
 * @param options.retries number of retries, 100 to 500 ms apart
 * @param options.onLost called when the lock is lost while held, for example after the process was suspended
 * @returns the function that unlocks; undefined if another process holds the lock
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
