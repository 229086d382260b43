import { setImmediate } from 'node:timers/promises';
import type { Disk } from './disk.js';
import type { EventFile, QueueWriter } from './queue-writer.js';
import { removeIfThere } from './write-file.js';

/** A delivery that has just become one. */
export interface Queued {
  endpoint: string;
  segment: string;
  name: string;
  kind: 'put' | 'there';
}

/** So many are put in one go, before answers in flight get their turn. */
const yieldEvery = 256;

/**
 * Puts an event into every queue it goes to, or into none.
 * @returns the deliveries; `conflict` if another event of its id is in one of the queues, `replaced` if its file is
 * not the one that was read any more
 * @throws the errno of what failed
 */
export async function queueEvent(
  disk: Disk,
  root: string,
  { writer, file, endpoints }: { writer: QueueWriter; file: EventFile; endpoints: readonly string[] },
): Promise<Queued[] | 'conflict' | 'replaced'> {
  const queued: Queued[] = [];
  try {
    for (const endpoint of endpoints) {
      const put = writer.put(endpoint, file);
      if (put.kind === 'conflict' || put.kind === 'replaced') {
        undo(disk, root, queued);
        return put.kind;
      }
      queued.push({ endpoint, segment: put.segment, name: `${file.id}.json`, kind: put.kind });
      if (queued.length % yieldEvery === 0) await setImmediate();
    }
    return queued;
  } catch (error) {
    undo(disk, root, queued);
    throw error;
  }
}

function undo(disk: Disk, root: string, queued: readonly Queued[]): void {
  for (const { endpoint, segment, name, kind } of queued) {
    if (kind === 'put') removeIfThere(disk, `${root}/queue/${endpoint}/${segment}/${name}`);
  }
}
