/** Checks batches of `incoming/`, a slice of time in each step. */
import type { Disk } from '../disk/disk.js';
import { noteLate } from '../incoming/note-late.js';
import type { BatchCheck } from './batch-check.js';
import type { ReaderOptions } from './event-reader.js';
import { entryOf, maxStepEntries, maxStepMs, postpone, type Step } from './step.js';

export type BatchReaderOptions = Omit<ReaderOptions, 'inbox' | 'nextId'> & { check: BatchCheck };

/** Makes a function that checks the next batches for a step. @throws from it: what is no error of an entry */
export function createBatchReader(
  disk: Disk,
  root: string,
  { listing, stillness, staying, unusable, check, now }: BatchReaderOptions,
): (step: Step) => Promise<void> {
  const incoming = `${root}/incoming`;

  /** Goes on with a batch; false if there is more of it to check. */
  async function checkOne(name: string, step: Step, mayGoOn: () => boolean): Promise<boolean> {
    if (!listing.isHalfChecked() && !stillness.isDue(name, `${incoming}/${name}`)) {
      listing.dropBatch(name);
      return true;
    }
    const result = await check.step(name, mayGoOn);
    listing.setHalfChecked(result.kind === 'more');
    step.checked += 1;
    if (result.kind === 'more') return false;
    listing.dropBatch(name);
    if (result.kind === 'changing') step.isIncomplete = true; // it may be whole now
    if (result.kind === 'taken')
      staying.postponed.keepTaken(name, { id: result.id, by: `${result.id}.jsonl` });
    if (result.kind === 'unfit')
      unusable.quarantine(step, { path: `${incoming}/${name}`, reason: result.reason });
    if (result.kind === 'good') {
      const { batch } = result;
      listing.dropBatch(batch.path.slice(incoming.length + 1));
      noteLate(disk, batch.source, { id: batch.header.id, stat: batch.stat, now: now() });
      step.entries.push(entryOf(batch));
    }
    return true;
  }

  return async (step) => {
    const deadline = now() + maxStepMs;
    const mayGoOn = () => now() < deadline;
    do {
      const name = listing.batch() as string;
      try {
        if (!(await checkOne(name, step, mayGoOn))) return;
      } catch (error) {
        postpone(staying, { step, name, error });
        listing.dropBatch(name);
      }
      listing.setHalfChecked(false);
      step.checked += 1;
    } while (listing.isBatchNext() && mayGoOn() && step.entries.length < maxStepEntries);
  };
}
