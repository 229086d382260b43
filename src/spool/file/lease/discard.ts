/**
 * Moving what is undelivered to `dead/`, because a person said so; what cannot
 * be read stays. Each move is a rename, as that of a delivery that is given up,
 * so that a crash in between leaves some of them where they were; the fsyncs are
 * made once a step.
 */

import type { EventHeader } from '../../../event/event.js';
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { errnoOf } from '../../../shared/errors.js';
import type { DiscardedEntry, DiscardRequest, Why } from '../../spool.js';
import { isBlank, openBatchText } from '../batch/batch-text.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import { headerOf } from '../batch/delivery-file.js';
import type { DeliveryFiles } from '../deliveries/delivery-files.js';
import type { DeliveryReader } from '../deliveries/delivery-reader.js';
import { writeWhy } from '../deliveries/why-file.js';
import type { Disk } from '../disk/disk.js';
import type { LateSyncs } from '../disk/late-syncs.js';
import { privateDir, undecided } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { putAside } from '../disk/put-aside.js';
import { readEntry } from '../disk/read-entry.js';
import { ensureDirectory, ensureRoom } from '../disk/write-file.js';
import { queuedSlots, retrySlots } from '../queue/each-slot.js';
import type { Slot } from '../queue/slot.js';

export interface DiscardTools {
  reader: DeliveryReader;
  texts: BatchTexts;
  /** Moves them; without it they are only told. Each move is durable when `late` has been flushed. */
  moving?: { files: DeliveryFiles; late: LateSyncs };
  /** Whether a delivery is claimed at this moment: it stays. */
  isClaimed(endpoint: string, slot: Slot): boolean;
  /** Whether an entry of `incoming/` is claimed at this moment: it stays, too. */
  isSent?(name: string): boolean;
  /** Those entries. */
  sent?(): ReadonlyArray<{ endpoint: string; file: { event: EventHeader } }>;
}

/** What one step has found: an entry that matches, one that is claimed, or neither. */
export type Found = { entry?: DiscardedEntry; claimed?: string };

/** Walks over what is queued, one entry a step. @throws the errno of what failed */
export function* discardAll(
  disk: Disk,
  root: string,
  { request, tools }: { request: DiscardRequest; tools: DiscardTools },
): Generator<Found> {
  for (const { endpoint, file } of tools.sent?.() ?? []) {
    const isMeant = request.endpoints?.includes(endpoint) !== false && request.match(file.event, endpoint);
    yield isMeant ? { claimed: file.event.id } : {};
  }
  if (request.incoming) yield* discardIncoming(disk, root, { request, tools });
  const endpoints =
    request.endpoints ?? new Set([...listNames(disk, `${root}/queue`), ...listNames(disk, `${root}/retry`)]);
  for (const endpoint of endpoints) {
    for (const slot of slotsOf(disk, root, { endpoint, tools }))
      yield discardSlot(slot, { endpoint, request, tools });
  }
}

/** The queue comes first: what is deferred meanwhile is found among the retries. */
function* slotsOf(
  disk: Disk,
  root: string,
  { endpoint, tools }: { endpoint: string; tools: DiscardTools },
): Generator<Slot> {
  yield* queuedSlots(disk, root, { endpoint, texts: tools.texts });
  yield* retrySlots(disk, root, endpoint);
}

function discardSlot(
  slot: Slot,
  { endpoint, request, tools }: { endpoint: string; request: DiscardRequest; tools: DiscardTools },
): Found {
  const found = tools.reader.read(slot);
  if (found.kind !== 'read' || !request.match(found.event, endpoint)) return {};
  const { event } = found;
  if (tools.isClaimed(endpoint, slot)) return { claimed: event.id };
  const entry: DiscardedEntry = { event: event.id, endpoint, events: 1 };
  if (event.hook !== undefined) entry.hook = event.hook;
  if (tools.moving !== undefined) {
    const { files, late } = tools.moving;
    files.moveToDead(slot, { event, endpoint, why: { ...request.why, attempts: slot.attempts }, late });
  }
  return { entry };
}

function* discardIncoming(
  disk: Disk,
  root: string,
  { request, tools }: { request: DiscardRequest; tools: DiscardTools },
): Generator<Found> {
  for (const name of listNames(disk, `${root}/incoming`).sort()) {
    if (tools.isSent?.(name)) continue;
    const found = readIncoming(disk, `${root}/incoming/${name}`, name);
    if (found === undefined || !request.match(found.header, undefined)) {
      yield {};
      continue;
    }
    const entry: DiscardedEntry = { event: found.header.id, events: found.events };
    if (found.header.hook !== undefined) entry.hook = found.header.hook;
    if (tools.moving !== undefined) {
      const why = { ...request.why, attempts: 0 };
      moveIncoming(disk, root, { name, id: found.header.id, why, late: tools.moving.late });
    }
    yield { entry };
  }
}

function readIncoming(
  disk: Disk,
  path: string,
  name: string,
): { header: EventHeader; events: number } | undefined {
  const nameId = name.replace(/\.jsonl?$/, '');
  if (!name.endsWith('.jsonl')) {
    const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
    if (found.kind !== 'read') return undefined;
    const parsed = parseEvent(found.bytes);
    return parsed.ok
      ? { header: headerOf(parsed, { id: parsed.id ?? nameId, stat: found.stat }), events: 1 }
      : undefined;
  }
  const opened = openBatchText(disk, path);
  if (opened.kind !== 'open') return undefined;
  const { text } = opened;
  try {
    if (!text.header.ok) return undefined;
    let events = 0;
    for (let line = text.lineAt(text.begin); line !== undefined; line = text.lineAt(line.end))
      if (!isBlank(line)) events += 1;
    return { header: headerOf(text.header, { id: text.header.id ?? nameId, stat: text.stat }), events };
  } finally {
    text.close();
  }
}

function moveIncoming(
  disk: Disk,
  root: string,
  { name, id, why, late }: { name: string; id: string; why: Why; late: LateSyncs },
): void {
  const dead = ensureRoom(disk, root, 'dead');
  const directory = `${dead}/${undecided}`;
  ensureDirectory(disk, directory, privateDir);
  late.gained(dead);
  const to = `${directory}/${name}`;
  if (disk.lstatSync(to, { throwIfNoEntry: false }) !== undefined)
    putAside(disk, root, { path: to, name, reason: `another event came to ${to}` });
  writeWhy(disk, `${directory}/${id}.why.json`, { why, isSynced: false });
  try {
    disk.renameSync(`${root}/incoming/${name}`, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error; // its submitter took it back
  }
  late.gained(directory);
  late.lost(`${root}/incoming`);
}
