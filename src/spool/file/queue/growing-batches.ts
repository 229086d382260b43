/** Batches that other programs add lines to while they are sent. */
import { ignoreErrno } from '../../../shared/errors.js';
import type { EntryProblem } from '../../spool.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import { removeSegment, takeInGrowth } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { defaultStillMs } from '../disk/stillness.js';

export interface GrowingBatchesOptions {
  texts: BatchTexts;
  /** ms since the epoch. */
  now(): number;
  /** Called with a batch that was quarantined. */
  onQuarantined(entry: EntryProblem): void;
  /** Called with a segment that was removed, or has another name now. */
  onRemoved(endpoint: string, segment: string): void;
}

export interface GrowingBatches {
  /**
   * Removes a segment in which nothing is left, unless it is a batch that has got more events.
   * @returns the new name of such a batch; '' where that cannot be told: then the next drain finds it
   */
  removeOrGrow(endpoint: string, segment: string): string | undefined;
  /** Looks again at batches that were being written to when all of their events were finished. @returns endpoints with more */
  lookAgain(): string[];
}

/** A batch that was being written to when all of its events were finished, and when that was, ms since the epoch. */
interface Growing {
  endpoint: string;
  segment: string;
  since: number;
}

export function createGrowingBatches(
  disk: Disk,
  root: string,
  { texts, now, onQuarantined, onRemoved }: GrowingBatchesOptions,
): GrowingBatches {
  let growing: Growing[] = [];

  function grow(endpoint: string, segment: string): string | undefined {
    const queue = `${root}/queue/${endpoint}`;
    try {
      const growth = takeInGrowth(disk, root, { queue, segment, texts, now: now() });
      if (growth.isFresh) growing.push({ endpoint, segment, since: now() });
      if (growth.quarantined !== undefined) onQuarantined(growth.quarantined);
      if (growth.segment !== undefined) onRemoved(endpoint, segment);
      return growth.segment;
    } catch (error) {
      ignoreErrno(error);
      return '';
    }
  }

  function removeOrGrow(endpoint: string, segment: string): string | undefined {
    const longer = grow(endpoint, segment);
    if (longer === undefined && removeSegment(disk, `${root}/queue/${endpoint}/${segment}`, texts))
      onRemoved(endpoint, segment);
    return longer;
  }

  return {
    removeOrGrow,
    lookAgain() {
      const isDue = ({ since }: Growing) => Math.abs(now() - since) >= defaultStillMs;
      if (!growing.some(isDue)) return [];
      const due = growing.filter(isDue);
      growing = growing.filter((each) => !isDue(each));
      return due
        .filter(({ endpoint, segment }) => removeOrGrow(endpoint, segment) !== undefined)
        .map(({ endpoint }) => endpoint);
    },
  };
}
