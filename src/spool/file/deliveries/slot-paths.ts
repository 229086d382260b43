/** The files in which the delivery of a slot is kept. */
import { batchFilesOf } from '../batch/segment.js';
import type { Slot } from '../queue/slot.js';

/** The path of a delivery's own file, or of its batch. */
export function pathOf(root: string, { directory, name, member }: Slot): string {
  const path = `${root}/${directory}`;
  return member === undefined ? `${path}/${name}` : (batchFilesOf(path)?.text ?? path);
}

/** The path of the progress of a delivery's batch. @throws for a delivery that is not of a batch */
export function progressOf(root: string, { directory }: Slot): string {
  const progress = batchFilesOf(`${root}/${directory}`)?.progress;
  if (progress === undefined) throw new Error(`${directory} is no batch`);
  return progress;
}
