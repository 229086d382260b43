import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { CapnhookError, errnoOf } from '../../shared/errors.js';
import type { FileAttributes } from './replace-file.js';

const MAX_BYTES = 4 * 1024 * 1024;

/** A hooks file's text, byte-order mark included, its attributes, and a key that changes with the file. */
export interface HooksText {
  text: string;
  attributes: FileAttributes;
  version: string;
}

/**
 * Reads a hooks file's text.
 * @returns undefined if there is no such file
 * @throws CapnhookError `PERMISSION` if reading is not permitted; `HOOKS_FILE` if reading fails otherwise, or if it is
 *   not a regular file, over 4 MiB or not UTF-8
 */
export function readHooksText(path: string): HooksText | undefined {
  let fd: number;
  try {
    // Opening a FIFO must not block.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw cannotOpen(path, error);
  }
  try {
    return readOpen(path, fd);
  } finally {
    closeSync(fd);
  }
}

function readOpen(path: string, fd: number): HooksText {
  const stat = fstatSync(fd, { bigint: true });
  if (!stat.isFile()) throw cannotRead(path, 'it is not a regular file');
  const tooLarge = () => cannotRead(path, `it is larger than ${MAX_BYTES / 1024 / 1024} MiB`);
  if (stat.size > MAX_BYTES) throw tooLarge();
  const bytes = readFileSync(fd);
  if (bytes.length > MAX_BYTES) throw tooLarge();
  const attributes = { mode: Number(stat.mode), uid: Number(stat.uid), gid: Number(stat.gid) };
  const version = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
  return { text: decode(path, bytes), attributes, version };
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw cannotRead(path, 'it is not UTF-8', { cause, hint: 'Save it as UTF-8 and try again.' });
  }
}

function cannotOpen(path: string, cause: unknown): CapnhookError {
  const errno = errnoOf(cause) ?? 'unknown error';
  if (errno !== 'EACCES' && errno !== 'EPERM') return cannotRead(path, errno, { cause });
  return new CapnhookError('PERMISSION', `Cannot read the hooks file ${path}: permission denied`, { cause });
}

function cannotRead(
  path: string,
  why: string,
  details: { cause?: unknown; hint?: string } = {},
): CapnhookError {
  return new CapnhookError('HOOKS_FILE', `Cannot read the hooks file ${path}: ${why}`, details);
}
