/**
 * Importing an archive, a bounded step at a time. In each step files are
 * written, made durable together, and then given their names; a crash repeats
 * the archive, which adds nothing that is there already.
 */
import { monotonicMs } from '../../../shared/monotonic.js';
import type { ArchiveEntry } from '../../archive/archive-entry.js';
import { ArchiveProblem, createArchiveReader } from '../../archive/read-archive.js';
import type { Imported, ImportedEntry, ImportRequest } from '../../spool.js';
import { syncAll } from '../disk/directory-sync.js';
import type { Disk } from '../disk/disk.js';
import { createLateSyncs } from '../disk/late-syncs.js';
import { putAside } from '../disk/put-aside.js';
import { openEntry, readAt } from '../disk/read-entry.js';
import { closeQuietly, syncDirectory } from '../disk/write-file.js';
import { archivePath, removeArchive } from '../importing/archive-files.js';
import {
  type PreparedEntry,
  payloadThere,
  placeEntry,
  prepareEntry,
  putConflictAside,
  targetOf,
} from '../importing/import-entry.js';
import { createPresence, type Presence } from '../importing/presence.js';
import { createRetryNotes } from './retry-steps.js';
import type { DrainTools } from './tools.js';

/** A step ends after this many entries, this many bytes of payloads, or this time (ms). */
const maxEntries = 256;
const maxBytes = 4 << 20;
const maxStepMs = 30;

/** Size of what is read of an archive in one go, in bytes. */
const readBytes = 65_536;

/** An archive that is being read, and what was there before. */
interface Walk {
  entries: Iterator<ArchiveEntry>;
  there: Presence;
}

/** What a step has read. */
interface Prepared {
  entries: PreparedEntry[];
  skipped: number;
  isDone: boolean;
}

/** Makes a function that imports an archive, a step each call. @throws from it: the errno of what failed */
export function createImportSteps(tools: DrainTools): (request: ImportRequest) => Promise<Imported> {
  const { disk, root, token, quarantined } = tools;
  const notes = createRetryNotes(tools);
  const late = createLateSyncs(disk);
  /** Archives that are being read, by their requests. */
  const walks = new WeakMap<ImportRequest, Walk>();

  async function place(prepared: readonly PreparedEntry[]): Promise<ImportedEntry[]> {
    await syncAll(disk, new Set(prepared.map(({ temporary }) => temporary)));
    const placed = prepared.flatMap((each) => {
      const problem = placeEntry(disk, root, each, late);
      if (problem !== undefined) quarantined.push(problem);
      else if (each.target.room === 'retry') notes.onRetry(each.entry.endpoint!, each.target.name);
      return problem === undefined ? [importedOf(each.entry, each.target.room)] : [];
    });
    await late.flush();
    return placed;
  }

  /** Writes the file of an entry, unless it is there already; with another payload it is put aside. */
  function prepare(entry: ArchiveEntry, there: Presence): PreparedEntry | undefined {
    const target = targetOf(entry);
    const prepared = { entry, target, temporary: `${root}/tmp/${token()}` };
    const payload = payloadThere(disk, root, { entry, target, presence: there });
    if (payload !== undefined && Buffer.compare(payload, entry.event.payload) === 0) return undefined;
    prepareEntry(disk, prepared);
    if (payload === undefined) return prepared;
    const problem = putConflictAside(disk, root, prepared);
    if (problem !== undefined) quarantined.push(problem);
    return undefined;
  }

  function end({ archive }: ImportRequest): void {
    removeArchive(disk, root, archive);
    syncDirectory(disk, `${root}/imports`);
    notes.reload();
  }

  function putArchiveAside({ archive }: ImportRequest, problem: ArchiveProblem): void {
    const reason = `it was to be imported, and ${problem.message}`;
    const moved = putAside(disk, root, {
      path: archivePath(root, archive),
      name: `${archive}.archive`,
      reason,
    });
    if (moved !== undefined) quarantined.push(moved);
  }

  /** Reads and writes the next entries. What was written before it fails is left to be swept. */
  function prepareNext(request: ImportRequest, { entries, there }: Walk): Prepared {
    const found: Prepared = { entries: [], skipped: 0, isDone: false };
    const until = monotonicMs() + maxStepMs;
    let bytes = 0;
    try {
      while (
        !found.isDone &&
        found.entries.length < maxEntries &&
        bytes < maxBytes &&
        monotonicMs() < until
      ) {
        const { value, done } = entries.next();
        found.isDone = done === true;
        if (value === undefined) continue;
        const ready = prepare(value, there);
        bytes += value.event.payload.byteLength;
        if (ready === undefined) found.skipped += 1;
        else found.entries.push(ready);
      }
    } catch (error) {
      if (!(error instanceof ArchiveProblem)) throw error;
      putArchiveAside(request, error);
      found.isDone = true;
    }
    return found;
  }

  async function step(request: ImportRequest, walk: Walk): Promise<Imported> {
    const { entries: prepared, skipped, isDone } = prepareNext(request, walk);
    const entries = await place(prepared);
    if (isDone) end(request);
    const endpoints = [...new Set(entries.flatMap(({ endpoint }) => endpoint ?? []))];
    return { entries, skipped, endpoints, isDone, quarantined: quarantined.splice(0) };
  }

  return async (request) => {
    const walk = walks.get(request) ?? {
      entries: readArchive(disk, root, request.archive),
      there: createPresence(disk, root, tools),
    };
    walks.set(request, walk);
    try {
      return await step(request, walk);
    } catch (error) {
      walks.delete(request); // the next step begins the archive again
      walk.entries.return?.();
      notes.reload();
      throw error;
    }
  };
}

function importedOf({ event, endpoint }: ArchiveEntry, to: ImportedEntry['to']): ImportedEntry {
  const entry: ImportedEntry = { event: event.id, hook: event.hook, events: 1, from: to, to };
  if (endpoint !== undefined) entry.endpoint = endpoint;
  return entry;
}

/** Reads the entries of an archive. @throws {ArchiveProblem} where it is not whole; the errno of what failed */
function* readArchive(disk: Disk, root: string, archive: string): Generator<ArchiveEntry> {
  const found = openEntry(disk, archivePath(root, archive), { maxBytes: Infinity });
  if (found.kind === 'gone') return; // it was imported, and the request is left
  if (found.kind === 'unreadable') throw new ArchiveProblem(found.reason);
  try {
    const reader = createArchiveReader();
    for (let position = 0; position < found.stat.size; position += readBytes) {
      const bytes = Buffer.alloc(Math.min(readBytes, found.stat.size - position));
      yield* reader.push(bytes.subarray(0, readAt(disk, found.fd, { bytes, position })));
    }
    reader.end();
  } finally {
    closeQuietly(disk, found.fd);
  }
}
