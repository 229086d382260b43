/**
 * `control/<id>.json`: requests to the drain that runs, each a file, written
 * durably and removed when it is obeyed. The directory is the drain's own user's.
 */
import { ignoreErrno } from '../../../shared/errors.js';
import type { ControlRequest, EntryProblem, WaitingRequests } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { putAside } from '../disk/put-aside.js';
import { readEntry } from '../disk/read-entry.js';
import { closeQuietly, ensureRoom, removeIfThere, syncDirectory, writeDurably } from '../disk/write-file.js';
import { parseWish, wishToText } from './wish-text.js';

/** Maximum size of a request, in bytes: it may name a hundred thousand events. */
const maxBytes = 16 * 2 ** 20;

/** Time for which a file that is not a request may still be being written, in ms. */
const unfinishedMs = 1_000;

/** Writes a request. @throws the errno of what failed */
export function writeRequest(
  disk: Disk,
  root: string,
  { request, token }: { request: ControlRequest; token: string },
): void {
  const control = ensureRoom(disk, root, 'control');
  const temporary = `${root}/tmp/${token}`;
  const { id, wish } = request;
  const bytes = Buffer.from(wishToText(wish));
  closeQuietly(disk, writeDurably(disk, temporary, { bytes, mode: privateFile }));
  disk.renameSync(temporary, `${control}/${id}.json`);
  syncDirectory(disk, control);
}

/** Whether a request waits to be obeyed. @throws the errno of what failed */
export function hasRequest(disk: Disk, root: string, id: string): boolean {
  return disk.lstatSync(`${root}/control/${id}.json`, { throwIfNoEntry: false }) !== undefined;
}

/** When a request was last got on with, in ms since the epoch; undefined when it is obeyed. @throws the errno of what failed */
export function requestProgress(disk: Disk, root: string, id: string): number | undefined {
  return disk.lstatSync(`${root}/control/${id}.json`, { throwIfNoEntry: false })?.mtimeMs;
}

/** Notes in the time of its file that a request is being obeyed, at `nowMs` since the epoch. Never throws for a failed system call. */
export function noteProgress(disk: Disk, root: string, { id, nowMs }: { id: string; nowMs: number }): void {
  try {
    disk.utimesSync(`${root}/control/${id}.json`, nowMs / 1000, nowMs / 1000);
  } catch (error) {
    ignoreErrno(error); // the command that waits may give up, and the request stays
  }
}

/** A request was obeyed. @throws the errno of what failed */
export function removeRequest(disk: Disk, root: string, id: string): void {
  removeIfThere(disk, `${root}/control/${id}.json`);
  syncDirectory(disk, `${root}/control`);
}

/** What lies in `control/`. */
export interface FoundRequests extends WaitingRequests {
  /** Files that are not requests, and were quarantined. */
  quarantined: readonly EntryProblem[];
}

type FoundRequest =
  | { kind: 'request'; request: ControlRequest }
  | { kind: 'unknown' | 'quarantined'; entry: EntryProblem };

/**
 * Reads the requests that wait, oldest first.
 * @param now ms since the epoch
 * @throws the errno of a directory that cannot be listed
 */
export function readRequests(disk: Disk, root: string, now: number): FoundRequests {
  const [requests, unknown, quarantined]: [ControlRequest[], EntryProblem[], EntryProblem[]] = [[], [], []];
  for (const name of listNames(disk, `${root}/control`).sort()) {
    const found = readRequest(disk, root, { name, now });
    if (found?.kind === 'request') requests.push(found.request);
    else if (found?.kind === 'unknown') unknown.push(found.entry);
    else if (found?.kind === 'quarantined') quarantined.push(found.entry);
  }
  return { requests, unknown, quarantined };
}

/** @returns undefined for a file that was removed, is still being written, or cannot be read now */
function readRequest(
  disk: Disk,
  root: string,
  { name, now }: { name: string; now: number },
): FoundRequest | undefined {
  const path = `${root}/control/${name}`;
  try {
    const found = readEntry(disk, path, { maxBytes });
    if (found.kind === 'gone') return undefined;
    const id = /^([A-Za-z0-9_-]{1,128})\.json$/.exec(name)?.[1];
    const read = found.kind === 'read' ? parseWish(found.bytes.toString('utf8')) : undefined;
    if (read?.kind === 'unknown') return { kind: 'unknown', entry: { name, reason: read.reason } };
    if (read?.kind === 'wish' && id !== undefined)
      return { kind: 'request', request: { id, wish: read.wish } };
    const stat = disk.lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && Math.abs(now - stat.mtimeMs) < unfinishedMs) return undefined;
    const reason = found.kind === 'unreadable' ? found.reason : 'it is no request that this version knows';
    const moved = putAside(disk, root, { path, name, reason: `it stood in control/, and ${reason}` });
    return moved && { kind: 'quarantined', entry: moved };
  } catch (error) {
    ignoreErrno(error); // it is looked at again soon
    return undefined;
  }
}
