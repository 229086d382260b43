/**
 * An archive of entries, which a spool exports and another one imports: a
 * sequence of JSON texts that `jq` reads. After a first line come, for each
 * event, a line about it and then the event's file, of exactly as many bytes as that line
 * says: so the payload is there byte for byte, and can be found without being
 * parsed. The last line says how many there were: without it something is missing.
 */
import type { Event } from '../../event/event.js';
import type { EntryState } from '../inspection.js';
import type { UnclaimedReason, Why } from '../reasons.js';

/** The format's version. */
export const archiveVersion = 1;

/** Maximum length of a line about an event, in bytes: the reason has at most 8 KiB of an answer. */
export const maxLineBytes = 262_144;

/** Where an entry may have been that is in an archive: what was delivered is not exported. */
export type ArchivedState = Exclude<EntryState, 'sent'>;

/** An event, or one of a batch, with its delivery where it has one. */
export interface ArchiveEntry {
  state: ArchivedState;
  event: Event;
  /** The endpoint's id; undefined where it has none yet. */
  endpoint: string | undefined;
  attempts: number;
  /** ms since the epoch. */
  acceptedAt: number;
  /** Of a retry: when it is due, ms since the epoch. */
  dueMs?: number | undefined;
  /** Where it lay in the spool. */
  place?: string | undefined;
  /** Of a dead or an unclaimed entry. */
  why?: Partial<Why> | Partial<UnclaimedReason> | undefined;
}

/** What the first line tells. */
export interface ArchiveHeader {
  /** Names the archive, uniquely. */
  id: string;
  /** When it was begun, ISO 8601 in UTC. */
  time: string;
}

/** The first line. */
export function archiveHeader({ id, time }: ArchiveHeader): Buffer {
  return lineOf({ archive: archiveVersion, id, time });
}

/** A JSON value on a line. */
export function lineOf(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

/** The last line. @param entries how many there are */
export function archiveEnd(entries: number): Buffer {
  return lineOf({ end: true, entries });
}
