/** The end of an endpoint's queue, where deliveries are added, and what is known of the segments before it. */
import { listSegments } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { parseSegmentName } from '../disk/layout.js';

/** A segment of single deliveries. */
export interface Singles {
  name: string;
  /**
   * Of one that was made by this drain: the ids of what was put there, in lower case. Nothing else can be in it, so the
   * disk need not be asked.
   */
  ids: Set<string> | undefined;
}

export interface QueueTail {
  number: number;
  /** Number of deliveries in the last segment. */
  count: number;
  /** Whether the last segment is a batch: then nothing is added to it. */
  isBatch: boolean;
  /** Whether the last segment is there. */
  isMade: boolean;
  /** The segments of single deliveries, in their order. */
  singles: Singles[];
  /** The segments that are batches, by the batch's id. */
  batches: Map<string, readonly string[]>;
}

/** The tail of a queue without segments. */
export function emptyTail(): QueueTail {
  return { number: 1, count: 0, isBatch: false, isMade: false, singles: [], batches: new Map() };
}

/** Reads the tail of a queue. @throws the errno of a directory that cannot be listed */
export function readTail(disk: Disk, queue: string): QueueTail {
  const segments = listSegments(disk, queue).flatMap((name) => {
    const parsed = parseSegmentName(name);
    return parsed === undefined ? [] : [{ name, ...parsed }];
  });
  const batches = new Map<string, readonly string[]>();
  for (const { name, batch } of segments)
    if (batch !== undefined) batches.set(batch.id, [...(batches.get(batch.id) ?? []), name]);
  const last = segments.at(-1);
  const isBatch = last?.batch !== undefined;
  return {
    number: last?.number ?? 1,
    count: last === undefined || isBatch ? 0 : disk.readdirSync(`${queue}/${last.name}`).length,
    isBatch,
    isMade: last !== undefined,
    singles: segments
      .filter(({ batch }) => batch === undefined)
      .map(({ name }) => ({ name, ids: undefined })),
    batches,
  };
}

/** What comes next goes to a new segment. */
export function beginSegment(tail: QueueTail): void {
  Object.assign(tail, { number: tail.number + 1, count: 0, isBatch: false, isMade: false });
}

/** Forgets a batch's segment. */
export function forgetBatch({ batches }: QueueTail, id: string, segment: string): void {
  const left = (batches.get(id) ?? []).filter((name) => name !== segment);
  if (left.length === 0) batches.delete(id);
  else batches.set(id, left);
}
