/** The payloads of an entry that was taken. */
import { checkLine } from '../../../event/payload.js';
import type { Entry } from '../../intake.js';
import type { OutboxEntry } from '../../outbox.js';
import type { BatchFile } from '../batch/accepted-file.js';
import { openBatchText } from '../batch/batch-text.js';
import type { Disk } from '../disk/disk.js';
import { fileIn } from './step.js';

/** Makes an entry that was taken readable. A batch is read while it is iterated over, so that its size does not matter. */
export function readable(disk: Disk, entry: Entry): Pick<OutboxEntry, 'isBatch' | 'payloads'> {
  const file = fileIn(entry);
  if ('event' in file) return { isBatch: false, payloads: () => [file.event.payload] };
  return { isBatch: true, payloads: () => payloadsIn(disk, file) };
}

/** Only the lines that were checked: more may have been added since. @throws if the file is not there any more */
function* payloadsIn(disk: Disk, { source, header, count }: BatchFile): Generator<Uint8Array> {
  const opened = openBatchText(disk, source);
  if (opened.kind !== 'open') throw new Error(`the batch ${header.id} cannot be read any more`);
  const { text } = opened;
  try {
    let left = count;
    for (let line = text.lineAt(text.begin); line !== undefined && left > 0; line = text.lineAt(line.end)) {
      const checked = checkLine(line.bytes);
      if (checked === undefined) continue;
      if (!checked.ok) break;
      yield checked.payload;
      left -= 1;
    }
    if (left > 0) throw new Error(`the batch ${header.id} was changed meanwhile`);
  } finally {
    text.close();
  }
}
