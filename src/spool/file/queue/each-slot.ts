/** Walks over what an endpoint is owed, for those that only read or that hold the lock; what cannot be read is passed over. */
import type { BatchTexts } from '../batch/batch-texts.js';
import { listSegments } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { parseRetryName, parseSegmentName } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { readableOr } from '../disk/readable-or.js';
import { openSegment } from './segment-source.js';
import type { Slot } from './slot.js';

export interface QueuedSlotsOptions {
  endpoint: string;
  texts: BatchTexts;
  /** Whether a batch may have an event that is wanted; default: each may. */
  mayHave?(batchId: string): boolean;
  /** Ids of single deliveries, which are looked for one by one; default: all. */
  ids?: readonly string[] | undefined;
}

/** Yields the deliveries that wait in order. @throws the errno of an error that concerns them all */
export function* queuedSlots(
  disk: Disk,
  root: string,
  { endpoint, texts, mayHave = () => true, ids }: QueuedSlotsOptions,
): Generator<Slot> {
  for (const segment of readableOr([], () => listSegments(disk, `${root}/queue/${endpoint}`))) {
    const batch = parseSegmentName(segment)?.batch;
    if (batch !== undefined && !mayHave(batch.id)) continue;
    const directory = `queue/${endpoint}/${segment}`;
    if (batch === undefined && ids !== undefined) {
      yield* slotsOf(disk, root, { directory, ids });
      continue;
    }
    const options = {
      directory,
      segment,
      texts,
      window: () => Infinity,
      taken: () => new Set<string>(),
      onFree() {},
    };
    const source = readableOr(undefined, () => openSegment(disk, root, options));
    const next = (): Slot | undefined => readableOr(undefined, () => source?.next());
    for (let slot = next(); slot !== undefined; slot = next()) yield slot;
  }
}

/** The single deliveries of these ids in a segment. */
function* slotsOf(
  disk: Disk,
  root: string,
  { directory, ids }: { directory: string; ids: readonly string[] },
): Generator<Slot> {
  for (const id of ids) {
    const name = `${id}.json`;
    const there = readableOr(undefined, () =>
      disk.lstatSync(`${root}/${directory}/${name}`, { throwIfNoEntry: false }),
    );
    if (there !== undefined) yield { room: 'queue', directory, name, attempts: 0, id };
  }
}

/**
 * Yields the deliveries that wait on their own, the next one due first.
 * @param names those of the endpoint's directory; default: all that are there now
 * @throws as {@link queuedSlots}
 */
export function* retrySlots(
  disk: Disk,
  root: string,
  endpoint: string,
  names: Iterable<string> = readableOr([], () => listNames(disk, `${root}/retry/${endpoint}`)).sort(),
): Generator<Slot> {
  const directory = `retry/${endpoint}`;
  for (const name of names) {
    const { attempts = 0, id } = parseRetryName(name) ?? {};
    yield { room: 'retry', directory, name, attempts, id };
  }
}
