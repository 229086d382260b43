/** `sent/<day>/<endpoint>/<id>.json`: what was delivered and is kept. The day is that of the delivery, in UTC. */
import { errnoOf } from '../../../shared/errors.js';
import type { Disk } from '../disk/disk.js';
import { privateDir } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { ensureDirectory, syncDirectory } from '../disk/write-file.js';

const dayMs = 86_400_000;

/** The name of a day's directory. @param now ms since the epoch */
export function dayName(now: number): string {
  return new Date(now).toISOString().slice(0, 10);
}

/** The days of which something is kept, the oldest first. @throws the errno of a directory that cannot be listed */
export function listDays(disk: Disk, root: string): string[] {
  return listNames(disk, `${root}/sent`)
    .filter((name) => !Number.isNaN(startOfDay(name)))
    .sort();
}

/** When a day begins, in ms since the epoch; NaN for every other name. */
function startOfDay(day: string): number {
  return /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00.000Z`) : Number.NaN;
}

/** When a day ends, in ms since the epoch. */
export function endOfDay(day: string): number {
  return startOfDay(day) + dayMs;
}

/**
 * When a file of a day was delivered, ms since the epoch: when its inode changed last, within that day. A later change of
 * another link makes it later, and never earlier, so that nothing is left out of what was sent since a time.
 */
export function sentAt(day: string, ctimeMs: number): number {
  return Math.min(Math.max(ctimeMs, startOfDay(day)), endOfDay(day) - 1);
}

export interface SentDirectories {
  /** Makes the directory of an endpoint for today where it is missing. @returns its path @throws the errno of what failed */
  ensure(endpoint: string): string;
  /** A directory may have been removed. */
  forget(): void;
}

/** Makes the directories that are kept in, and remembers them. @param now ms since the epoch */
export function createSentDirectories(disk: Disk, root: string, now: () => number): SentDirectories {
  let today = '';
  const known = new Set<string>();

  function make(path: string, parent: string): void {
    if (ensureDirectory(disk, path, privateDir)) syncDirectory(disk, parent);
  }

  return {
    ensure(endpoint) {
      const day = dayName(now());
      if (day !== today) known.clear();
      today = day;
      const sent = `${root}/sent`;
      const path = `${sent}/${day}/${endpoint}`;
      if (known.has(endpoint)) return path;
      make(sent, root);
      make(`${sent}/${day}`, sent);
      make(path, `${sent}/${day}`);
      known.add(endpoint);
      return path;
    },
    forget: () => known.clear(),
  };
}

/** Removes a directory if it is empty. @throws every other errno */
export function removeIfEmpty(disk: Disk, path: string): void {
  try {
    disk.rmdirSync(path);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw error;
  }
}
