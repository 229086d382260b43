/** Removing entries for good that no drain has to do with, by a person's order. */
import { setImmediate } from 'node:timers/promises';
import { syncAll } from './disk/directory-sync.js';
import type { Disk } from './disk/disk.js';
import { discard, removeIfThere } from './disk/write-file.js';
import { removeIfEmpty } from './sent/sent-days.js';

/** Files that are removed before others have their turn. */
const yieldEvery = 64;

/** The places that may be removed: no name in them begins with a dot, and none is a note beside an entry. */
const removable = [
  /^dead\/[A-Za-z0-9_+][^/\0]*\/[^./\0][^/\0]*\.jsonl?$/,
  /^unclaimed\/[^./\0][^/\0]*\.jsonl?$/,
  /^sent\/\d{4}-\d{2}-\d{2}\/[A-Za-z0-9_][^/\0]*\/[^./\0][^/\0]*\.json$/,
  /^corrupt\/[^./\0][^/\0]*$/,
];

function isRemovable(place: string): boolean {
  return removable.some((each) => each.test(place)) && !/^(dead|unclaimed)\/.*\.why\.json$/.test(place);
}

/**
 * Removes entries with the reasons beside them.
 * @param places below the spool
 * @returns how many were there
 * @throws the errno of what failed; what was removed before stays removed
 */
export async function removeEntries(
  disk: Disk,
  root: string,
  places: AsyncIterable<string>,
): Promise<number> {
  const changed = new Set<string>();
  let [removed, seen] = [0, 0];
  try {
    for await (const place of places) {
      if (!isRemovable(place)) continue;
      if (removeEntry(disk, `${root}/${place}`)) removed += 1;
      changed.add(`${root}/${place.slice(0, place.lastIndexOf('/'))}`);
      seen += 1;
      if (seen % yieldEvery === 0) await setImmediate();
    }
  } finally {
    await syncAll(disk, new Set(changed));
    for (const directory of changed)
      if (directory.startsWith(`${root}/sent/`)) removeIfEmpty(disk, directory);
  }
  return removed;
}

/** Its reason goes after it: alone it says nothing, and an entry without its reason says less. */
function removeEntry(disk: Disk, path: string): boolean {
  const wasThere = removeIfThere(disk, path);
  if (path.includes('/sent/')) return wasThere;
  const [, directory, name = ''] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
  const reason = directory?.endsWith('/corrupt')
    ? `${name}.why`
    : `${name.replace(/\.jsonl?$/, '')}.why.json`;
  discard(disk, `${directory}/${reason}`);
  return wasThere;
}
