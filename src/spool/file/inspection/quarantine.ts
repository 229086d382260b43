import type { QuarantinedEntry } from '../../inspection.js';
import type { Disk } from '../disk/disk.js';
import { listNames } from '../disk/list-names.js';
import { readEntry } from '../disk/read-entry.js';
import { readableOr } from '../disk/readable-or.js';

/** Maximum size of a reason, in bytes. */
const MAX_REASON_BYTES = 65_536;

/** Reads what lies in `corrupt/`, with the reason where there is one. */
export function* readQuarantine(disk: Disk, root: string): Generator<QuarantinedEntry> {
  const names = listNames(disk, `${root}/corrupt`).sort();
  const all = new Set(names);
  for (const name of names) {
    const isReason = name.endsWith('.why') && all.has(name.slice(0, -'.why'.length));
    if (!isReason) yield describe(disk, root, name);
  }
}

function describe(disk: Disk, root: string, name: string): QuarantinedEntry {
  const path = `${root}/corrupt/${name}.why`;
  const found = readableOr(undefined, () => readEntry(disk, path, { maxBytes: MAX_REASON_BYTES }));
  if (found?.kind !== 'read') return { name, reason: '' };
  return { name, reason: found.bytes.toString('utf8').trimEnd(), at: found.stat.mtimeMs };
}
