/** Dropping what is undelivered, because somebody said so; what cannot be read stays. */
import type { EventHeader } from '../../event/event.js';
import type { ParsedHeader } from '../../event/header.js';
import { maxEventFileBytes, parseEvent } from '../../event/record.js';
import type { Dropped } from '../spool.js';
import { isBlank, openBatchText } from './batch-text.js';
import { headerOf } from './delivery-file.js';
import type { Disk } from './disk.js';
import { listNames } from './list-names.js';
import { type EntryStat, readEntry } from './read-entry.js';
import { batchFilesOf, countOwed, listSegments } from './segment.js';
import { removeIfThere, syncDirectory } from './write-file.js';

type Match = (event: EventHeader) => boolean;

/** Drops every event and delivery that matches. @throws the errno of what failed */
export function dropAll(disk: Disk, root: string, match: Match): Omit<Dropped, 'corrupt'> {
  const events = dropFiles(disk, `${root}/incoming`, match);
  let deliveries = 0;
  for (const endpoint of listNames(disk, `${root}/queue`)) {
    for (const segment of listSegments(disk, `${root}/queue/${endpoint}`)) {
      deliveries += dropSegment(disk, `${root}/queue/${endpoint}/${segment}`, match);
    }
  }
  for (const endpoint of listNames(disk, `${root}/retry`)) {
    deliveries += dropFiles(disk, `${root}/retry/${endpoint}`, match);
  }
  return { events, deliveries };
}

/** A batch goes before what says how much of it is settled, which is of no use then. */
function dropSegment(disk: Disk, path: string, match: Match): number {
  const batch = batchFilesOf(path);
  if (batch === undefined) return dropFiles(disk, path, match);
  const owed = countOwed(disk, path);
  return dropFiles(disk, path, match, (name) => (name.endsWith('.jsonl') ? owed : 0));
}

/** @param weigh how many events there are in a file that matches; default by its content */
function dropFiles(
  disk: Disk,
  directory: string,
  match: Match,
  weigh: (name: string) => number | undefined = () => undefined,
): number {
  let dropped = 0;
  let isTouched = false;
  for (const name of listNames(disk, directory)) {
    const path = `${directory}/${name}`;
    const count = name.endsWith('.jsonl')
      ? eventsInBatch(disk, path, match)
      : eventsInFile(disk, path, match);
    if (count === 0) continue;
    removeIfThere(disk, path);
    isTouched = true;
    dropped += weigh(name) ?? count;
  }
  if (isTouched) syncDirectory(disk, directory);
  return dropped;
}

function eventsInFile(disk: Disk, path: string, match: Match): number {
  const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
  if (found.kind !== 'read') return 0;
  const parsed = parseEvent(found.bytes);
  return parsed.ok && matches(match, parsed, found.stat) ? 1 : 0;
}

function eventsInBatch(disk: Disk, path: string, match: Match): number {
  const opened = openBatchText(disk, path);
  if (opened.kind !== 'open') return 0;
  const { text } = opened;
  try {
    const { header, stat } = text;
    if (!header.ok || !matches(match, header, stat)) return 0;
    let events = 0;
    for (let line = text.lineAt(text.begin); line !== undefined; line = text.lineAt(line.end)) {
      if (!isBlank(line)) events += 1;
    }
    return events;
  } finally {
    text.close();
  }
}

function matches(match: Match, parsed: ParsedHeader, stat: EntryStat): boolean {
  return match(headerOf(parsed, { id: parsed.id ?? '', stat }));
}
