/** Copying what a spool holds into an archive, or moving it there. */
import { CapnhookError } from '../../shared/errors.js';
import { isoTime } from '../../shared/iso-time.js';
import { shown } from '../../shared/shown.js';
import { type ArchiveEntry, archiveEnd, archiveHeader } from '../../spool/archive/archive-entry.js';
import { createArchiveReader } from '../../spool/archive/read-archive.js';
import { entryToBytes } from '../../spool/archive/write-archive.js';
import { type EntryState, type InspectedEntry, undeliveredStates } from '../../spool/inspection.js';
import { createSelector, type Selection } from '../../spool/selection.js';
import type { Spool } from '../../spool/spool.js';
import {
  type NamedEntries,
  type OperateOptions,
  type OperatePorts,
  operate,
  selectEntries,
} from '../operate/operate.js';
import { createTally, type Selected } from '../operate/tally.js';

export interface ExportPorts extends OperatePorts {
  spool: OperatePorts['spool'] & Pick<Spool, 'remove'>;
}

/** Where an archive is written. */
export interface ArchiveSink {
  write(bytes: Uint8Array): Promise<void>;
  /** Makes it durable, under its own name. @throws where that is taken */
  finish(): Promise<void>;
}

/** An archive that can be read again. */
export interface ArchiveFile extends ArchiveSink {
  read(): AsyncIterable<Uint8Array>;
}

/** What was exported. */
export interface Exported extends Selected {
  /** How many were moved out of the queues and are in `dead/` still, as they cannot be exported now. */
  left?: number;
}

export interface ExportOptions extends Pick<OperateOptions, 'onWaiting'> {
  /** Called with the number of events that were written so far. */
  onProgress?: ((events: number) => void) | undefined;
}

/**
 * Writes what is selected to an archive, event by event. Changes nothing, and works beside a running drain.
 * @throws CapnhookError `USAGE`, `NO_INPUT`; as the spool, and as the sink
 */
export async function exportEntries(
  ports: ExportPorts,
  { sink, ...named }: NamedEntries & { sink: ArchiveSink },
  options: ExportOptions = {},
): Promise<Exported> {
  const states = statesOf(named);
  const select = await selectEntries(
    ports,
    { ...named, states, all: true },
    { doing: 'export', splitBatches: true },
  );
  const exported = await writeArchive(ports, { sink, select, isWanted: () => true }, options);
  await sink.finish();
  return exported;
}

/**
 * Moves what is selected to an archive. It is dead first, so that nothing of it is sent; then it is written; and it is
 * removed when the archive is durable. What is in flight stays.
 * @param named.by who asks for it
 * @throws CapnhookError as {@link exportEntries}; `TEMPORARY` where a running drain does not obey
 */
export async function moveToArchive(
  ports: ExportPorts,
  { file, by, ...named }: NamedEntries & { file: ArchiveFile; by: string },
  options: ExportOptions = {},
): Promise<Exported> {
  const states = statesOf(named);
  const selected = await selectEntries(
    ports,
    { ...named, states, all: true },
    { doing: 'export', splitBatches: true },
  );
  const select = { ...selected, before: Math.min(selected.before ?? Infinity, ports.clock.now() + 1) };
  const tagged = `${by} (${ports.newId()})`;
  const moved = await withdraw(ports, { select, by: tagged }, options);
  // What was queued is among the dead now, with a reason that no other export gives.
  const found: Selection = { ...select, states: ['unclaimed', 'dead'] };
  const isOurs = ({ why }: InspectedEntry) => why?.message === `${tagged} exported it`;
  const isWanted = (entry: InspectedEntry) => states.includes(entry.state) || isOurs(entry);
  const exported = await writeArchive(ports, { sink: file, select: found, isWanted }, options);
  await file.finish();
  await ports.spool.remove(placesIn(file.read()));
  const { incoming = 0, retry = 0 } = exported.states;
  const left = moved - incoming - retry;
  return left > 0 ? { ...exported, left } : exported;
}

/** Takes what is selected out of the queues. @returns how many events */
async function withdraw(
  ports: ExportPorts,
  { select, by }: { select: Selection; by: string },
  { onWaiting }: ExportOptions,
): Promise<number> {
  const queued: readonly EntryState[] = ['incoming', 'queued', 'retry'];
  const states = queued.filter((state) => select.states?.includes(state) !== false);
  if (states.length === 0) return 0;
  const wish = { kind: 'export', select: { ...select, states }, by } as const;
  const { count, isPending } = await operate(ports, wish, { onWaiting });
  if (isPending) throw notObeyed();
  return count;
}

interface WriteOptions {
  sink: ArchiveSink;
  select: Selection;
  isWanted(entry: InspectedEntry): boolean;
}

async function writeArchive(
  { spool, clock, newId }: ExportPorts,
  { sink, select, isWanted }: WriteOptions,
  { onProgress }: ExportOptions,
): Promise<Exported> {
  const selector = createSelector(select);
  const tally = createTally();
  const query = { states: select.states, endpoints: select.endpoints, splitBatches: true };
  let entries = 0;
  await sink.write(archiveHeader({ id: newId(), time: isoTime(clock.now()) }));
  for await (const entry of spool.inspection.entries(query)) {
    const { state, header, payload, endpoint } = entry;
    if (state === 'sent' || payload === undefined || !isWanted(entry)) continue;
    if (!selector.has({ ...entry, reason: entry.why?.reason })) continue;
    const archived = archivedOf(entry, payload);
    for (const bytes of entryToBytes(archived)) await sink.write(bytes);
    tally.add({ event: header.id, from: archived.state, hook: header.hook, endpoint, events: 1 });
    entries += 1;
    onProgress?.(entries);
  }
  await sink.write(archiveEnd(entries));
  return tally.total();
}

/** What was queued before the export moved it is queued again where it is imported. */
function archivedOf({ header, why, ...entry }: InspectedEntry, payload: Uint8Array): ArchiveEntry {
  const state = entry.state as ArchiveEntry['state'];
  const event = { ...header, payload };
  if (why?.reason !== 'exported') return { ...entry, state, event, why };
  return { ...entry, state: entry.endpoint === undefined ? 'incoming' : 'retry', event };
}

async function* placesIn(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const reader = createArchiveReader();
  for await (const piece of pieces)
    for (const { place } of reader.push(piece)) if (place !== undefined) yield place;
  reader.end();
}

function statesOf({ states = undeliveredStates }: NamedEntries): readonly EntryState[] {
  const strange = states.find((state) => !undeliveredStates.includes(state));
  if (strange === undefined) return states;
  throw new CapnhookError('USAGE', `Cannot export: there is no state ${shown(strange)} to be exported`, {
    hint: `The states are ${undeliveredStates.join(', ')}.`,
  });
}

function notObeyed(): CapnhookError {
  const message = 'Cannot export: the running drain has got no further for 15 s; nothing is removed';
  return new CapnhookError('TEMPORARY', message, {
    hint: 'What it moves to dead/ has the reason exported: capnhook retry --reason exported puts it back.',
  });
}
