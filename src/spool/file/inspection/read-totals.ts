import type { SpoolTotals } from '../../ages.js';
import type { Disk } from '../disk/disk.js';
import { eachName } from '../disk/each-name.js';
import { undecided } from '../disk/layout.js';
import { readableOr } from '../disk/readable-or.js';
import { countDead } from './read-ages.js';

/** Counts what is neither queued nor accepted. @throws the errno of a directory that cannot be listed */
export function readTotals(disk: Disk, root: string): SpoolTotals {
  return {
    unclaimed: countEntries(disk, `${root}/unclaimed`, (name) => /(?<!\.why)\.jsonl?$/.test(name)),
    corrupt: countEntries(disk, `${root}/corrupt`, (name) => !name.endsWith('.why')),
    deadUnrouted: countDead(disk, root, undecided),
    freeBytes: freeBytes(disk, root),
  };
}

function countEntries(disk: Disk, directory: string, isEntry: (name: string) => boolean): number {
  let count = 0;
  eachName(disk, directory, (name) => {
    if (isEntry(name)) count += 1;
  });
  return count;
}

/** What a user who is not root can still take. */
function freeBytes(disk: Disk, root: string): number | undefined {
  const stat = readableOr(undefined, () => disk.statfsSync(root));
  return stat === undefined ? undefined : stat.bavail * stat.bsize;
}
