import { ignoreErrno } from '../../../shared/errors.js';

/** A default where a directory cannot be listed: a claim reports that. */
export function tryOr<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    ignoreErrno(error);
    return otherwise;
  }
}
