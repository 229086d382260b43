/**
 * A batch that was written to after it was queued: a program that still has it open under its old name writes to the
 * same file. It is not removed before what came later is dealt with.
 */

import { checkLine } from '../../../event/payload.js';
import { mayBeHalf } from '../../../event/record.js';
import type { Disk } from '../disk/disk.js';
import { type BatchText, isBlank, openBatchText } from './batch-text.js';
import type { BatchTexts } from './batch-texts.js';

/**
 * `lines`: it has more whole lines than it was queued with, `count` in all. `unended`: the last one has no end yet.
 * `changed`: its last line had no end when it was queued, and has got more than one since.
 */
export type Growth = { kind: 'none' | 'unended' | 'changed' } | { kind: 'lines'; count: number };

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
  let [offset, whole, isUnended, isChanged] = [last, count - 1, false, false];
  for (let line = text.lineAt(offset); line !== undefined; line = text.lineAt(offset)) {
    const isEnded = line.end > offset + line.bytes.length;
    offset = line.end;
    if (isBlank(line)) continue;
    const isTaken = whole < count;
    if (isTaken) isChanged = checkLine(line.bytes)?.ok !== true;
    if (isEnded || isTaken || isWhole(line.bytes)) whole += 1;
    else isUnended = true;
  }
  if (isChanged) return { kind: 'changed' };
  if (whole > count) return { kind: 'lines', count: whole };
  return { kind: isUnended ? 'unended' : 'none' };
}

/** A last line is whole without its line feed if it cannot be half of another one. */
function isWhole(line: Uint8Array): boolean {
  return !mayBeHalf(line) && checkLine(line)?.ok === true;
}
