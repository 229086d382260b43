/** Reading an entry's file for itself: an event, or the header of a batch. */
import type { EventHeader } from '../../../event/event.js';
import { batchMemberId } from '../../../event/event-id.js';
import { checkLine } from '../../../event/payload.js';
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { type BatchText, isBlank, openBatchText } from '../batch/batch-text.js';
import { acceptedAt, headerOf } from '../batch/delivery-file.js';
import type { Disk } from '../disk/disk.js';
import { readEntry } from '../disk/read-entry.js';
import { readableOr } from '../disk/readable-or.js';
import type { InspectionTools } from './found.js';

/** An event, or a batch without its events. */
export interface EntryFile {
  header: EventHeader;
  /** As the header of a batch says; undefined where it does not. */
  events: number | undefined;
  /** ms since the epoch. */
  acceptedAt: number;
  /** Undefined for a batch. */
  payload?: Uint8Array;
}

export type EntryFileTools = Pick<InspectionTools, 'disk' | 'root' | 'now'>;

/** Reads `<id>.json` or `<id>.jsonl`; undefined where that was removed, or is not an event. */
export function readEntryFile(directory: string, name: string, tools: EntryFileTools): EntryFile | undefined {
  const path = `${tools.root}/${directory}/${name}`;
  return readableOr(undefined, () =>
    name.endsWith('.jsonl') ? readBatch(path, name, tools) : readEvent(path, name, tools),
  );
}

/** The same; a batch event by event where that is asked for. */
export function* readEntryFiles(
  directory: string,
  name: string,
  tools: InspectionTools,
): Generator<EntryFile | undefined> {
  if (tools.query.splitBatches !== true || !name.endsWith('.jsonl')) {
    yield readEntryFile(directory, name, tools);
    return;
  }
  const path = `${tools.root}/${directory}/${name}`;
  const opened = readableOr(undefined, () => openBatchText(tools.disk, path));
  if (opened?.kind !== 'open') return;
  const { text } = opened;
  try {
    const batch = describeBatch(text, name, tools);
    // A batch with a line that cannot be used, or that may still be being written, is not told in parts.
    if (batch === undefined || !isWhole(text, tools)) yield undefined;
    else for (const payload of payloadsIn(text)) yield memberOf(batch, payload);
  } finally {
    text.close();
  }
}

/** For how long a batch that does not say how many events it has must be still, in ms. */
const stillMs = 2_000;

function isWhole(text: BatchText, { now }: InspectionTools): boolean {
  let events = 0;
  for (let line = text.lineAt(text.begin); line !== undefined; line = text.lineAt(line.end)) {
    if (isBlank(line)) continue;
    if (checkLine(line.bytes)?.ok !== true) return false;
    events += 1;
  }
  const expected = text.header.ok ? text.header.events : undefined;
  return expected === undefined ? Math.abs(now() - text.stat.mtimeMs) >= stillMs : expected === events;
}

function* payloadsIn(text: BatchText): Generator<{ payload: Uint8Array; n: number }> {
  let n = 0;
  for (let line = text.lineAt(text.begin); line !== undefined; line = text.lineAt(line.end)) {
    if (isBlank(line)) continue;
    n += 1;
    const checked = checkLine(line.bytes);
    if (checked?.ok) yield { payload: checked.payload, n };
  }
}

function memberOf(batch: EntryFile, { payload, n }: { payload: Uint8Array; n: number }): EntryFile {
  return { ...batch, header: { ...batch.header, id: batchMemberId(batch.header.id, n) }, events: 1, payload };
}

function readEvent(path: string, name: string, { disk, now }: EntryFileTools): EntryFile | undefined {
  const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
  const parsed = found.kind === 'read' ? parseEvent(found.bytes) : undefined;
  if (found.kind !== 'read' || !parsed?.ok) return undefined;
  const id = parsed.id ?? name.slice(0, -'.json'.length);
  const { stat } = found;
  const { payload } = parsed;
  return {
    header: headerOf(parsed, { id, stat }),
    events: 1,
    acceptedAt: acceptedAt({ id, stat, now: now() }),
    payload,
  };
}

function readBatch(path: string, name: string, tools: EntryFileTools): EntryFile | undefined {
  const opened = openBatchText(tools.disk, path);
  if (opened.kind !== 'open') return undefined;
  opened.text.close();
  return describeBatch(opened.text, name, tools);
}

function describeBatch(
  { header, stat }: BatchText,
  name: string,
  { now }: EntryFileTools,
): EntryFile | undefined {
  if (!header.ok) return undefined;
  const id = header.id ?? name.slice(0, -'.jsonl'.length);
  return {
    header: headerOf(header, { id, stat }),
    events: header.events,
    acceptedAt: acceptedAt({ id, stat, now: now() }),
  };
}

/** How many events a batch has by its header; 1 where it does not say. */
export function countBatchEvents(disk: Disk, path: string): number {
  const opened = readableOr(undefined, () => openBatchText(disk, path));
  if (opened?.kind !== 'open') return 1;
  const { header } = opened.text;
  opened.text.close();
  return header.ok ? (header.events ?? 1) : 1;
}
