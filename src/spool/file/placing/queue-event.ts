/** Putting what was accepted into every queue it goes to, or into none. */
import { setImmediate } from 'node:timers/promises';
import { ignoreErrno } from '../../../shared/errors.js';
import type { BatchFile, EventFile } from '../batch/accepted-file.js';
import { batchFilesOf, removeSegment } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { removeIfThere } from '../disk/write-file.js';
import type { QueueWriter } from './queue-writer.js';
import type { Queued } from './queued.js';

export interface QueueEventOptions {
  writer: QueueWriter;
  file: EventFile | BatchFile;
  endpoints: readonly string[];
  /** Told that what was put into a queue could not be taken back. */
  onStray(): void;
}

/** Number of deliveries that are put before answers in flight have their turn. */
const yieldEvery = 256;

/**
 * Puts an event, or a batch, into every queue it goes to.
 * @returns the deliveries; `conflict` if too many others of its id are in one of the queues, `replaced` if its file is
 * not the one that was read any more; of both nothing was put
 * @throws the errno of what failed; then nothing was put, or `onStray` was told
 */
export async function queueEvent(
  disk: Disk,
  root: string,
  { writer, file, endpoints, onStray }: QueueEventOptions,
): Promise<Queued[] | 'conflict' | 'replaced'> {
  const queued: Queued[] = [];
  const isOnly = endpoints.length === 1;
  const name = 'event' in file ? `${file.event.id}.json` : `${file.header.id}.jsonl`;
  try {
    for (const endpoint of endpoints) {
      const put = 'event' in file ? writer.put(endpoint, file, { isOnly }) : writer.putBatch(endpoint, file);
      if (put.kind === 'conflict' || put.kind === 'replaced') {
        takeBack(disk, root, { queued, writer, onStray });
        return put.kind;
      }
      if (put.replaces) onStray(); // the readers may know of what was there
      queued.push({ endpoint, segment: put.segment, name, kind: put.kind });
      if (queued.length % yieldEvery === 0) await setImmediate();
    }
    return queued;
  } catch (error) {
    takeBack(disk, root, { queued, writer, onStray });
    throw error;
  }
}

/** Takes back what was put into queues, and is not to be sent. What cannot be taken back is told to `onStray`. */
export function takeBack(
  disk: Disk,
  root: string,
  { queued, writer, onStray }: Pick<QueueEventOptions, 'writer' | 'onStray'> & { queued: readonly Queued[] },
): void {
  for (const { endpoint, segment, name, kind } of queued) {
    if (kind !== 'put') continue;
    const path = `${root}/queue/${endpoint}/${segment}`;
    try {
      removeIfThere(disk, `${path}/${name}`);
    } catch (error) {
      ignoreErrno(error); // the entry stays, and its next intake finds it
      onStray();
    }
    if (batchFilesOf(path) !== undefined && removeSegment(disk, path)) writer.removed(endpoint, segment);
  }
}
