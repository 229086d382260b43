/** What was kept for long enough is removed, a day at a time. No lock is needed: a drain changes nothing of past days. */
import { setImmediate } from 'node:timers/promises';
import { ignoreErrno } from '../../../shared/errors.js';
import type { Disk } from '../disk/disk.js';
import { listNames } from '../disk/list-names.js';
import { removeIfThere } from '../disk/write-file.js';
import { oldestNames } from './oldest-names.js';
import { endOfDay, listDays, removeIfEmpty } from './sent-days.js';

/** Maximum number of files removed in one call. */
const mostRemoved = 65_536;

/** Files that are removed before others have their turn. */
const yieldEvery = 256;

/** A day that ended this much earlier than `keepMs` ago, in ms, tells of a clock that is wrong. */
const wrongAgeMs = 3_650 * 86_400_000;

/**
 * Removes what was delivered on days that ended more than `keepMs` ago; of very many files some at a time. Never throws
 * for a failed system call: what cannot be removed is tried again in a later call.
 * @param options.now ms since the epoch
 * @param options.keepMsOf how long what an endpoint got is kept, in ms; asked only for past days
 */
export async function pruneSent(
  disk: Disk,
  root: string,
  { now, keepMsOf }: { now: number; keepMsOf: (endpoint: string) => number },
): Promise<void> {
  let left = mostRemoved;
  try {
    for (const day of listDays(disk, root)) {
      const ageMs = now - endOfDay(day);
      if (ageMs < 0) return;
      const directory = `${root}/sent/${day}`;
      for (const endpoint of listNames(disk, directory)) {
        const keepMs = keepMsOf(endpoint);
        if (ageMs < keepMs || ageMs > keepMs + wrongAgeMs) continue;
        left -= await removeAll(disk, `${directory}/${endpoint}`, left);
        if (left <= 0) return;
      }
      removeIfEmpty(disk, directory);
    }
  } catch (error) {
    ignoreErrno(error);
  }
}

/** @returns how many were removed */
async function removeAll(disk: Disk, directory: string, most: number): Promise<number> {
  const names = oldestNames(disk, directory, most);
  for (const [index, name] of names.entries()) {
    removeIfThere(disk, `${directory}/${name}`);
    if (index % yieldEvery === yieldEvery - 1) await setImmediate();
  }
  removeIfEmpty(disk, directory);
  return names.length;
}
