import type { DiscardedEntry, DiscardRequest } from '../../spool.js';
import { createBatchTexts } from '../batch/batch-texts.js';
import { createDeliveryReader } from '../deliveries/delivery-reader.js';
import { createRecentEvents } from '../deliveries/recent-events.js';
import type { Disk } from '../disk/disk.js';
import { discardAll } from './discard.js';

/** What a discard would move, at this moment; needs no {@link DrainSide}. @throws the errno of what failed */
export function* survey(
  disk: Disk,
  root: string,
  { request, now }: { request: Omit<DiscardRequest, 'why'>; now: () => number },
): Generator<DiscardedEntry> {
  const texts = createBatchTexts(disk, now);
  const recent = createRecentEvents(disk, root, now);
  const reader = createDeliveryReader(disk, root, { texts, recent, now });
  const tools = { now, reader, texts, isClaimed: () => false };
  const why = { reason: '', message: '', time: '' };
  try {
    for (const { entry } of discardAll(disk, root, { request: { ...request, why }, tools }))
      if (entry !== undefined) yield entry;
  } finally {
    texts.close();
  }
}
