/**
 * `control/<id>.json`: requests to the drain that runs, each a file, written
 * durably and removed when it is obeyed. The directory is the drain's own user's.
 */
import { errnoOf, ignoreErrno } from '../../../shared/errors.js';
import type { ControlRequest, EntryProblem } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { putAside } from '../disk/put-aside.js';
import { readEntry } from '../disk/read-entry.js';
import { closeQuietly, ensureRoom, removeIfThere, syncDirectory, writeDurably } from '../disk/write-file.js';

const maxBytes = 64 * 1024;

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
  const { id, ...said } = request;
  const bytes = Buffer.from(`${JSON.stringify({ capnhook: 1, ...said })}\n`);
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

/**
 * The requests that wait, oldest first; other files are quarantined.
 * @param options.now ms since the epoch
 * @throws the errno of a directory that cannot be listed
 */
export function readRequests(
  disk: Disk,
  root: string,
  { now, onQuarantined }: { now: number; onQuarantined(entry: EntryProblem): void },
): ControlRequest[] {
  return listNames(disk, `${root}/control`)
    .sort()
    .flatMap((name) => readRequest(disk, root, { name, now, onQuarantined }));
}

function readRequest(
  disk: Disk,
  root: string,
  { name, now, onQuarantined }: { name: string; now: number; onQuarantined(entry: EntryProblem): void },
): ControlRequest[] {
  const path = `${root}/control/${name}`;
  try {
    const found = readEntry(disk, path, { maxBytes });
    if (found.kind === 'gone') return [];
    const id = /^([A-Za-z0-9_-]{1,128})\.json$/.exec(name)?.[1];
    const request =
      found.kind === 'read' && id !== undefined ? parse(id, found.bytes.toString('utf8')) : undefined;
    if (request !== undefined) return [request];
    const stat = disk.lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && Math.abs(now - stat.mtimeMs) < unfinishedMs) return [];
    const reason = found.kind === 'unreadable' ? found.reason : 'it is no request that this version knows';
    const moved = putAside(disk, root, { path, name, reason: `it stood in control/, and ${reason}` });
    if (moved !== undefined) onQuarantined(moved);
  } catch (error) {
    ignoreErrno(error); // it is looked at again soon
    if (errnoOf(error) === 'ENOENT') return [];
  }
  return [];
}

function parse(id: string, text: string): ControlRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { request, endpoints, hook } = value as Partial<ControlRequest>;
  const areIds = Array.isArray(endpoints) && endpoints.every(isEndpointDirectory);
  if (request !== 'deregister' || !areIds) return undefined;
  if (hook === undefined) return { id, request, endpoints };
  return typeof hook === 'string' ? { id, request, endpoints, hook } : undefined;
}

/** What a request names becomes part of a path. */
function isEndpointDirectory(text: unknown): boolean {
  return typeof text === 'string' && /^[A-Za-z0-9_][A-Za-z0-9._~-]{0,127}$/.test(text);
}
