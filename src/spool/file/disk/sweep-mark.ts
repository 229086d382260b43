/** A directory's mark: its age tells when a large directory was last looked through for what is to be removed. */
import { ignoreErrno } from '../../../shared/errors.js';
import type { Disk } from './disk.js';
import { privateFile } from './layout.js';
import { closeQuietly, discard, writeDurably } from './write-file.js';

/** Its name, which no listing has. */
const mark = '.swept';

/** How often a directory is looked through, in ms. */
const sweepMs = 3_600_000;

/** How often it is looked for what is kept for `keepMs`. */
export function expiryEveryMs(keepMs: number): number {
  return Math.min(sweepMs, keepMs);
}

/**
 * Whether a directory was last looked through longer ago than this, or never.
 * @param options.now ms since the epoch
 * @throws the errno of what failed
 */
export function isSweepDue(
  disk: Disk,
  directory: string,
  { everyMs, now }: { everyMs: number; now: number },
): boolean {
  const stat = disk.lstatSync(`${directory}/${mark}`, { throwIfNoEntry: false });
  return stat === undefined || Math.abs(now - stat.mtimeMs) >= everyMs;
}

/** Notes that a directory was looked through now. */
export function noteSweep(disk: Disk, directory: string, now: number): void {
  const path = `${directory}/${mark}`;
  try {
    discard(disk, path);
    closeQuietly(disk, writeDurably(disk, path, { bytes: Buffer.from('\n'), mode: privateFile }));
    disk.utimesSync(path, now / 1000, now / 1000);
  } catch (error) {
    ignoreErrno(error); // then it is looked through again
  }
}
