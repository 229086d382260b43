import { ignoreErrno } from '../../../shared/errors.js';
import type { KeptAnswer } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { readEntry } from '../disk/read-entry.js';

/** Maximum size of a file that is read, in bytes: 8 KiB of text, perhaps escaped. */
const maxBytes = 128 * 1024;

/** The answer that is kept in a file; undefined where there is none, or none that can be read. */
export function readAnswer(disk: Disk, path: string): KeptAnswer | undefined {
  try {
    const found = readEntry(disk, path, { maxBytes });
    return found.kind === 'read' ? (JSON.parse(found.bytes.toString('utf8')) as KeptAnswer) : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) ignoreErrno(error);
    return undefined;
  }
}

/** The last failed answer of an endpoint, where one is kept. */
export function readLastAnswer(disk: Disk, root: string, endpoint: string): KeptAnswer | undefined {
  return readAnswer(disk, `${root}/answers/${endpoint}.json`);
}
