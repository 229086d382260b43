import { CapnhookError } from '../../shared/errors.js';
import type { Io } from './io.js';
import { unreadable } from './unreadable.js';

/** Maximum length of a URL, in bytes. */
const maxUrlBytes = 8192;

function readInput(io: Io): Buffer | undefined {
  try {
    const bytes = io.readInput(maxUrlBytes);
    return bytes && Buffer.from(bytes);
  } catch (error) {
    throw unreadable('Cannot read the URL from standard input', error);
  }
}

/** Reads a URL from standard input. @throws CapnhookError `USAGE` unless it is one line; `PERMISSION`, `NO_INPUT` as {@link unreadable} */
export function readUrl(io: Io): string {
  const lines = readInput(io)?.toString('utf8').trim().split('\n') ?? [];
  if (lines.length === 1 && lines[0]) return lines[0].trim();
  throw new CapnhookError(
    'USAGE',
    'Cannot read the URL from standard input: one line with one URL is needed',
  );
}
