/**
 * Making what is selected due now, because a person said so. Each move is one
 * rename: what was deferred, and what was dead, becomes a retry that is due;
 * what has no endpoint yet goes back to `incoming/`. A crash in between leaves
 * some of it where it was. The fsyncs are made once a step.
 */
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { createSelector, type Selection, type Selector } from '../../selection.js';
import type { RetriedEntry, RetryRequest } from '../../spool.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import { acceptedAt, headerOf } from '../batch/delivery-file.js';
import { listSegments } from '../batch/segment.js';
import type { DeliveryFiles } from '../deliveries/delivery-files.js';
import type { DeliveryReader } from '../deliveries/delivery-reader.js';
import type { Disk } from '../disk/disk.js';
import type { LateSyncs } from '../disk/late-syncs.js';
import { parseQueueName, parseRetryName, retryName, undecided } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { readEntry } from '../disk/read-entry.js';
import { readNote } from '../disk/read-note.js';
import { readableOr } from '../disk/readable-or.js';
import { discard } from '../disk/write-file.js';
import { queuedSlots, retrySlots } from '../queue/each-slot.js';
import type { Slot } from '../queue/slot.js';
import { type RestoreFrom, restoreEntries } from '../unclaimed/restore-unclaimed.js';

export interface RetryTools {
  /** ms since the epoch. */
  now(): number;
  reader: DeliveryReader;
  texts: BatchTexts;
  files: DeliveryFiles;
  late: LateSyncs;
  /** Whether a delivery is claimed at this moment: it is being tried. */
  isClaimed(endpoint: string, slot: Slot): boolean;
  /** A retry was put there. */
  onRetry(endpoint: string, name: string): void;
}

/** What one step has found: an entry that was moved, an endpoint that is owed something selected, both, or neither. */
export type FoundRetry = { entry?: RetriedEntry; endpoint?: string };

interface Walk {
  disk: Disk;
  root: string;
  select: Selection;
  selector: Selector;
  tools: RetryTools;
}

/** Walks over what is selected, one entry a step. @throws the errno of what failed */
export function* retryAll(
  disk: Disk,
  root: string,
  { request: { select }, tools }: { request: RetryRequest; tools: RetryTools },
): Generator<FoundRetry> {
  const walk: Walk = { disk, root, select, selector: createSelector(select), tools };
  const { hasState } = walk.selector;
  if (hasState('queued')) yield* findQueued(walk);
  if (hasState('retry')) yield* retryDeferred(walk);
  if (hasState('dead')) yield* retryDead(walk);
  if (hasState('dead') && select.endpoints === undefined)
    yield* restore(walk, { from: 'dead', directory: `dead/${undecided}` });
  if (hasState('unclaimed') && select.endpoints === undefined)
    yield* restore(walk, { from: 'unclaimed', directory: 'unclaimed' });
}

/** What waits in order is due already: only its endpoint has to be tried. */
function* findQueued(walk: Walk): Generator<FoundRetry> {
  const { disk, root, select, selector, tools } = walk;
  if (select.reasons !== undefined) return;
  const asks = [select.hook, select.ids, select.since, select.before];
  const isOfAll = asks.every((each) => each === undefined);
  if (isOfAll) for (const endpoint of select.endpoints ?? []) yield { endpoint };
  for (const endpoint of select.endpoints ?? listNames(disk, `${root}/queue`)) {
    if (isOfAll) {
      const queue = `${root}/queue/${endpoint}`;
      yield readableOr([], () => listSegments(disk, queue)).length > 0 ? { endpoint } : {};
      continue;
    }
    const options = { endpoint, texts: tools.texts, mayHave: selector.mayHaveOfBatch };
    for (const slot of queuedSlots(disk, root, options)) {
      const isSelected = isSelectedSlot(slot, { endpoint, walk });
      yield isSelected ? { endpoint } : {};
      if (isSelected) break;
    }
  }
}

function isSelectedSlot(slot: Slot, { endpoint, walk }: { endpoint: string; walk: Walk }): boolean {
  if (slot.id === undefined || !walk.selector.mayHave(slot.id)) return false;
  const found = readableOr(undefined, () => walk.tools.reader.read(slot));
  if (found?.kind !== 'read') return false;
  return walk.selector.has({ header: found.event, endpoint, acceptedAt: found.acceptedAt });
}

function* retryDeferred(walk: Walk): Generator<FoundRetry> {
  const { disk, root, select } = walk;
  for (const endpoint of select.endpoints ?? listNames(disk, `${root}/retry`))
    for (const slot of retrySlots(disk, root, endpoint)) yield retrySlot(slot, { endpoint, walk });
}

function retrySlot(slot: Slot, { endpoint, walk }: { endpoint: string; walk: Walk }): FoundRetry {
  const { selector, tools } = walk;
  const dueMs = parseRetryName(slot.name)?.dueMs;
  if (dueMs === undefined || slot.id === undefined || !selector.mayHave(slot.id)) return {};
  const found = readableOr(undefined, () => tools.reader.read(slot));
  if (found?.kind !== 'read') return {};
  const { event, acceptedAt: at } = found;
  if (!selector.has({ header: event, endpoint, acceptedAt: at })) return {};
  if (tools.isClaimed(endpoint, slot) || dueMs <= tools.now()) return { endpoint };
  if (!moveToDue(slot, { endpoint, acceptedAt: at, walk })) return {};
  return { endpoint, entry: { event: event.id, hook: event.hook, endpoint, events: 1, from: 'retry' } };
}

/** It is due since it was accepted, so that retries keep the order of their events. */
function moveToDue(
  slot: Slot,
  { endpoint, acceptedAt: at, walk }: { endpoint: string; acceptedAt: number; walk: Walk },
): boolean {
  const { disk, root, tools } = walk;
  const { attempts, id = '' } = slot;
  let dueMs = Math.floor(Math.min(at, tools.now()));
  const nameAt = (ms: number) => retryName({ dueMs: ms, attempts, id });
  const isTaken = (ms: number) =>
    disk.lstatSync(`${root}/retry/${endpoint}/${nameAt(ms)}`, { throwIfNoEntry: false }) !== undefined;
  while (isTaken(dueMs)) dueMs -= 1;
  const name = nameAt(dueMs);
  if (!tools.files.moveFileToRetry(slot, { endpoint, name, late: tools.late })) return false;
  tools.onRetry(endpoint, name);
  return true;
}

function* retryDead(walk: Walk): Generator<FoundRetry> {
  const { disk, root, select } = walk;
  for (const endpoint of select.endpoints ?? listNames(disk, `${root}/dead`)) {
    if (endpoint === undecided) continue;
    const names = readableOr([], () => listNames(disk, `${root}/dead/${endpoint}`)).sort();
    removeOrphans(names, { endpoint, walk });
    for (const name of names) yield retryDeadFile(name, { endpoint, walk });
  }
}

/** A drain that was killed between a rename and the removal of its reason has left that. */
function removeOrphans(
  names: readonly string[],
  { endpoint, walk: { disk, root, selector } }: { endpoint: string; walk: Walk },
): void {
  const all = new Set(names);
  for (const name of names) {
    const id = /^(.+)\.why\.json$/.exec(name)?.[1];
    if (id !== undefined && !all.has(`${id}.json`) && selector.mayHave(id))
      discard(disk, `${root}/dead/${endpoint}/${name}`);
  }
}

function retryDeadFile(name: string, { endpoint, walk }: { endpoint: string; walk: Walk }): FoundRetry {
  const { disk, root, select, selector, tools } = walk;
  const directory = `dead/${endpoint}`;
  const id = parseQueueName(name);
  if (id === undefined || !selector.mayHave(id)) return {};
  const whyPath = `${root}/${directory}/${id}.why.json`;
  const reason = select.reasons && readNote(disk, whyPath).reason;
  const read = () => readEntry(disk, `${root}/${directory}/${name}`, { maxBytes: maxEventFileBytes });
  const found = readableOr(undefined, read);
  const parsed = found?.kind === 'read' ? parseEvent(found.bytes) : undefined;
  if (found?.kind !== 'read' || !parsed?.ok) return {};
  const { stat } = found;
  const header = headerOf(parsed, { id, stat });
  const at = acceptedAt({ id, stat, now: tools.now() });
  const why = typeof reason === 'string' ? reason : undefined;
  if (!selector.has({ header, endpoint, acceptedAt: at, reason: why })) return {};
  const slot: Slot = { room: 'dead', directory, name, attempts: 0, id };
  if (!moveToDue(slot, { endpoint, acceptedAt: at, walk })) return {};
  discard(disk, whyPath);
  return { endpoint, entry: { event: id, hook: header.hook, endpoint, events: 1, from: 'dead' } };
}

function* restore(
  walk: Walk,
  { from, directory }: { from: 'dead' | 'unclaimed'; directory: string },
): Generator<FoundRetry> {
  const { disk, root, selector, tools } = walk;
  const options: RestoreFrom = { directory, selector, now: tools.now() };
  for (const restored of restoreEntries(disk, root, options)) {
    if (restored !== undefined) {
      tools.late.gained(`${root}/incoming`);
      tools.late.lost(`${root}/${directory}`);
    }
    yield restored === undefined ? {} : { entry: { ...restored, from } };
  }
}
