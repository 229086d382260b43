/** Reading an archive that is imported, and writing the files of its entries, which have no names yet. */
import { monotonicMs } from '../../../../shared/monotonic.js';
import type { ArchiveEntry } from '../../../archive/archive-entry.js';
import { ArchiveProblem, createArchiveReader } from '../../../archive/read-archive.js';
import type { ImportRequest } from '../../../spool.js';
import type { Disk } from '../../disk/disk.js';
import { putAside } from '../../disk/put-aside.js';
import { openEntry, readAt } from '../../disk/read-entry.js';
import { closeQuietly } from '../../disk/write-file.js';
import { archivePath } from '../../importing/archive-files.js';
import {
  type PreparedEntry,
  payloadThere,
  prepareEntry,
  putConflictAside,
  targetOf,
} from '../../importing/import-entry.js';
import { createPresence, type Presence } from '../../importing/presence.js';
import type { DrainTools } from '../tools.js';

/** A step ends after this many entries, this many bytes of payloads, or this time (ms). */
const maxEntries = 256;
const maxBytes = 4 << 20;
const maxStepMs = 30;

/** Size of what is read of an archive in one go, in bytes. */
const readBytes = 65_536;

/** An archive that is being read, and what was there before. */
export interface ArchiveWalk {
  entries: Iterator<ArchiveEntry>;
  there: Presence;
}

/** What a step has read. */
export interface Prepared {
  entries: PreparedEntry[];
  skipped: number;
  isDone: boolean;
}

/** Begins to read an archive. */
export function beginWalk(tools: DrainTools, archive: string): ArchiveWalk {
  const { disk, root } = tools;
  return { entries: readArchive(disk, root, archive), there: createPresence(disk, root, tools) };
}

/** Makes a function that reads and writes the next entries of an archive. @throws from it: the errno of what failed */
export function createImportPreparation({
  disk,
  root,
  token,
  quarantined,
}: DrainTools): (request: ImportRequest, walk: ArchiveWalk) => Prepared {
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

  function putArchiveAside({ archive }: ImportRequest, problem: ArchiveProblem): void {
    const reason = `it was to be imported, and ${problem.message}`;
    const moved = putAside(disk, root, {
      path: archivePath(root, archive),
      name: `${archive}.archive`,
      reason,
    });
    if (moved !== undefined) quarantined.push(moved);
  }

  /** What was written before it fails is left to be swept. */
  function prepareNext(request: ImportRequest, { entries, there }: ArchiveWalk): Prepared {
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

  return prepareNext;
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
