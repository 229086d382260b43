/** Reads a payload from a file or from standard input. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { looksLikeUrl } from '../../event/webhook-url.js';
import { CapnhookError } from '../../shared/errors.js';
import type { Io } from './io.js';
import { readAll } from './read-all.js';
import { unreadable } from './unreadable.js';

/**
 * Reads a file, or standard input for `-`.
 * @throws CapnhookError `NO_INPUT`, `PERMISSION`, or `BAD_PAYLOAD` if there are more than `maxBytes`
 */
export function readPayload(file: string, maxBytes: number, io: Io): Uint8Array {
  try {
    const bytes = file === '-' ? io.readInput(maxBytes) : readFile(file, maxBytes);
    if (bytes !== undefined) return bytes;
  } catch (error) {
    throw unreadable(`Cannot read the payload from ${nameOf(file)}`, error, {
      name: file,
      hint: hintFor(file),
    });
  }
  throw new CapnhookError(
    'BAD_PAYLOAD',
    `Cannot fire: ${nameOf(file)} is larger than ${maxBytes / 2 ** 20} MiB`,
    {
      hint: 'Store the data elsewhere and send where it is.',
    },
  );
}

function readFile(file: string, maxBytes: number): Uint8Array | undefined {
  const fd = openSync(file, 'r');
  try {
    return readAll(fd, maxBytes);
  } finally {
    closeSync(fd);
  }
}

function hintFor(file: string): string | undefined {
  if (looksLikeJson(file)) return 'It looks like JSON: give it with --data.';
  return isMeantAsUrl(file) ? 'It looks like a URL: give each URL with --to.' : undefined;
}

/** Whether the argument is probably a URL, also without its scheme (`hooks.slack.com/services/…`), and not a file. */
function isMeantAsUrl(file: string): boolean {
  if (looksLikeUrl(file) || /^https?:/i.test(file)) return true;
  return /^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?\//i.test(file) && !existsSync(file);
}

function looksLikeJson(text: string): boolean {
  return /^\s*[[{"]/.test(text);
}

/** Names the source of a payload, without showing text that may be a payload or a secret. */
function nameOf(file: string): string {
  if (file === '-') return 'standard input';
  if (looksLikeJson(file)) return 'the file that was named';
  return isMeantAsUrl(file) ? 'a URL' : JSON.stringify(file.slice(0, 200));
}
