import { CapnhookError, errnoOf } from '../shared/errors.js';

/** Node puts this in place of bytes of an argument that are not UTF-8. */
const replacement = '\u{FFFD}';

export interface UnreadableDetails {
  /** The file's name as it was typed. */
  name?: string;
  hint?: string | undefined;
}

/**
 * The error of an input that cannot be read, in words for a person: `PERMISSION` or `NO_INPUT`.
 * @param cannot the beginning of its message, such as `Cannot read the payload from standard input`
 * @throws the error itself, if it is none of the system's
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
