import { CapnhookError, errnoOf } from '../shared/errors.js';

/**
 * The error of an input that cannot be read, in words for a person: `PERMISSION` or `NO_INPUT`.
 * @param cannot the beginning of its message, such as `Cannot read the payload from standard input`
 * @throws the error itself, if it is none of the system's
 */
export function unreadable(cannot: string, error: unknown, details: { hint?: string } = {}): CapnhookError {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new CapnhookError('PERMISSION', `${cannot}: permission denied`, { cause: error });
  }
  const why =
    { ENOENT: 'there is no such file', EISDIR: 'it is a directory' }[errno] ?? `it cannot be read (${errno})`;
  return new CapnhookError('NO_INPUT', `${cannot}: ${why}`, { cause: error, ...details });
}
