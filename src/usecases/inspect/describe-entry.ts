/** An entry of a spool as it is listed. Pure. */

import { failuresOf, type Health } from '../../endpoint/health.js';
import { isoTime } from '../../shared/iso-time.js';
import type { InspectedEntry, QuarantinedEntry } from '../../spool/inspection.js';
import type { EndpointData } from '../endpoint-data.js';
import type { EndpointBook } from './endpoint-book.js';
import { type ListState, queuedStateOf } from './list-state.js';

/** A delivery, an event without deliveries, or a file that could not be read. */
export interface ListedEntry {
  /** The event's id, or the batch's; of a corrupt one the file's name. */
  id: string;
  state: ListState;
  hook?: string;
  /** Absent where it has none yet. */
  endpoint?: EndpointData;
  /** Of a batch that is not queued: how many events, where that is known. */
  events?: number;
  /** When it was accepted, ISO 8601; of a corrupt one when it was put aside. */
  acceptedAt?: string;
  /** How often it was tried and failed, as far as it is recorded. */
  attempts: number;
  /** When it is tried again, ISO 8601; absent where nothing says when. */
  nextTry?: string;
  /** Of what was delivered: when, at the latest, ISO 8601. */
  sentAt?: string;
  /** Of a dead one the stable word: `gave-up`, `refused`, `dropped`, … */
  why?: string;
  /** Why it is there, in words. */
  reason?: string;
}

/** An entry as it is listed. @param options.now ms since the epoch */
export function describeEntry(
  entry: InspectedEntry,
  { health, book, now }: { health: Health; book: EndpointBook; now: number },
): ListedEntry {
  const { header, endpoint, events, why } = entry;
  const listed: ListedEntry = { id: header.id, state: stateFor(entry, { health, book, now }), attempts: 0 };
  if (header.hook !== undefined) listed.hook = header.hook;
  if (endpoint !== undefined) listed.endpoint = book.dataOf(endpoint, header);
  if (entry.payload === undefined && events !== undefined) listed.events = events;
  listed.acceptedAt = isoTime(entry.acceptedAt);
  const isOwed = entry.state === 'queued' || entry.state === 'retry';
  listed.attempts = entry.attempts + (isOwed ? failuresOf(health, header.id) : 0);
  const nextTryMs = nextTryOf(entry, { health, state: listed.state });
  if (nextTryMs !== undefined && nextTryMs > now) listed.nextTry = isoTime(nextTryMs);
  if (entry.sentAt !== undefined) listed.sentAt = isoTime(entry.sentAt);
  if (entry.state === 'dead' && why?.reason !== undefined) listed.why = why.reason;
  const reason =
    entry.state === 'dead' || entry.state === 'unclaimed' ? why?.message : reasonIn(listed.state, health);
  if (reason !== undefined) listed.reason = reason;
  return listed;
}

function stateFor(
  { state, endpoint, header }: InspectedEntry,
  { health, book, now }: { health: Health; book: EndpointBook; now: number },
): ListState {
  if (state !== 'queued' || endpoint === undefined) return state;
  return queuedStateOf(health, { isRegistered: book.isRegistered(endpoint, header), now });
}

/** When it is tried next, ms since the epoch; undefined where that is as soon as possible, or not known. */
function nextTryOf(
  { dueMs }: InspectedEntry,
  { health, state }: { health: Health; state: ListState },
): number | undefined {
  if (state === 'retry') return dueMs;
  if (state === 'paused') return health.pause?.until;
  return state === 'parked' || state === 'queued' ? health.parkedUntil : undefined;
}

function reasonIn(state: ListState, health: Health): string | undefined {
  if (state === 'paused') return health.paused;
  if (state === 'parked') return health.mistake ?? health.last;
  if (state === 'queued') return health.mistake;
  return state === 'on-hold' ? 'its endpoint is not registered for it' : undefined;
}

/** An entry of `corrupt/` as it is listed. */
export function describeCorrupt({ name, reason, at }: QuarantinedEntry): ListedEntry {
  const listed: ListedEntry = { id: name, state: 'corrupt', attempts: 0 };
  if (at !== undefined) listed.acceptedAt = isoTime(at);
  if (reason !== '') listed.reason = reason;
  return listed;
}
