/**
 * Importing an archive, a bounded step at a time. In each step files are
 * written, made durable together, and then given their names; a crash repeats
 * the archive, which adds nothing that is there already.
 */
import type { ArchiveEntry } from '../../../archive/archive-entry.js';
import type { Imported, ImportedEntry, ImportRequest } from '../../../spool.js';
import { syncAll } from '../../disk/directory-sync.js';
import { createLateSyncs } from '../../disk/late-syncs.js';
import { syncDirectory } from '../../disk/write-file.js';
import { removeArchive } from '../../importing/archive-files.js';
import { type PreparedEntry, placeEntry } from '../../importing/import-entry.js';
import type { DrainTools } from '../tools.js';
import { type ArchiveWalk, beginWalk, createImportPreparation } from './import-preparation.js';
import { createRetryNotes } from './retry-notes.js';

/** Makes a function that imports an archive, a step each call. @throws from it: the errno of what failed */
export function createImportSteps(tools: DrainTools): (request: ImportRequest) => Promise<Imported> {
  const { disk, root, quarantined } = tools;
  const notes = createRetryNotes(tools);
  const late = createLateSyncs(disk);
  const prepareNext = createImportPreparation(tools);
  /** Archives that are being read, by their requests. */
  const walks = new WeakMap<ImportRequest, ArchiveWalk>();

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

  function end({ archive }: ImportRequest): void {
    removeArchive(disk, root, archive);
    syncDirectory(disk, `${root}/imports`);
    notes.reload();
  }

  async function step(request: ImportRequest, walk: ArchiveWalk): Promise<Imported> {
    const { entries: prepared, skipped, isDone } = prepareNext(request, walk);
    const entries = await place(prepared);
    if (isDone) end(request);
    const endpoints = [...new Set(entries.flatMap(({ endpoint }) => endpoint ?? []))];
    return { entries, skipped, endpoints, isDone, quarantined: quarantined.splice(0) };
  }

  return async (request) => {
    const walk = walks.get(request) ?? beginWalk(tools, request.archive);
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
