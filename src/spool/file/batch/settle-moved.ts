/** Events of a batch that were about to get a file of their own when an earlier drain ended: who has it is settled. */
import { batchMemberId } from '../../../event/event-id.js';
import { checkLine } from '../../../event/payload.js';
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import type { Disk } from '../disk/disk.js';
import { parseRetryName } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { readEntry } from '../disk/read-entry.js';
import { createProgressMarks, readMoving } from './batch-progress.js';
import { type BatchText, openBatchText } from './batch-text.js';
import { batchFilesOf } from './segment.js';

/**
 * Notes which events of a segment have a file in `retry/` or `dead/`, if it is a batch with events on their way there.
 * @throws the errno of what cannot be listed, read or written
 */
export function settleMoved(
  disk: Disk,
  root: string,
  { endpoint, segment }: { endpoint: string; segment: string },
): void {
  const batch = batchFilesOf(segment);
  const moving = batch === undefined ? [] : readMoving(disk, batch.progress, batch.count);
  if (batch === undefined || moving.length === 0) return;
  const opened = openBatchText(disk, batch.text);
  if (opened.kind !== 'open') return;
  const marks = createProgressMarks(disk);
  try {
    const retries = retriesOf(disk, `${root}/retry/${endpoint}`);
    for (const index of moving) {
      const id = batchMemberId(batch.id, index + 1);
      const paths = [`${root}/dead/${endpoint}/${id}.json`, ...(retries.get(id) ?? [])];
      const hasFile = paths.some((path) => holds(disk, path, { text: opened.text, index }));
      if (hasFile) marks.mark(batch.progress, index, 'settled');
    }
  } finally {
    marks.close();
    opened.text.close();
  }
}

/** The files of an endpoint's retries, by the event's id. */
function retriesOf(disk: Disk, directory: string): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  for (const name of listNames(disk, directory)) {
    const id = parseRetryName(name)?.id;
    if (id !== undefined) paths.set(id, [...(paths.get(id) ?? []), `${directory}/${name}`]);
  }
  return paths;
}

/** Whether a file is that event of the batch, and not another one that has its id. */
function holds(disk: Disk, path: string, { text, index }: { text: BatchText; index: number }): boolean {
  const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
  const event = found.kind === 'read' ? parseEvent(found.bytes) : undefined;
  const offset = text.offsetOf(index);
  const line = offset === undefined ? undefined : text.lineAt(offset);
  const member = line && checkLine(line.bytes);
  if (!event?.ok || !member?.ok || !text.header.ok) return false;
  return event.hook === text.header.hook && Buffer.compare(event.payload, member.payload) === 0;
}
