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
}

/** Yields the deliveries that wait in order. @throws the errno of an error that concerns them all */
export function* queuedSlots(
  disk: Disk,
  root: string,
  { endpoint, texts, mayHave = () => true }: QueuedSlotsOptions,
): Generator<Slot> {
  for (const segment of readableOr([], () => listSegments(disk, `${root}/queue/${endpoint}`))) {
    const batch = parseSegmentName(segment)?.batch;
    if (batch !== undefined && !mayHave(batch.id)) continue;
    const options = {
      directory: `queue/${endpoint}/${segment}`,
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

/** Yields the deliveries that wait on their own, the next one due first. @throws as {@link queuedSlots} */
export function* retrySlots(disk: Disk, root: string, endpoint: string): Generator<Slot> {
  const directory = `retry/${endpoint}`;
  for (const name of readableOr([], () => listNames(disk, `${root}/${directory}`)).sort()) {
    const { attempts = 0, id } = parseRetryName(name) ?? {};
    yield { room: 'retry', directory, name, attempts, id };
  }
}
