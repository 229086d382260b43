/** The log of a daemon. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { CapnhookError, errnoOf, ignoreErrno } from '../../shared/errors.js';
import { makePath } from '../../shared/machine/make-path.js';

/** Links of the system to streams of this process; no other user can change where they lead. */
const ownStreams = ['/dev/stdout', '/dev/stderr'];

/** Opens a log for appending, and makes it if it is missing. @throws CapnhookError `SPOOL_CREATE` */
export function openLog(path: string): number {
  try {
    makePath(dirname(path), 0o700);
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
    const noFollow = ownStreams.includes(path) ? 0 : O_NOFOLLOW;
    return openSync(path, O_WRONLY | O_APPEND | O_CREAT | noFollow, 0o600);
  } catch (error) {
    if (errnoOf(error) === 'ELOOP')
      throw new CapnhookError('SPOOL_CREATE', `Cannot open the log ${path}: it is a symbolic link`, {
        cause: error,
        hint: 'Another user could choose where it leads. Name the file itself with --log.',
      });
    throw new CapnhookError('SPOOL_CREATE', `Cannot open the log ${path} (${errnoOf(error)})`, {
      cause: error,
      hint: 'Name another place with --log.',
    });
  }
}

/** Reads at most the last 4 KiB after the first `from` bytes of a file; of anything else, nothing. */
export function readFrom(path: string, from: number): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const start = Math.max(from, fstatSync(fd).size - 4096);
    const bytes = Buffer.alloc(4096);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, start));
  } catch (error) {
    ignoreErrno(error); // a pipe or a terminal, whose reader has the words already
    return '';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
