import { CapnhookError, type ErrorCode, errnoOf } from '../../../shared/errors.js';

const temporary: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);
/** What keeps this process from opening any file, and not this one. */
export const ofMachine: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);
/** What speaks of the one file or directory. */
const misplaced: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP']);
const refused: ReadonlySet<string> = new Set(['EACCES', 'EPERM']);

/**
 * A failed system call on the spool, in words.
 * @param doing what could not be done, as in "Cannot <doing>: …"
 */
export function spoolError(
  error: unknown,
  { doing, root, otherwise }: { doing: string; root: string; otherwise: ErrorCode },
): CapnhookError {
  if (error instanceof CapnhookError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) throw error; // a bug, not a disk
  const message = `Cannot ${doing}: ${explain(errno)} (${errno}, ${whereOf(error, { errno, root })})`;
  if (temporary.has(errno))
    return new CapnhookError('TEMPORARY', message, { cause: error, hint: hints[errno] ?? 'Try again.' });
  if (refused.has(errno)) {
    const hint =
      'Run it as the user who owns the spool. If you do, something in it belongs to another user, as after a drain by root: give it back with chown -R.';
    return new CapnhookError('PERMISSION', message, { cause: error, hint });
  }
  return new CapnhookError(otherwise, message, {
    cause: error,
    hint: hints[errno] ?? 'Choose another spool with --spool or CAPNHOOK_SPOOL.',
  });
}

/** What of the spool it was about, where a person has to look there; the names in a spool are no secrets. */
function whereOf(error: unknown, { errno, root }: { errno: string; root: string }): string {
  const path = error instanceof Error && 'path' in error ? String(error.path) : '';
  const isNamed = misplaced.has(errno) && path.startsWith(`${root}/`) && !path.startsWith(`${root}/tmp/`);
  return isNamed ? `${path.slice(root.length + 1)} in the spool ${root}` : `spool ${root}`;
}

const words: Record<string, string> = {
  ENOSPC: 'no space is left on the file system',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  EIO: 'the disk reported an error',
  ENOENT: 'a directory is missing',
  ENOTDIR: 'something on its path is not a directory',
  ENAMETOOLONG: 'the path is too long',
  ELOOP: 'its path goes round in a circle of symbolic links',
};

const hints: Record<string, string> = {
  ENOSPC: 'Free some space, then try again.',
  EDQUOT: 'Free some space, then try again.',
  EROFS: 'Mount it for writing, or choose another spool with --spool or CAPNHOOK_SPOOL.',
  ENOENT: 'capnhook init makes it again; that of a shared spool with --shared --group GROUP.',
};

function explain(errno: string): string {
  return words[errno] ?? 'the system call failed';
}
