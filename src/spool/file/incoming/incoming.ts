/** What waits in `incoming/`: the oldest names first, and never more of them in memory than `maxNames`. */
import type { Disk } from '../disk/disk.js';

/** Maximum number of names in one listing; twice as many are held while it is made. */
const maxNames = 65_536;

/** The character that replaces bytes that are not UTF-8. */
const replacement = '\uFFFD';

export interface IncomingScan {
  /** Sorted, oldest first; at most {@link maxNames}. */
  names: string[];
  /** Names that are not UTF-8, as the kernel knows them. */
  odd: Buffer[];
  /** Whether there are more than were taken. */
  more: boolean;
}

export interface ScanOptions {
  /** Default {@link maxNames}. */
  limit?: number | undefined;
  /** Only names behind this one; default: all. */
  after?: string;
}

/** Lists `incoming/`; names that begin with a dot are still being written by their submitter and are left out. */
export function scanIncoming(
  disk: Disk,
  root: string,
  { limit = maxNames, after = '' }: ScanOptions = {},
): IncomingScan {
  const directory = disk.opendirSync(`${root}/incoming`);
  let names: string[] = [];
  let more = false;
  let strange = false;
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (entry.name.startsWith('.')) continue;
      if (entry.name.includes(replacement)) strange = true;
      else if (entry.name > after) names.push(entry.name);
      if (names.length < 2 * limit) continue;
      names = names.sort().slice(0, limit);
      more = true;
    }
  } finally {
    directory.closeSync();
  }
  const { valid, odd } = strange ? strangeNames(disk, root) : { valid: [], odd: [] };
  names.push(...valid.filter((name) => name > after));
  names.sort();
  if (names.length > limit) more = true;
  return { names: names.slice(0, limit), odd, more };
}

/** Names with a replacement character: `valid` ones really hold it, `odd` ones got it because they are not UTF-8. */
function strangeNames(disk: Disk, root: string): { valid: string[]; odd: Buffer[] } {
  const valid: string[] = [];
  const odd: Buffer[] = [];
  for (const raw of disk.readdirSync(`${root}/incoming`, { encoding: 'buffer' })) {
    const name = raw.toString('utf8');
    if (name.startsWith('.') || !name.includes(replacement)) continue;
    if (raw.equals(Buffer.from(name))) valid.push(name);
    else odd.push(raw);
  }
  return { valid, odd };
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
