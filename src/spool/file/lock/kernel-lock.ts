/**
 * A lock that the kernel keeps: it lasts as long as our process, however that
 * ends, and neither a stopped holder nor a clock that jumps can give it to a
 * second one. `flock` locks an open file, and a child that is handed our
 * descriptor locks it for us.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants } from 'node:fs';
import { errnoOf } from '../../../shared/errors.js';
import { openLockFile } from './lock-record.js';

/** `none`: this machine has no such lock. */
export type KernelLock = { kind: 'locked'; fd: number } | { kind: 'held' } | { kind: 'none'; fd: number };

/** `open` flags of macOS and the BSDs that Node has no name for. */
const O_EXLOCK = 0x20;

/** What `open` says of a file system that has no locks. */
const lockless: ReadonlySet<string | undefined> = new Set(['ENOTSUP', 'EOPNOTSUPP']);

/** Errors of a command that is there, and could not be started just now: another kind of lock would be none beside it. */
const passing: ReadonlySet<string> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'ETXTBSY']);

/** Where to look for `flock`, beside `PATH` (which cron may leave empty). */
const flockCommands: readonly string[] = ['flock', '/usr/bin/flock', '/bin/flock'];

/**
 * Opens (and makes) the lock file and locks it, without waiting.
 * @throws CapnhookError `SPOOL_WRITE` if something else has its place; the errno of `open`, or of a `flock` that could not be started just now
 */
export function lockFile(
  path: string,
  { mode, platform = process.platform, commands = flockCommands, open = openLockFile }: LockFileOptions,
): KernelLock {
  const flags = constants.O_RDWR | constants.O_CREAT;
  if (platform === 'darwin' || platform === 'freebsd') return openLocked(path, { flags, mode, open });
  const fd = open(path, { flags, mode });
  for (const command of commands) {
    const { status, error } = spawnSync(command, ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
    if (status === 0) return { kind: 'locked', fd };
    if (status !== 1 && !passing.has(errnoOf(error) ?? '')) continue;
    closeSync(fd);
    if (status === 1) return { kind: 'held' };
    throw error;
  }
  return { kind: 'none', fd };
}

export interface LockFileOptions {
  mode: number;
  platform?: NodeJS.Platform;
  commands?: readonly string[];
  /** Stands in for the system's `open`; for tests. */
  open?: typeof openLockFile;
}

function openLocked(
  path: string,
  { flags, mode, open }: { flags: number; mode: number; open: typeof openLockFile },
): KernelLock {
  try {
    return { kind: 'locked', fd: open(path, { flags: flags | O_EXLOCK, mode }) };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EAGAIN') return { kind: 'held' };
    if (!lockless.has(errno)) throw error;
    return { kind: 'none', fd: open(path, { flags, mode }) };
  }
}
