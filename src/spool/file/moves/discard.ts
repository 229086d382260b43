/**
 * Moving what is undelivered to `dead/`, because a person said so; what cannot
 * be read stays. Each move is a rename, as that of a delivery that is given up,
 * so that a crash in between leaves some of them where they were; the fsyncs are
 * made once a step.
 */

import type { EventHeader } from '../../../event/event.js';
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { errnoOf } from '../../../shared/errors.js';
import { createSelector, type Selector } from '../../selection.js';
import type { ClaimedEntry, DiscardedEntry, DiscardRequest, Why } from '../../spool.js';
import { isBlank, openBatchText } from '../batch/batch-text.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import { acceptedAt, headerOf } from '../batch/delivery-file.js';
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
import type { InboxDelivery } from '../incoming/inbox-deliveries.js';
import { queuedSlots, retrySlots } from '../queue/each-slot.js';
import type { Slot } from '../queue/slot.js';

export interface DiscardTools {
  /** ms since the epoch. */
  now(): number;
  reader: DeliveryReader;
  texts: BatchTexts;
  /** Moves them; without it they are only told. Each move is durable when `late` has been flushed. */
  moving?: { files: DeliveryFiles; late: LateSyncs };
  /** Whether a delivery is claimed at this moment: it stays. */
  isClaimed(endpoint: string, slot: Slot): boolean;
  /** Whether an entry of `incoming/` is claimed at this moment: it stays, too. */
  isSent?(name: string): boolean;
  /** Those entries. */
  sent?(): readonly InboxDelivery[];
}

/** A walk over what is queued. */
interface Walk {
  request: DiscardRequest;
  selector: Selector;
  tools: DiscardTools;
}

/** What one step has found: an entry that matches, one that is claimed, or neither. */
export type Found = { entry?: DiscardedEntry; claimed?: ClaimedEntry };

/** Walks over what is queued, one entry a step. @throws the errno of what failed */
export function* discardAll(
  disk: Disk,
  root: string,
  { request, tools }: { request: DiscardRequest; tools: DiscardTools },
): Generator<Found> {
  const walk = { request, selector: createSelector(request.select), tools };
  const { hasState } = walk.selector;
  for (const { endpoint, file } of tools.sent?.() ?? []) {
    const { event, stat } = file;
    const at = acceptedAt({ id: event.id, stat, now: tools.now() });
    yield isMeant(walk, { header: event, endpoint, acceptedAt: at })
      ? { claimed: { event: event.id, endpoint } }
      : {};
  }
  if (request.incoming && hasState('incoming')) yield* discardIncoming(disk, root, walk);
  const endpoints =
    request.select.endpoints ??
    new Set([...listNames(disk, `${root}/queue`), ...listNames(disk, `${root}/retry`)]);
  for (const endpoint of endpoints)
    for (const slot of slotsOf(disk, root, { endpoint, walk })) yield discardSlot(slot, { endpoint, walk });
}

function isMeant(
  { request, selector }: Walk,
  delivery: { header: EventHeader; endpoint: string; acceptedAt: number },
): boolean {
  return selector.has(delivery) && request.stays?.(delivery.header, delivery.endpoint) !== true;
}

/** The queue comes first: what is deferred meanwhile is found among the retries. */
function* slotsOf(
  disk: Disk,
  root: string,
  { endpoint, walk: { tools, selector } }: { endpoint: string; walk: Walk },
): Generator<Slot> {
  const options = { endpoint, texts: tools.texts, mayHave: selector.mayHaveOfBatch };
  if (selector.hasState('queued')) yield* queuedSlots(disk, root, options);
  if (selector.hasState('retry')) yield* retrySlots(disk, root, endpoint);
}

function discardSlot(slot: Slot, { endpoint, walk }: { endpoint: string; walk: Walk }): Found {
  const { request, tools } = walk;
  if (slot.id !== undefined && !walk.selector.mayHave(slot.id)) return {};
  const found = tools.reader.read(slot);
  if (found.kind !== 'read') return {};
  const { event, acceptedAt: at } = found;
  if (!isMeant(walk, { header: event, endpoint, acceptedAt: at })) return {};
  if (tools.isClaimed(endpoint, slot)) return { claimed: { event: event.id, endpoint } };
  const from = slot.room === 'retry' ? 'retry' : 'queued';
  const entry: DiscardedEntry = { event: event.id, endpoint, events: 1, from };
  if (event.hook !== undefined) entry.hook = event.hook;
  if (tools.moving !== undefined) {
    const { files, late } = tools.moving;
    const why = { ...request.why, attempts: slot.attempts };
    files.moveToDead(slot, { event, endpoint, why, acceptedAt: at, late });
  }
  return { entry };
}

function* discardIncoming(disk: Disk, root: string, { request, selector, tools }: Walk): Generator<Found> {
  for (const name of listNames(disk, `${root}/incoming`).sort()) {
    if (tools.isSent?.(name)) continue;
    const found = readIncoming(disk, `${root}/incoming/${name}`, { name, now: tools.now() });
    if (found === undefined || !selector.has({ ...found, endpoint: undefined })) {
      yield {};
      continue;
    }
    const entry: DiscardedEntry = { event: found.header.id, events: found.events, from: 'incoming' };
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
  { name, now }: { name: string; now: number },
): { header: EventHeader; events: number; acceptedAt: number } | undefined {
  const nameId = name.replace(/\.jsonl?$/, '');
  if (!name.endsWith('.jsonl')) {
    const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
    if (found.kind !== 'read') return undefined;
    const parsed = parseEvent(found.bytes);
    if (!parsed.ok) return undefined;
    const { stat } = found;
    const id = parsed.id ?? nameId;
    return { header: headerOf(parsed, { id, stat }), events: 1, acceptedAt: acceptedAt({ id, stat, now }) };
  }
  const opened = openBatchText(disk, path);
  if (opened.kind !== 'open') return undefined;
  const { text } = opened;
  try {
    if (!text.header.ok) return undefined;
    let events = 0;
    for (let line = text.lineAt(text.begin); line !== undefined; line = text.lineAt(line.end))
      if (!isBlank(line)) events += 1;
    const { stat } = text;
    const id = text.header.id ?? nameId;
    return { header: headerOf(text.header, { id, stat }), events, acceptedAt: acceptedAt({ id, stat, now }) };
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
