/**
 * Removing for good what is dead, unclaimed, sent or corrupt. No lock is needed:
 * an entry is removed before its reason, by one unlink, and one that a drain has
 * taken away meanwhile is left to it. The directories are fsynced at the end, so
 * a crash may bring some entries back, and loses none that is not selected.
 */
import { setImmediate } from 'node:timers/promises';
import type { PurgedEntry, PurgeRoom } from '../../purge.js';
import { createSelector } from '../../selection.js';
import type { Disk } from '../disk/disk.js';
import { undecided } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { readableOr } from '../disk/readable-or.js';
import { noteSweep } from '../disk/sweep-mark.js';
import { discard, syncDirectory } from '../disk/write-file.js';
import { listDays, sentAt } from '../sent/sent-days.js';
import { purgeCorrupt } from './purge-corrupt.js';
import { type EntryPlace, purgeEntry } from './purge-entry.js';
import type { PurgeOptions, PurgeTools } from './purge-tools.js';

/** Entries that are looked at before others have their turn. */
const yieldEvery = 64;

/** Age after which a reason without its entry is removed, in ms. */
const orphanMs = 3_600_000;

/** What is older than `keepMs` by this much more, in ms, tells of a clock that is wrong, and stays. */
const wrongAgeMs = 3_650 * 86_400_000;

/** Removes what is selected, and tells each. @throws the errno of what failed */
export async function* purge(disk: Disk, root: string, options: PurgeOptions): AsyncGenerator<PurgedEntry> {
  const touched = new Set<string>();
  const selector = createSelector(options.request.select);
  const tools: PurgeTools = { ...options, disk, root, selector, onRemoved: (path) => touched.add(path) };
  let seen = 0;
  try {
    for (const found of purgeAll(tools)) {
      seen += 1;
      if (seen % yieldEvery === 0) await setImmediate();
      if (found !== undefined) yield found;
    }
  } finally {
    for (const directory of touched) readableOr(undefined, () => syncDirectory(disk, directory));
  }
}

/** Removes what has been dead for longer than `keepMs`, and tells each entry. @throws the errno of what failed */
export async function* expireDead(
  disk: Disk,
  root: string,
  { keepMs, now }: { keepMs: number; now(): number },
): AsyncGenerator<PurgedEntry> {
  const before = now() - keepMs;
  const request = { rooms: ['dead'], select: {}, before, after: before - wrongAgeMs } as const;
  noteSweep(disk, `${root}/dead`, now());
  yield* purge(disk, root, { request, now });
}

type Found = PurgedEntry | undefined;

function* purgeAll(tools: PurgeTools): Generator<Found> {
  const rooms: Record<PurgeRoom, () => Generator<Found>> = {
    dead: () => purgeDead(tools),
    unclaimed: () => purgeUnclaimed(tools),
    sent: () => purgeSent(tools),
    corrupt: () => purgeCorrupt(tools),
  };
  for (const [room, purgeRoom] of Object.entries(rooms))
    if (tools.request.rooms.includes(room as PurgeRoom)) yield* purgeRoom();
}

function* purgeDead(tools: PurgeTools): Generator<Found> {
  const { disk, root, request } = tools;
  for (const name of request.select.endpoints ?? listNames(disk, `${root}/dead`).sort()) {
    const endpoint = name === undecided ? undefined : name;
    yield* purgeDirectory(tools, { from: 'dead', directory: `dead/${name}`, endpoint });
  }
}

function* purgeUnclaimed(tools: PurgeTools): Generator<Found> {
  if (tools.request.select.endpoints !== undefined) return;
  yield* purgeDirectory(tools, { from: 'unclaimed', directory: 'unclaimed', endpoint: undefined });
}

function* purgeSent(tools: PurgeTools): Generator<Found> {
  const { disk, root, request } = tools;
  for (const day of listDays(disk, root)) {
    for (const endpoint of request.select.endpoints ?? listNames(disk, `${root}/sent/${day}`).sort()) {
      const directory = `sent/${day}/${endpoint}`;
      yield* purgeDirectory(tools, { from: 'sent', directory, endpoint, sinceOf: (ms) => sentAt(day, ms) });
    }
  }
}

function* purgeDirectory(tools: PurgeTools, place: EntryPlace): Generator<Found> {
  const { disk, root } = tools;
  const names = readableOr([], () => listNames(disk, `${root}/${place.directory}`)).sort();
  const all = new Set(names);
  for (const name of names) {
    const reasonOf = /^(.+)\.why\.json$/.exec(name)?.[1];
    const isEntry = reasonOf === undefined && /\.jsonl?$/.test(name);
    if (reasonOf !== undefined && !all.has(`${reasonOf}.json`) && !all.has(`${reasonOf}.jsonl`))
      removeOrphan(tools, `${root}/${place.directory}/${name}`);
    yield isEntry ? purgeEntry(tools, place, name) : undefined;
  }
}

/** A reason whose entry is missing: a process was killed between the two. A young one may be about to get its entry. */
function removeOrphan({ disk, request, now }: PurgeTools, path: string): void {
  if (request.isDry === true) return;
  const stat = disk.lstatSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && now() - stat.mtimeMs > orphanMs) discard(disk, path);
}
