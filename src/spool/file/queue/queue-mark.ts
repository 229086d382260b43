/** What an endpoint's directories look like: as long as they look the same, nothing came and nothing went. */
import { createHash } from 'node:crypto';
import { listSegments } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';

/** A directory that changed within this time, in ms, may change again without another ctime. */
const unsureMs = 2_000;

/**
 * The inodes and ctimes of an endpoint's segments and of its retries, in a few characters.
 * @param options.now ms since the epoch
 * @returns undefined where one of them changed only just now
 * @throws the errno of a directory that cannot be read
 */
export function readQueueMark(
  disk: Disk,
  root: string,
  { endpoint, now }: { endpoint: string; now: number },
): string | undefined {
  const queue = `queue/${endpoint}`;
  const segments = listSegments(disk, `${root}/${queue}`).map((name) => `${queue}/${name}`);
  const hash = createHash('sha256');
  for (const directory of [...segments, `retry/${endpoint}`]) {
    const stat = disk.statSync(`${root}/${directory}`, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (stat.ctimeMs >= BigInt(Math.floor(now - unsureMs))) return undefined;
    hash.update(`${directory} ${stat.ino} ${stat.ctimeNs}\n`);
  }
  return hash.digest('base64url').slice(0, 22);
}
