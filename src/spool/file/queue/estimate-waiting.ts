import { countOwed } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { parseSegmentName, segmentSize } from '../disk/layout.js';

/**
 * How many deliveries wait in segments of a queue, without listing all of them. Deliveries are taken from the first
 * segment and added to the last one, so those in between count as full, unless a batch came behind them. Where deliveries
 * were removed from the middle it is too high until their segment comes first; it is 0 only where nothing waits.
 * @param queue the queue's directory
 * @param options.segments names of segments, in their order
 * @param options.isListed says of a segment in between that it is listed all the same; default: of none
 * @throws the errno of what cannot be read
 */
export function estimateWaiting(
  disk: Disk,
  queue: string,
  { segments, isListed = () => false }: { segments: readonly string[]; isListed?(segment: string): boolean },
): number {
  const last = segments.length - 1;
  const isFull = (at: number) => at > 0 && at < last && !isBatch(segments[at]) && !isBatch(segments[at + 1]);
  const counts = segments.map((segment, at) => {
    return isFull(at) && !isListed(segment) ? segmentSize : countOwed(disk, `${queue}/${segment}`);
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

function isBatch(segment: string | undefined): boolean {
  return segment !== undefined && parseSegmentName(segment)?.batch !== undefined;
}
