/**
 * A batch to which somebody has written after it was queued: who still has it open under its old name writes to the
 * same file. It is not removed before what came later is dealt with.
 */

import type { Disk } from '../disk/disk.js';
import { type BatchText, isBlank, openBatchText } from './batch-text.js';
import type { BatchTexts } from './batch-texts.js';

/** `lines`: it has more whole lines than it was queued with, `count` in all. `unended`: the last one has no end yet. */
export type Growth = { kind: 'none' | 'unended' } | { kind: 'lines'; count: number };

/**
 * What a batch has beyond the events that it was queued with.
 * @param batch.texts batches that are open: one of them is read from its last known event on, any other from its beginning
 * @throws the errno of an error that may pass
 */
export function growthOf(
  disk: Disk,
  { text: path, count, texts }: { text: string; count: number; texts?: BatchTexts | undefined },
): Growth {
  const opened = texts === undefined ? openBatchText(disk, path) : texts.look(path);
  if (opened.kind !== 'open') return { kind: 'none' };
  try {
    return growthIn(opened.text, count);
  } finally {
    if (texts === undefined) opened.text.close();
  }
}

function growthIn(text: BatchText, count: number): Growth {
  const last = text.offsetOf(count - 1);
  if (last === undefined) return { kind: 'none' }; // it has become shorter
  let [offset, ended, isUnended] = [last, count - 1, false];
  for (let line = text.lineAt(offset); line !== undefined; line = text.lineAt(offset)) {
    const isEnded = line.end > offset + line.bytes.length;
    if (!isBlank(line)) {
      if (isEnded) ended += 1;
      else isUnended = true;
    }
    offset = line.end;
  }
  if (ended > count) return { kind: 'lines', count: ended };
  return { kind: isUnended && ended >= count ? 'unended' : 'none' };
}
