/**
 * `last-drain.json`: why the last drains ended with an exit code other than 0, so that the next one can tell whether
 * that is news. A note only: losing it lets the same reason be told once more.
 */
import { ignoreErrno } from '../../shared/errors.js';
import type { Disk } from './disk/disk.js';
import { privateFile } from './disk/layout.js';
import { readEntry } from './disk/read-entry.js';
import { discard, writeWhole } from './disk/write-file.js';

/** The reason of each kind of ending, in words that are compared and not shown. */
export type LastReasons = Readonly<Record<string, string>>;

const maxBytes = 256 * 1024;

/** The reasons that were noted; none where the file is missing or cannot be read. */
export function readLastReasons(disk: Disk, root: string): LastReasons {
  try {
    const found = readEntry(disk, pathIn(root), { maxBytes });
    return found.kind === 'read' ? parse(found.bytes.toString('utf8')) : {};
  } catch (error) {
    ignoreErrno(error); // a note only
    return {};
  }
}

/**
 * Replaces the note, or removes it where there is no reason any more. Best effort, and without an fsync.
 * @param options.token names a temporary file, uniquely
 */
export function writeLastReasons(
  disk: Disk,
  root: string,
  { reasons, token }: { reasons: LastReasons; token: string },
): void {
  const temporary = `${root}/tmp/${token}`;
  const isEmpty = Object.keys(reasons).length === 0;
  try {
    if (disk.lstatSync(`${root}/VERSION`, { throwIfNoEntry: false }) === undefined) return; // no spool of ours
    if (isEmpty) {
      disk.unlinkSync(pathIn(root));
      return;
    }
    writeWhole(disk, temporary, { bytes: Buffer.from(`${JSON.stringify(reasons)}\n`), mode: privateFile });
    disk.renameSync(temporary, pathIn(root));
  } catch (error) {
    if (!isEmpty) discard(disk, temporary);
    ignoreErrno(error); // there is no spool, no room, no right to write: it is told once more then
  }
}

function pathIn(root: string): string {
  return `${root}/last-drain.json`;
}

function parse(text: string): LastReasons {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {}; // torn by a power cut
  }
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, reason]) => typeof reason === 'string'));
}
