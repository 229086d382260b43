/** Dropping what is undelivered, because somebody said so; what cannot be read stays. */
import type { EventHeader } from '../../event/event.js';
import { maxBatchFileBytes, parseBatch, parseEvent } from '../../event/record.js';
import type { Dropped } from '../spool.js';
import { headerOf } from './delivery-file.js';
import type { Disk } from './disk.js';
import { listNames } from './list-names.js';
import { readEntry } from './read-entry.js';
import { removeIfThere, syncDirectory } from './write-file.js';

type Match = (event: EventHeader) => boolean;

/** Drops every event and delivery that matches. @throws the errno of what failed */
export function dropAll(disk: Disk, root: string, match: Match): Dropped {
  const events = dropFiles(disk, `${root}/incoming`, match);
  let deliveries = 0;
  for (const endpoint of listNames(disk, `${root}/queue`)) {
    for (const segment of listNames(disk, `${root}/queue/${endpoint}`)) {
      deliveries += dropFiles(disk, `${root}/queue/${endpoint}/${segment}`, match);
    }
  }
  for (const endpoint of listNames(disk, `${root}/retry`)) {
    deliveries += dropFiles(disk, `${root}/retry/${endpoint}`, match);
  }
  return { events, deliveries };
}

function dropFiles(disk: Disk, directory: string, match: Match): number {
  let dropped = 0;
  for (const name of listNames(disk, directory)) {
    const events = matching(disk, `${directory}/${name}`, match);
    if (events === 0) continue;
    removeIfThere(disk, `${directory}/${name}`);
    dropped += events;
  }
  if (dropped > 0) syncDirectory(disk, directory);
  return dropped;
}

/** How many events of the file match: none, or all of them. */
function matching(disk: Disk, path: string, match: Match): number {
  const found = readEntry(disk, path, { maxBytes: maxBatchFileBytes });
  if (found.kind !== 'read') return 0;
  const batch = path.endsWith('.jsonl');
  const parsed = batch ? parseBatch(found.bytes) : parseEvent(found.bytes);
  if (!parsed.ok || !match(headerOf(parsed, { id: parsed.id ?? '', stat: found.stat }))) return 0;
  return 'payloads' in parsed ? parsed.payloads.length : 1;
}
