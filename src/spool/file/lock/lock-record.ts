/**
 * The lock file and what it tells: who holds the lock. It is never truncated,
 * but overwritten in place, so that a full disk takes nothing from it.
 */
import { closeSync, constants, fchmodSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { CapnhookError, errnoOf } from '../../../shared/errors.js';
import { giveToOwner } from '../../../shared/machine/give-to-owner.js';
import type { Holder } from '../../spool.js';
import type { ProcessIdentity } from './process-identity.js';

/** The process that holds the lock. */
export type LockRecord = ProcessIdentity &
  Pick<Holder, 'mode' | 'since'> & {
    /** Whether the kernel keeps the lock, so that the next process that gets it from the kernel knows that this one has let it go. */
    kernel?: boolean;
  };

/** Size of the record, which is padded with spaces, in bytes; a cleared one is all spaces. */
const recordBytes = 512;

/** Mode bits of the lock file's owner. */
const readAndWrite = 0o600;

/** Errors of `open` that speak of what stands there. */
const notFiles: ReadonlySet<string | undefined> = new Set(['EISDIR', 'ELOOP', 'EMLINK', 'ENXIO', 'ENODEV']);

/**
 * Opens the lock file, and nothing that only has its name: not a link, nor a FIFO, on which it would wait.
 * @throws CapnhookError `SPOOL_WRITE` for anything but a regular file; the errno of `open`
 */
export function openLockFile(path: string, { flags, mode }: { flags: number; mode?: number }): number {
  let fd: number;
  try {
    fd = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, mode);
  } catch (error) {
    const errno = errnoOf(error);
    throw notFiles.has(errno) ? notFile(path, `(${errno})`) : error;
  }
  const stat = fstatSync(fd);
  if (stat.isFile()) {
    if (mode !== undefined && (stat.mode & readAndWrite) !== readAndWrite) fchmodSync(fd, mode); // whatever the umask
    giveToOwner(fd, path);
    return fd;
  }
  closeSync(fd);
  throw notFile(path, '');
}

function notFile(path: string, why: string): CapnhookError {
  const message = `Cannot use the lock of the spool: ${path} is no regular file ${why}`.trimEnd();
  return new CapnhookError('SPOOL_WRITE', message, { hint: `Look what ${path} is, then remove it.` });
}

/** @throws the errno of what failed */
export function writeRecord(fd: number, record: LockRecord | undefined): void {
  const text = record === undefined ? '' : JSON.stringify(record);
  writeSync(fd, `${text.padEnd(recordBytes - 1)}\n`, 0);
}

/**
 * What the lock file tells, or undefined if it is not there or tells nothing.
 * @throws CapnhookError `SPOOL_WRITE` for anything but a regular file; the errno of what failed
 */
export function readRecord(path: string): LockRecord | undefined {
  try {
    const record: unknown = JSON.parse(readText(path));
    return isRecord(record) ? record : undefined;
  } catch (error) {
    // Empty, half-written or not there: no process claims it.
    if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function readText(path: string): string {
  const fd = openLockFile(path, { flags: constants.O_RDONLY });
  try {
    const bytes = Buffer.alloc(recordBytes);
    return bytes.toString('utf8', 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}

function isRecord(value: unknown): value is LockRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { host, pid, mode, since } = value as Partial<LockRecord>;
  return (
    [host, mode, since].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(pid) &&
    Number(pid) > 0
  );
}
