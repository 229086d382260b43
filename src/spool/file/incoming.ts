/** What waits in `incoming/`: the oldest names first, and never more of them in memory than `maxNames`. */
import type { Disk } from './disk.js';

/** Twice this many names are held at most. */
export const maxNames = 65_536;

export interface IncomingScan {
  /** Sorted, oldest first; at most {@link maxNames}. */
  names: string[];
  /** Names that are not UTF-8, as the kernel knows them. */
  odd: Buffer[];
  /** Whether there are more than were taken. */
  more: boolean;
}

/** Lists `incoming/`; names that begin with a dot are somebody's work in progress and are left alone. */
export function scanIncoming(disk: Disk, root: string, limit: number = maxNames): IncomingScan {
  const directory = disk.opendirSync(`${root}/incoming`);
  let names: string[] = [];
  let more = false;
  let odd = false;
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (entry.name.startsWith('.')) continue;
      if (entry.name.includes('\uFFFD')) odd = true;
      else names.push(entry.name);
      if (names.length < 2 * limit) continue;
      names = names.sort().slice(0, limit);
      more = true;
    }
  } finally {
    directory.closeSync();
  }
  names.sort();
  if (names.length > limit) more = true;
  return { names: names.slice(0, limit), odd: odd ? oddNames(disk, root) : [], more };
}

function oddNames(disk: Disk, root: string): Buffer[] {
  const all = disk.readdirSync(`${root}/incoming`, { encoding: 'buffer' });
  return all.filter((name) => !name.equals(Buffer.from(name.toString('utf8'))));
}

/** How many entries wait. */
export function countIncoming(disk: Disk, root: string): number {
  const directory = disk.opendirSync(`${root}/incoming`);
  let count = 0;
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (!entry.name.startsWith('.')) count += 1;
    }
  } finally {
    directory.closeSync();
  }
  return count;
}
