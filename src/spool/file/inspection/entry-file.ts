/** Reading an entry's file for itself: an event, or the header of a batch. */
import type { EventHeader } from '../../../event/event.js';
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { openBatchText } from '../batch/batch-text.js';
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

/** Reads `<id>.json` or `<id>.jsonl`; undefined where that was removed, or is not an event. */
export function readEntryFile(
  directory: string,
  name: string,
  tools: InspectionTools,
): EntryFile | undefined {
  const path = `${tools.root}/${directory}/${name}`;
  return readableOr(undefined, () =>
    name.endsWith('.jsonl') ? readBatch(path, name, tools) : readEvent(path, name, tools),
  );
}

function readEvent(path: string, name: string, { disk, now }: InspectionTools): EntryFile | undefined {
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

function readBatch(path: string, name: string, { disk, now }: InspectionTools): EntryFile | undefined {
  const opened = openBatchText(disk, path);
  if (opened.kind !== 'open') return undefined;
  const { header, stat } = opened.text;
  opened.text.close();
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
