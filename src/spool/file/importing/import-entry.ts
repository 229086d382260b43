/** Where an entry of an archive goes, and what is written there. */
import { eventToBytes, maxEventFileBytes, parseEvent } from '../../../event/record.js';
import type { ArchiveEntry } from '../../archive/archive-entry.js';
import type { EntryProblem, Why } from '../../spool.js';
import { writeWhy } from '../deliveries/why-file.js';
import type { Disk } from '../disk/disk.js';
import type { LateSyncs } from '../disk/late-syncs.js';
import { privateDir, privateFile, retryName, undecided } from '../disk/layout.js';
import { linkNew } from '../disk/link-new.js';
import { putAside } from '../disk/put-aside.js';
import { readEntry } from '../disk/read-entry.js';
import { readableOr } from '../disk/readable-or.js';
import { discard, ensureDirectory, writeWhole } from '../disk/write-file.js';
import type { Presence } from './presence.js';

/** The room, and below it the directory and the name, that an entry goes to. */
export interface Target {
  room: 'incoming' | 'retry' | 'dead';
  /** Below the spool. */
  directory: string;
  name: string;
}

/** An entry whose file is written, and has not got its name yet. */
export interface PreparedEntry {
  entry: ArchiveEntry;
  target: Target;
  /** Its path. */
  temporary: string;
}

/** What an export has moved to `dead/` was not dead before. */
const exported = 'exported';

/** Where an entry goes. Pure. */
export function targetOf({
  state,
  event: { id },
  endpoint,
  attempts,
  acceptedAt,
  dueMs,
  why,
}: ArchiveEntry): Target {
  const isDead = state === 'dead' && why?.reason !== exported;
  if (isDead) return { room: 'dead', directory: `dead/${endpoint ?? undecided}`, name: `${id}.json` };
  if (endpoint === undefined) return { room: 'incoming', directory: 'incoming', name: `${id}.json` };
  const name = retryName({ dueMs: Math.floor(dueMs ?? acceptedAt), attempts, id });
  return { room: 'retry', directory: `retry/${endpoint}`, name };
}

/** The payload of an event that is there already; undefined where there is none. */
export function payloadThere(
  disk: Disk,
  root: string,
  { entry, target, presence }: { entry: ArchiveEntry; target: Target; presence: Presence },
): Uint8Array | undefined {
  const { event, endpoint } = entry;
  const path = `${root}/${target.directory}/${target.name}`;
  const read = () => readEntry(disk, path, { maxBytes: maxEventFileBytes });
  const found = readableOr(undefined, read);
  const parsed = found?.kind === 'read' ? parseEvent(found.bytes) : undefined;
  if (parsed?.ok) return parsed.payload;
  return target.room === 'retry' && endpoint !== undefined
    ? presence.payloadOf(endpoint, event.id)
    : undefined;
}

/** Writes the file of an entry, not durably yet, with the time at which it was accepted. @throws the errno of what failed */
export function prepareEntry(disk: Disk, { entry, target, temporary }: PreparedEntry): void {
  writeWhole(disk, temporary, { bytes: eventToBytes(entry.event), mode: privateFile });
  if (target.room === 'incoming') return;
  const accepted = entry.acceptedAt / 1000;
  disk.utimesSync(temporary, accepted, accepted);
}

/**
 * Gives a file that is durable its name, which replaces nothing.
 * @returns what was put aside as another event has its name
 * @throws the errno of what failed
 */
export function placeEntry(
  disk: Disk,
  root: string,
  { entry, target, temporary }: PreparedEntry,
  late: LateSyncs,
): EntryProblem | undefined {
  const directory = `${root}/${target.directory}`;
  if (target.room !== 'incoming') {
    const parent = `${root}/${target.room}`;
    ensureDirectory(disk, parent, privateDir);
    if (ensureDirectory(disk, directory, privateDir)) late.gained(parent);
  }
  if (target.room === 'dead') {
    const path = `${directory}/${entry.event.id}.why.json`;
    if (disk.lstatSync(`${directory}/${target.name}`, { throwIfNoEntry: false }) === undefined)
      writeWhy(disk, path, { why: whyOf(entry), isSynced: false });
  }
  const isPlaced = linkNew(disk, temporary, `${directory}/${target.name}`);
  if (!isPlaced) return putConflictAside(disk, root, { entry, target, temporary });
  discard(disk, temporary);
  late.gained(directory);
  return undefined;
}

/** Moves the file of an entry to `corrupt/`: another event has its id, and neither replaces the other. */
export function putConflictAside(
  disk: Disk,
  root: string,
  { entry: { event }, target, temporary }: PreparedEntry,
): EntryProblem | undefined {
  const reason = `it was imported, and another event with its id is in ${target.directory}`;
  return putAside(disk, root, { path: temporary, name: `${event.id}.json`, reason });
}

/** The reason, as far as it has the members of one. */
function whyOf({ why = {}, attempts, acceptedAt }: ArchiveEntry): Why {
  const { reason, message, time, ...rest } = why as Partial<Why>;
  const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise);
  return {
    ...rest,
    reason: text(reason, 'imported'),
    message: text(message, 'it was dead when it was imported'),
    attempts,
    time: text(time, new Date(acceptedAt).toISOString()),
  };
}
