import type { Event } from '../../event/event.js';
import type { ArchiveEntry } from '../archive/archive-entry.js';
import { createArchiveReader } from '../archive/read-archive.js';
import type { Imported, ImportedEntry, ImportRequest, Why } from '../spool.js';
import { type MemoryState, queueOf } from './memory-state.js';

/** Adds the entries of an archive. */
export function importArchive(state: MemoryState, { archive }: ImportRequest): Imported {
  const bytes = state.archives.get(archive) ?? new Uint8Array();
  state.archives.delete(archive);
  const all = [...createArchiveReader().push(bytes)];
  const entries = all.flatMap((entry) => add(state, entry) ?? []);
  const endpoints = [...new Set(entries.flatMap(({ endpoint }) => endpoint ?? []))];
  return { entries, skipped: all.length - entries.length, endpoints, isDone: true, quarantined: [] };
}

/** @returns undefined for what is there already */
function add(state: MemoryState, entry: ArchiveEntry): ImportedEntry | undefined {
  const { event, endpoint, attempts, acceptedAt, dueMs = acceptedAt } = entry;
  const isDead = entry.state === 'dead' && entry.why?.reason !== 'exported';
  const why = { ...entry.why, attempts } as Why;
  const hasSame = (events: readonly { id: string }[]) => events.some(({ id }) => id === event.id);
  const of = endpoint === undefined ? undefined : queueOf(state, endpoint);
  if (isDead && of === undefined) {
    if (hasSame(state.dropped.map((each) => each.entry))) return undefined;
    state.dropped.push({ entry: event, why });
  } else if (isDead && of !== undefined) {
    if (hasSame(of.dead.map((each) => each.event))) return undefined;
    of.dead.push({ event, why });
  } else if (of === undefined) {
    if (hasSame(state.accepted)) return undefined;
    state.accepted.push(event);
  } else {
    if (hasSame(of.owed.map((each) => each.event))) return undefined;
    of.owed.push({ event, attempts, dueMs, claimed: false, held: false });
  }
  const queue = endpoint === undefined ? 'incoming' : 'retry';
  return importedOf(event, endpoint, isDead ? 'dead' : queue);
}

function importedOf(
  { id, hook }: Event,
  endpoint: string | undefined,
  to: ImportedEntry['to'],
): ImportedEntry {
  const imported: ImportedEntry = { event: id, hook, events: 1, from: to, to };
  if (endpoint !== undefined) imported.endpoint = endpoint;
  return imported;
}
