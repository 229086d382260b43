import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { ignoreErrno } from '../shared/errors.js';

/** Maximum number of files removed in one call. */
const mostRemoved = 1_000;

const dayMs = 86_400_000;

/** A day's file, or its copy from log rotation, such as `2026-11-23.jsonl.gz`. */
const dayFile = /^(\d{4}-\d{2}-\d{2})\.jsonl(?:\.[A-Za-z0-9.-]+)?$/;

/**
 * Removes the journal's files of days that ended more than `keepMs` ago. Files with other names, directories and links
 * stay. A file that cannot be removed is tried again in a later call.
 * @param options.now ms since the epoch
 * @param options.keepMs how long a day is kept after its end, in ms; called only if there is a file of a past day
 */
export function pruneJournal(
  directory: string,
  { now, keepMs }: { now: number; keepMs: () => number },
): void {
  try {
    const old = readdirSync(directory).filter((name) => endOfDay(name) < now);
    if (old.length === 0) return;
    const before = now - keepMs();
    const expired = old.filter((name) => endOfDay(name) < before).sort();
    for (const name of expired.slice(0, mostRemoved)) removeFile(`${directory}/${name}`);
  } catch (error) {
    ignoreErrno(error); // a journal that cannot be pruned does not stop the drain
  }
}

/** The end of a file's day, in ms since the epoch; Infinity for other names. */
function endOfDay(name: string): number {
  const day = dayFile.exec(name)?.[1];
  const start = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00.000Z`);
  return Number.isNaN(start) ? Infinity : start + dayMs;
}

function removeFile(path: string): void {
  try {
    if (lstatSync(path).isFile()) unlinkSync(path);
  } catch (error) {
    ignoreErrno(error); // already removed, or not ours to remove
  }
}
