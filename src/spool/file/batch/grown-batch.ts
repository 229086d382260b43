/**
 * A batch to which somebody has written after it was queued: who still has it open under its old name writes to the
 * same file. It is not removed before what came later is dealt with.
 */

import type { Disk } from '../disk/disk.js';
import { isBlank, openBatchText } from './batch-text.js';

/** `lines`: it has more whole lines than it was queued with, `count` in all. `unended`: the last one has no end yet. */
export type Growth = { kind: 'none' | 'unended' } | { kind: 'lines'; count: number };

/**
 * What a batch has beyond the events that it was queued with.
 * @throws the errno of an error that may pass
 */
export function growthOf(disk: Disk, { text: path, count }: { text: string; count: number }): Growth {
  const opened = openBatchText(disk, path);
  if (opened.kind !== 'open') return { kind: 'none' };
  const { text } = opened;
  let [offset, ended, isUnended] = [text.begin, 0, false];
  try {
    for (let line = text.lineAt(offset); line !== undefined; line = text.lineAt(offset)) {
      const isEnded = line.end > offset + line.bytes.length;
      if (!isBlank(line)) {
        if (isEnded) ended += 1;
        else isUnended = true;
      }
      offset = line.end;
    }
  } finally {
    text.close();
  }
  if (ended > count) return { kind: 'lines', count: ended };
  return { kind: isUnended && ended >= count ? 'unended' : 'none' };
}
