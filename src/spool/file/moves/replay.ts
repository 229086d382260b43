/**
 * Sending again what was delivered and kept. Each move is one rename, from
 * `sent/` to `retry/`, so that what is queued again is not found a second time
 * by a replay that is repeated. A crash leaves some of it where it was.
 */
import { isGeneratedId } from '../../../event/event-id.js';
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { ignoreErrno } from '../../../shared/errors.js';
import { createSelector, type Selector } from '../../selection.js';
import type { ReplayRequest } from '../../spool.js';
import { acceptedAt, headerOf } from '../batch/delivery-file.js';
import type { DeliveryFiles } from '../deliveries/delivery-files.js';
import type { Disk } from '../disk/disk.js';
import type { LateSyncs } from '../disk/late-syncs.js';
import { parseQueueName, retryName } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { type EntryStat, readEntry } from '../disk/read-entry.js';
import { readableOr } from '../disk/readable-or.js';
import type { Slot } from '../queue/slot.js';
import { endOfDay, listDays, sentAt } from '../sent/sent-days.js';
import type { FoundRetry } from './retry.js';

export interface ReplayTools {
  /** ms since the epoch. */
  now(): number;
  files: DeliveryFiles;
  late: LateSyncs;
  /** A retry was put there. */
  onRetry(endpoint: string, name: string): void;
}

interface Walk {
  disk: Disk;
  root: string;
  request: ReplayRequest;
  selector: Selector;
  tools: ReplayTools;
  /** When the next delivery of an endpoint is due, ms since the epoch. */
  dueAt: Map<string, number>;
}

/** Where a delivery is kept. */
interface Place {
  day: string;
  endpoint: string;
  name: string;
}

/** Walks over what is kept, the oldest first, one file a step. @throws the errno of what failed */
export function* replayAll(
  disk: Disk,
  root: string,
  { request, tools }: { request: ReplayRequest; tools: ReplayTools },
): Generator<FoundRetry> {
  const { select } = request;
  const walk = { disk, root, request, tools, selector: createSelector(select), dueAt: new Map() };
  for (const day of listDays(disk, root)) {
    if (endOfDay(day) <= (select.since ?? 0)) continue;
    for (const endpoint of select.endpoints ?? listNames(disk, `${root}/sent/${day}`)) {
      const names = readableOr([], () => listNames(disk, `${root}/sent/${day}/${endpoint}`)).sort();
      for (const name of names) yield replayFile({ day, endpoint, name }, walk);
    }
  }
}

function replayFile(place: Place, walk: Walk): FoundRetry {
  const { disk, root, selector, request, tools } = walk;
  const { day, endpoint, name } = place;
  const id = parseQueueName(name);
  if (id === undefined || !selector.mayHave(id)) return {};
  const directory = `sent/${day}/${endpoint}`;
  const path = `${root}/${directory}/${name}`;
  const { ctimeMs } = disk.lstatSync(path, { throwIfNoEntry: false }) ?? {};
  if (ctimeMs === undefined) return {};
  const found = readableOr(undefined, () => readEntry(disk, path, { maxBytes: maxEventFileBytes }));
  const parsed = found?.kind === 'read' ? parseEvent(found.bytes) : undefined;
  if (found?.kind !== 'read' || !parsed?.ok) return {};
  const { stat } = found;
  const header = headerOf(parsed, { id, stat });
  const at = acceptedAt({ id, stat, now: tools.now() });
  if (!selector.has({ header, endpoint, acceptedAt: at, sentAt: sentAt(day, ctimeMs) })) return {};
  if (request.isWanted?.(header, endpoint) === false) return {};
  if (parsed.time !== undefined || isGeneratedId(id)) renew(path, { walk, stat });
  const slot: Slot = { room: 'sent', directory, name, attempts: 0, id };
  if (!moveToRetry(slot, { endpoint, id, walk })) return {};
  return { entry: { event: id, hook: header.hook, endpoint, events: 1, from: 'sent' }, endpoint };
}

/** Counts from now on how long it is tried: by its age it might be given up at the first failure. */
function renew(path: string, { walk: { disk, tools }, stat }: { walk: Walk; stat: EntryStat }): void {
  const now = tools.now() / 1_000;
  try {
    if (stat.mtimeMs < tools.now()) disk.utimesSync(path, now, now);
  } catch (error) {
    ignoreErrno(error); // another user's
  }
}

function moveToRetry(
  slot: Slot,
  { endpoint, id, walk }: { endpoint: string; id: string; walk: Walk },
): boolean {
  const { disk, root, request, tools, dueAt } = walk;
  const due = dueAt.get(endpoint) ?? tools.now();
  let dueMs = Math.floor(due);
  const nameAt = (ms: number) => retryName({ dueMs: ms, attempts: 0, id });
  const isTaken = (ms: number) =>
    disk.lstatSync(`${root}/retry/${endpoint}/${nameAt(ms)}`, { throwIfNoEntry: false }) !== undefined;
  while (isTaken(dueMs)) dueMs += 1;
  const name = nameAt(dueMs);
  if (!tools.files.moveFileToRetry(slot, { endpoint, name, late: tools.late })) return false;
  const { rate } = request;
  dueAt.set(endpoint, rate === undefined ? due : due + rate.perMs / rate.count);
  tools.onRetry(endpoint, name);
  return true;
}
