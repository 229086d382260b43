/** Importing an archive: it is checked and kept whole first, so that a drain that runs can go on with it by itself. */
import { CapnhookError } from '../../shared/errors.js';
import { ArchiveProblem, createArchiveReader } from '../../spool/archive/read-archive.js';
import type { EntryProblem, Spool } from '../../spool/spool.js';
import { type FulfilPorts, fulfil } from '../operate/fulfil.js';
import { createTally, type Selected } from '../operate/tally.js';

export interface ImportPorts extends FulfilPorts {
  spool: FulfilPorts['spool'] & Pick<Spool, 'keepArchive' | 'isHeld'>;
  /** Makes the id of a request. */
  newId(): string;
}

export interface ImportOptions {
  /** Called once, where a running drain takes longer than two seconds and is still at work. */
  onWaiting?: (() => void) | undefined;
  /** Called with the number of events that were read so far. */
  onProgress?: ((events: number) => void) | undefined;
  /** Called for each entry that was moved to `corrupt/` here. */
  onQuarantined?: ((entry: EntryProblem) => void) | undefined;
}

/** What was imported: the archive's entries, what was there already included. */
export interface Imported extends Selected {
  /** How many of them were added; undefined where a running drain does that. */
  added?: number;
  /** Whether a drain is running, which sends what is due. */
  isDraining: boolean;
  /** Whether that drain has made no progress for 15 s. The archive is kept, and it or the next one goes on. */
  isPending?: boolean;
}

/**
 * Adds the entries of an archive to a spool. Each keeps its endpoint and its attempts. What is there already, by id and
 * payload, is not added again.
 * @throws CapnhookError `BAD_ARCHIVE` where it is not whole: then nothing of it is imported; as the spool
 */
export async function importArchive(
  ports: ImportPorts,
  pieces: AsyncIterable<Uint8Array>,
  options: ImportOptions = {},
): Promise<Imported> {
  const { spool } = ports;
  const tally = createTally();
  const archive = await spool.keepArchive(checked(pieces, { tally, onProgress: options.onProgress }));
  let added = 0;
  const isFinished = await fulfil(
    ports,
    { id: ports.newId(), wish: { kind: 'import', select: {}, archive } },
    {
      isRegistered: () => true,
      onWaiting: options.onWaiting,
      onStep({ entries, quarantined }) {
        added += entries.length;
        for (const entry of quarantined) options.onQuarantined?.(entry);
      },
    },
  );
  const isDraining = await spool.isHeld();
  const imported: Imported = { ...tally.total(), isDraining };
  if (!isDraining) imported.added = added;
  if (!isFinished) imported.isPending = true;
  return imported;
}

async function* checked(
  pieces: AsyncIterable<Uint8Array>,
  { tally, onProgress }: { tally: ReturnType<typeof createTally> } & Pick<ImportOptions, 'onProgress'>,
): AsyncGenerator<Uint8Array> {
  const reader = createArchiveReader();
  try {
    for await (const piece of pieces) {
      for (const { state, event, endpoint } of reader.push(piece))
        tally.add({ event: event.id, from: state, hook: event.hook, endpoint, events: 1 });
      onProgress?.(reader.entries());
      yield piece;
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof ArchiveProblem)) throw error;
    throw new CapnhookError('BAD_ARCHIVE', `Cannot import: ${error.message}; nothing was imported`, {
      hint: 'Export it again; importing an archive twice adds nothing twice.',
    });
  }
}
