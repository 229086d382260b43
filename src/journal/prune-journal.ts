import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { ignoreErrno } from '../shared/errors.js';

/** Files that are removed in one go, at most. */
const mostRemoved = 1_000;

const dayMs = 86_400_000;

/** A day's file, or one that a rotation has made of it, such as `2026-11-23.jsonl.gz`. */
const dayFile = /^(\d{4}-\d{2}-\d{2})\.jsonl(?:\.[A-Za-z0-9.-]+)?$/;

/**
 * Removes the journal's files of days that ended longer ago than it is kept. Other names, directories and links stay.
 * What cannot be removed now is left for another time.
 * @param options.now ms since the epoch
 * @param options.keepMs for how long a day is kept after its end, in ms; asked only where there is an old file
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
    ignoreErrno(error); // the journal is evidence, and stops no drain
  }
}

/** When the day of a file ended, ms since the epoch; Infinity for any other name. */
function endOfDay(name: string): number {
  const day = dayFile.exec(name)?.[1];
  const start = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00.000Z`);
  return Number.isNaN(start) ? Infinity : start + dayMs;
}

function removeFile(path: string): void {
  try {
    if (lstatSync(path).isFile()) unlinkSync(path);
  } catch (error) {
    ignoreErrno(error); // gone meanwhile, or not ours to remove
  }
}
