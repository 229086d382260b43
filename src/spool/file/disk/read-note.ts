import { ignoreErrno } from '../../../shared/errors.js';
import type { Disk } from './disk.js';
import { readEntry } from './read-entry.js';

/** Maximum size of a note, in bytes: words, and the first 8 KiB of an answer as JSON. */
const MAX_NOTE_BYTES = 65_536;

/**
 * Reads a note, a JSON object that stands beside an entry or says something of the spool.
 * @returns an empty object where it is missing, torn or cannot be read: nothing depends on a note
 */
export function readNote(disk: Disk, path: string): Record<string, unknown> {
  try {
    const found = readEntry(disk, path, { maxBytes: MAX_NOTE_BYTES });
    const note: unknown = found.kind === 'read' ? JSON.parse(found.bytes.toString('utf8')) : undefined;
    return typeof note === 'object' && note !== null ? (note as Record<string, unknown>) : {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) ignoreErrno(error);
    return {};
  }
}
