/** `dead/<endpoint>/<id>.why.json`: why a delivery is dead. Best effort: the delivery itself matters. */
import { ignoreErrno } from '../../../shared/errors.js';
import type { Why } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import { closeQuietly, discard, writeDurably, writeWhole } from '../disk/write-file.js';

/**
 * Writes the reason in place of an earlier one.
 * @param options.isSynced whether it outlasts a power cut as well
 * @returns how many bytes were written
 */
export function writeWhy(
  disk: Disk,
  path: string,
  { why, isSynced }: { why: Why; isSynced: boolean },
): number {
  discard(disk, path);
  try {
    const content = { bytes: Buffer.from(`${JSON.stringify(why)}\n`), mode: privateFile };
    if (isSynced) closeQuietly(disk, writeDurably(disk, path, content));
    else writeWhole(disk, path, content);
    return content.bytes.length;
  } catch (error) {
    ignoreErrno(error);
    return 0;
  }
}
