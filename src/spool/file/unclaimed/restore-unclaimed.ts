import { isGeneratedId } from '../../../event/event-id.js';
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { errnoOf } from '../../../shared/errors.js';
import { openBatchText } from '../batch/batch-text.js';
import type { Disk } from '../disk/disk.js';
import { linkNew } from '../disk/link-new.js';
import { listNames } from '../disk/list-names.js';
import { readEntry } from '../disk/read-entry.js';
import { discard, removeIfThere, syncDirectory } from '../disk/write-file.js';
import { readReason } from './unclaimed.js';
import { forgetUnclaimedReports } from './unclaimed-reports.js';

/**
 * Moves unclaimed events back to `incoming/`, where the next intake, or the drain that runs, finds them.
 * @param options.hook only those of this hook; default: all
 * @returns how many events; those of a batch are counted one by one
 * @throws the errno of what failed; what was moved before stays moved
 */
export function restoreUnclaimed(disk: Disk, root: string, { hook }: { hook?: string }): number {
  const directory = `${root}/unclaimed`;
  let restored = 0;
  for (const name of listNames(disk, directory).sort()) {
    const stem = /^(.+?)\.jsonl?$/.exec(name)?.[1];
    if (stem === undefined || name.endsWith('.why.json')) continue;
    if (hook !== undefined && hookOf(disk, `${directory}/${name}`) !== hook) continue;
    const { events = 1 } = readReason(disk, root, stem);
    if (!restore(disk, root, name)) continue;
    discard(disk, `${directory}/${stem}.why.json`);
    restored += events;
  }
  if (restored > 0) {
    forgetUnclaimedReports(disk, root);
    syncDirectory(disk, `${root}/incoming`);
    syncDirectory(disk, directory);
  }
  return restored;
}

/** Moves one back; false if it was removed, or another entry has its name there. */
function restore(disk: Disk, root: string, name: string): boolean {
  const from = `${root}/unclaimed/${name}`;
  const to = `${root}/incoming/${name}`;
  try {
    if (isGeneratedId(name.replace(/\.jsonl?$/, ''))) {
      // No other process makes up that id, so a rename replaces nothing.
      if (disk.lstatSync(to, { throwIfNoEntry: false })) return false;
      disk.renameSync(from, to);
      return true;
    }
    if (!linkNew(disk, from, to)) return false;
    removeIfThere(disk, from);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The hook of an event or a batch; undefined where it has none, or cannot be read. */
function hookOf(disk: Disk, path: string): string | undefined {
  if (path.endsWith('.json')) {
    const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
    const parsed = found.kind === 'read' ? parseEvent(found.bytes) : undefined;
    return parsed?.ok ? parsed.hook : undefined;
  }
  const opened = openBatchText(disk, path);
  if (opened.kind !== 'open') return undefined;
  const { header } = opened.text;
  opened.text.close();
  return header.ok ? header.hook : undefined;
}
