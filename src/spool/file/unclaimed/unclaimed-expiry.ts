/** What has been in `unclaimed/` for long enough is removed. The age of the reason's file says since when. */
import { setImmediate } from 'node:timers/promises';
import { ignoreErrno } from '../../../shared/errors.js';
import type { ExpiredEvents, UnclaimedReason } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { eachName } from '../disk/each-name.js';
import { expiryEveryMs, isSweepDue, noteSweep } from '../disk/sweep-mark.js';
import { removeIfThere, syncDirectory } from '../disk/write-file.js';
import { readReason, writeReason } from './unclaimed.js';

/** An age of this much more than `keep`, or this far in the future, in ms, tells of a clock that was wrong. */
const wrongAgeMs = 3_650 * 86_400_000;
const aheadMs = 86_400_000;

/** Entries whose age is looked at before others have their turn. */
const yieldEvery = 256;

/** With more entries than this the directory is not looked through in each pass, but once an hour. */
const mostPerPass = 1_024;

/**
 * Whether {@link expireUnclaimed} has something to do. With very many entries it says so once an hour.
 * @throws the errno of a directory that cannot be listed
 */
export function isExpiryDue(disk: Disk, root: string, { keepMs, now }: Keep): boolean {
  const stems = stemsOf(disk, root);
  if (stems.size > mostPerPass)
    return isSweepDue(disk, `${root}/unclaimed`, { everyMs: expiryEveryMs(keepMs), now });
  return [...stems].some(([stem, names]) => ageOf(disk, root, { stem, names, keepMs, now }) !== 'young');
}

/** How long events are kept (ms), and the time (ms since the epoch). */
export interface Keep {
  keepMs: number;
  now: number;
}

/**
 * Removes what has been in `unclaimed/` for longer than `keepMs`, and reasons whose event was removed. What is as old, or
 * so far in the future, that a clock must have been wrong, counts from now on.
 * @throws the errno of what failed
 */
export async function expireUnclaimed(disk: Disk, root: string, keep: Keep): Promise<ExpiredEvents[]> {
  const expired: ExpiredEvents[] = [];
  const directory = `${root}/unclaimed`;
  const stems = stemsOf(disk, root);
  let seen = 0;
  for (const [stem, names] of stems) {
    seen += 1;
    if (seen % yieldEvery === 0) await setImmediate();
    const age = ageOf(disk, root, { stem, names, ...keep });
    if (age === 'young') continue;
    if (age === 'wrong') {
      countFromNow(disk, `${directory}/${stem}.why.json`, keep.now);
      continue;
    }
    const why = readReason(disk, root, stem);
    for (const name of names) removeIfThere(disk, `${directory}/${name}`);
    removeIfThere(disk, `${directory}/${stem}.why.json`);
    if (names.length > 0) expired.push(expiredOf(stem, why));
  }
  if (expired.length > 0) syncDirectory(disk, directory);
  if (stems.size > mostPerPass) noteSweep(disk, directory, keep.now);
  return expired;
}

function expiredOf(stem: string, { hook, events }: Partial<UnclaimedReason>): ExpiredEvents {
  const expired: ExpiredEvents = { id: stem.split('.')[0] ?? stem, events: events ?? 1 };
  if (hook !== undefined) expired.hook = hook;
  return expired;
}

/** The events in `unclaimed/`: the names of their files by what they have in common with their reason's. */
function stemsOf(disk: Disk, root: string): Map<string, string[]> {
  const stems = new Map<string, string[]>();
  eachName(disk, `${root}/unclaimed`, (name) => {
    const match = /^(.+?)(\.why\.json|\.jsonl?)$/.exec(name);
    const [, stem, extension] = match ?? [];
    if (stem === undefined) return; // not written by capnhook
    const names = stems.get(stem) ?? [];
    if (extension !== '.why.json') names.push(name);
    stems.set(stem, names);
  });
  return stems;
}

/** `old`: older than `keepMs`, or a reason without its event. `wrong`: by a clock that was wrong. */
function ageOf(
  disk: Disk,
  root: string,
  { stem, names, keepMs, now }: { stem: string; names: readonly string[] } & Keep,
): 'young' | 'old' | 'wrong' {
  if (names.length === 0) return 'old';
  const why = disk.lstatSync(`${root}/unclaimed/${stem}.why.json`, { throwIfNoEntry: false });
  const event = disk.lstatSync(`${root}/unclaimed/${names[0]}`, { throwIfNoEntry: false });
  if (event === undefined) return 'young'; // it was just removed
  const age = now - (why?.mtimeMs ?? Math.max(event.mtimeMs, event.ctimeMs));
  if (age < -aheadMs || age > keepMs + wrongAgeMs) return 'wrong';
  return age >= keepMs ? 'old' : 'young';
}

function countFromNow(disk: Disk, path: string, now: number): void {
  if (!disk.lstatSync(path, { throwIfNoEntry: false })) {
    const why = { reason: 'unclaimed', message: 'nobody was registered for it', events: 1 } as const;
    writeReason(disk, path, { why, since: now });
    return;
  }
  try {
    disk.utimesSync(path, now / 1000, now / 1000);
  } catch (error) {
    ignoreErrno(error); // it is tried again in the next pass
  }
}
