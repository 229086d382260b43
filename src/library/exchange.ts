import type { Environment } from '../config/paths.js';
import { spoolPath } from '../config/paths.js';
import type { EntryProblem } from '../spool/spool.js';
import { type Exported, exportEntries, moveToArchive } from '../usecases/exchange/export.js';
import { type Imported, importArchive } from '../usecases/exchange/import.js';
import { openArchive, readPieces } from './archive-file.js';
import { spoolPorts } from './open-spool.js';
import { entriesNamedBy, portsFor, type SelectOptions, userName } from './operate.js';

export type { Exported } from '../usecases/exchange/export.js';
export type { Imported } from '../usecases/exchange/import.js';

/** What is exported; each member of a selection that is there must hold. Default: everything but what was delivered. */
export interface ExportOptions extends Omit<SelectOptions, 'dryRun' | 'all' | 'onQuarantined'> {
  /** Whether what is exported is removed from the spool, once the archive is durable; default false. */
  move?: boolean | undefined;
}

/**
 * Writes what the spool holds to an archive, event by event, which {@link importEvents} reads: into another spool, on
 * another machine. A copy changes nothing, and works beside a running drain. With `move` what is selected is moved to
 * `dead/` first, so that nothing is both sent from here and exported; what is in flight stays.
 * @param to a file, which must not exist, or a function that is called with each piece
 * @throws CapnhookError `USAGE`, `NO_INPUT`, `SPOOL_WRITE`, `PERMISSION`, `SPOOL_CREATE`; `TEMPORARY` where a running drain
 *   does not obey
 * @example const { count } = await exportEvents('left.capnhook', { move: true });
 */
export async function exportEvents(
  to: string | ((piece: Uint8Array) => Promise<void> | void),
  { move = false, ...options }: ExportOptions = {},
): Promise<Exported> {
  const ports = portsFor(options, 'export');
  const named = entriesNamedBy(options);
  if (typeof to === 'function') {
    const sink = { write: async (piece: Uint8Array) => to(piece), async finish() {} };
    return exportEntries(ports, { ...named, sink }, options);
  }
  const file = await openArchive(to);
  try {
    if (!move) return await exportEntries(ports, { ...named, sink: file }, options);
    return await moveToArchive(ports, { ...named, file, by: options.by ?? userName() }, options);
  } finally {
    await file.close();
  }
}

export interface ImportOptions {
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. It is made where it is missing. */
  spool?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
  /** Called once, where a running drain takes longer than two seconds and is still at work. */
  onWaiting?: (() => void) | undefined;
  /** Called with the number of events that were read so far. */
  onProgress?: ((events: number) => void) | undefined;
  /** Called for each entry that was moved to `corrupt/`. */
  onQuarantined?: ((entry: EntryProblem) => void) | undefined;
}

/**
 * Adds the events of an archive: deliveries with their endpoints and attempts, dead ones as dead. What is there already,
 * by id and payload, is not added again, so that an import can be repeated.
 * @param from a file, or the pieces of an archive
 * @throws CapnhookError `BAD_ARCHIVE` for an archive that is not whole: nothing of it is imported; `NO_INPUT`,
 *   `SPOOL_CREATE`, `SPOOL_WRITE`, `PERMISSION`
 * @example const { count, added } = await importEvents('left.capnhook');
 */
export async function importEvents(
  from: string | AsyncIterable<Uint8Array>,
  { spool, env = process.env, ...options }: ImportOptions = {},
): Promise<Imported> {
  const pieces = typeof from === 'string' ? readPieces(from) : from;
  return importArchive(spoolPorts(spoolPath(env, spool)), pieces, options);
}
