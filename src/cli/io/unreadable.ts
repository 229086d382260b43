import { CapnhookError, errnoOf } from '../../shared/errors.js';

/** Node's replacement for bytes of an argument that are not UTF-8. */
const replacement = '\u{FFFD}';

export interface UnreadableDetails {
  /** The file's name as it was typed. */
  name?: string;
  hint?: string | undefined;
}

/**
 * Makes the error for an input that cannot be read: `PERMISSION` or `NO_INPUT`.
 * @param cannot the beginning of its message, such as `Cannot read the payload from standard input`
 * @throws the given error, if it is not a failed system call
 */
export function unreadable(
  cannot: string,
  error: unknown,
  { name = '', hint }: UnreadableDetails = {},
): CapnhookError {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new CapnhookError('PERMISSION', `${cannot}: permission denied`, { cause: error });
  }
  if (errno === 'ENOENT' && name.includes(replacement)) {
    return new CapnhookError(
      'NO_INPUT',
      `${cannot}: the name is not UTF-8, and Node cannot open such a file`,
      {
        cause: error,
        hint: 'Rename it, or let the shell open it: capnhook fire HOOK - < FILE',
      },
    );
  }
  const why =
    { ENOENT: 'there is no such file', EISDIR: 'it is a directory' }[errno] ?? `it cannot be read (${errno})`;
  return new CapnhookError('NO_INPUT', `${cannot}: ${why}`, { cause: error, hint });
}
