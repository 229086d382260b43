import { errnoOf } from '../../../shared/errors.js';

/** Errnos of what a person has put there and made unreadable, and of what was removed: the drain reports it. */
const unreadable: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOTDIR', 'ELOOP', 'ENOENT']);

/**
 * What `read` returns, or `otherwise` where it cannot be read and the next one can.
 * @throws every other error
 */
export function readableOr<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!unreadable.has(errnoOf(error) ?? '')) throw error;
    return otherwise;
  }
}
