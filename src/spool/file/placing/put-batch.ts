import type { BatchFile } from '../batch/accepted-file.js';
import { sameBatchFile } from '../batch/same-batch-file.js';
import { batchFilesOf, removeSegment } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { batchSegmentName } from '../disk/layout.js';
import { removeIfThere } from '../disk/write-file.js';
import { placeBatch } from './place-file.js';
import { mostOfOneId, type Put, type PutOptions } from './put.js';

/**
 * Puts a whole batch into a segment of its own at the end of a queue.
 * @throws the errno of what failed
 */
export function putBatch(disk: Disk, file: BatchFile, { queue, tail, touched, temporary }: PutOptions): Put {
  const {
    count,
    header: { id },
  } = file;
  const known = tail.batches.get(id) ?? [];
  const grown = known.filter((name) => removeGrown(disk, `${queue}/${name}`, file));
  const others = known.filter((name) => !grown.includes(name));
  for (const name of others) {
    if (!sameBatchFile(disk, `${queue}/${name}/${id}.jsonl`, file.source)) continue;
    touched.add(`${queue}/${name}`);
    return { kind: 'there', segment: name };
  }
  if (others.length >= mostOfOneId) return { kind: 'conflict' };
  const number = tail.isBatch || tail.count > 0 ? tail.number + 1 : tail.number;
  const segment = batchSegmentName(number, { id, count });
  const directory = `${queue}/${segment}`;
  touched.add(queue).add(directory);
  const placed = placeBatch(disk, file, { directory, temporary });
  if (placed === 'replaced') return { kind: 'replaced' };
  tail.batches.set(id, [...others, segment]);
  Object.assign(tail, { number, count, isBatch: true, isMade: true });
  return { kind: 'put', segment, replaces: grown.length > 0 };
}

/**
 * Removes a batch that an intake, cut short, has put and that has grown since: nothing of it was sent, as it is still in
 * `incoming/`, and all of it is put again. @returns whether it was one
 */
function removeGrown(disk: Disk, path: string, { count, ino }: BatchFile): boolean {
  const files = batchFilesOf(path);
  if (files === undefined || files.count === count) return false;
  if (disk.lstatSync(files.text, { throwIfNoEntry: false })?.ino !== ino) return false;
  removeIfThere(disk, files.text);
  return removeSegment(disk, path);
}
