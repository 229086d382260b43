/** Placing an entry that nobody gets: it is kept in `unclaimed/`, or dropped. */
import type { RoutedEntry, Unclaimed } from '../../intake.js';
import type { UnclaimedReason } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { keepUnclaimed } from '../unclaimed/unclaimed.js';
import type { AcceptedFile } from './step.js';

export interface PlaceUnclaimedOptions {
  routed: RoutedEntry;
  file: AcceptedFile;
  /** ms since the epoch. */
  now(): number;
  /** A name for a temporary file, unique. */
  token(): string;
}

/** What was placed, and whether the file has left `incoming/`. */
export interface PlacedUnclaimed {
  unclaimed: Unclaimed;
  isMoved: boolean;
}

/** With what an unclaimed event is kept where nothing else is said. */
const nobodyRegistered = 'nobody is registered for it';

/**
 * Keeps an entry, or lets it be dropped; durable when `unclaimed/` is fsynced.
 * @returns `replaced` if its file is not the one that was read any more
 * @throws the errno of a failed move
 */
export function placeUnclaimed(
  disk: Disk,
  root: string,
  { routed, file, now, token }: PlaceUnclaimedOptions,
): PlacedUnclaimed | 'replaced' {
  const { entry, why: message = nobodyRegistered, isDropped = false } = routed;
  const { header, events } = entry;
  const { id, hook } = header;
  if (isDropped) return { unclaimed: { id, hook, events, isKept: false }, isMoved: false };
  const why: Omit<UnclaimedReason, 'time'> = { reason: 'unclaimed', message, events };
  if (hook !== undefined) why.hook = hook;
  const kept = keepUnclaimed(disk, root, { file, why, since: now(), token });
  if (kept === 'replaced') return kept;
  return { unclaimed: { id, hook, events, isKept: true }, isMoved: kept === 'moved' };
}
