/**
 * What a spool holds, read without its lock and beside a drain that runs. What
 * changes while it is read is told as it was or as it is; an entry that moves
 * meanwhile may be told twice, or not at all.
 */
import type { Health } from '../endpoint/health.js';
import type { EventHeader } from '../event/event.js';
import type { AgeQuery, IncomingAges, QueueAges, SpoolTotals } from './ages.js';
import type { KeptAnswer, UnclaimedReason, Why } from './reasons.js';

/**
 * Where an entry is: accepted and not routed, waiting in order, waiting on its own, without a receiver, given up, or
 * delivered and kept.
 */
export type EntryState = 'incoming' | 'queued' | 'retry' | 'unclaimed' | 'dead' | 'sent';

/** All states, in the order in which they are read. */
export const entryStates: readonly EntryState[] = [
  'incoming',
  'queued',
  'retry',
  'unclaimed',
  'dead',
  'sent',
];

/** All of what is not delivered. */
export const undeliveredStates: readonly EntryState[] = entryStates.filter((state) => state !== 'sent');

/** Which entries are wanted; each member that is there must hold. */
export interface EntryQuery {
  /** Default: all but `sent`. */
  states?: readonly EntryState[];
  /** Ids of endpoints; entries that have no endpoint yet do not match. Default: all. */
  endpoints?: readonly string[];
  /** The name of a hook. Default: all, and events that have none. */
  hook?: string;
  /** The beginning of an event's id. Default: all. */
  id?: string;
  /** Ids of events, whole; few are found without listing large directories. Default: all. */
  ids?: readonly string[];
  /** Whether a batch that is not queued is told event by event, each with its payload; default false. */
  splitBatches?: boolean;
  /** Only what comes after this entry. Where it has gone meanwhile, what was told before may be told again. */
  after?: EntryPosition;
}

/** An entry's place in the order in which entries are told. */
export interface EntryPosition {
  state: EntryState;
  /** Undefined where it has none. */
  endpoint: string | undefined;
  /** The event's id. */
  id: string;
}

/** A delivery, or an event (or a batch) that has no deliveries. */
export interface InspectedEntry {
  state: EntryState;
  /** Where it lies; {@link Spool.remove} takes it. The events of a batch lie in one place. */
  place: string;
  header: EventHeader;
  /** How many events: 1, or those of a batch that is not queued; undefined where that would have to be counted. */
  events: number | undefined;
  /** The endpoint's id; undefined for `incoming` and `unclaimed`, and for what was dead before it was routed. */
  endpoint: string | undefined;
  /** When the event was accepted, ms since the epoch. */
  acceptedAt: number;
  /** Attempts that are recorded with the delivery itself. */
  attempts: number;
  /** Of a retry: when it is due, ms since the epoch. */
  dueMs?: number;
  /** Of what was delivered: when, ms since the epoch; it may have been earlier, but not later. */
  sentAt?: number;
  /** Of a dead or an unclaimed entry, where it is known. */
  why?: Partial<Why> | Partial<UnclaimedReason>;
  /** The payload's bytes; undefined for a batch. */
  payload?: Uint8Array;
}

/** An entry that could not be read, with the reason. */
export interface QuarantinedEntry {
  name: string;
  reason: string;
  /** When it was put aside, ms since the epoch; undefined where that is not known. */
  at?: number | undefined;
}

/** Reads a spool; needs no {@link DrainSide}, and changes nothing. */
export interface Inspection {
  /**
   * Streams entries, one in memory at a time: state by state, then endpoint by endpoint, oldest first.
   * @throws CapnhookError `SPOOL_WRITE`, `PERMISSION` for a directory that cannot be listed
   */
  entries(query?: EntryQuery): AsyncIterable<InspectedEntry>;
  /** Streams what was put aside because it could not be read. @throws as `entries` */
  quarantined(): AsyncIterable<QuarantinedEntry>;
  /** Ids of all endpoints of which anything is known, in no order. @throws as `entries` */
  endpoints(): Promise<readonly string[]>;
  /**
   * Streams what each endpoint is owed, by age, in the order of the endpoints' ids; reads no delivery.
   * @param query.endpoints ids; default: all of which anything is known
   * @throws as `entries`
   */
  queueAges(query: AgeQuery & { endpoints?: readonly string[] | undefined }): AsyncIterable<QueueAges>;
  /** What was accepted and is not routed, by age. @throws as `entries` */
  incomingAges(query: AgeQuery): Promise<IncomingAges>;
  /** What else the spool holds. @throws as `entries` */
  totals(): Promise<SpoolTotals>;
  /** An endpoint's health, as it was saved last; at most a second old. */
  health(endpoint: string): Promise<Health>;
  /**
   * The last failed answer to a delivery, as far as it is kept: of a delivery that failed alone, or that the endpoint
   * answered last. Those of dead deliveries are in their `why`.
   * @param event its id; default: the endpoint's last failed answer, whatever the delivery
   */
  answer(endpoint: string, event?: string): Promise<KeptAnswer | undefined>;
}

/** The states that come after a position, and its own, of those that are wanted. */
export function statesFrom({ states = undeliveredStates, after }: EntryQuery): EntryState[] {
  const first = after === undefined ? 0 : entryStates.indexOf(after.state);
  return entryStates.filter((state, at) => at >= first && states.includes(state));
}

/** Whether an entry is the one at a position. */
export function isAt({ state, endpoint, header }: InspectedEntry, position: EntryPosition): boolean {
  return state === position.state && endpoint === position.endpoint && header.id === position.id;
}

/** Whether an entry is wanted, its state aside. */
export function matchesQuery(
  { header, endpoint }: InspectedEntry,
  { endpoints, hook, id, ids }: EntryQuery,
): boolean {
  if (endpoints !== undefined && (endpoint === undefined || !endpoints.includes(endpoint))) return false;
  if (hook !== undefined && header.hook !== hook) return false;
  if (ids !== undefined && !ids.includes(header.id)) return false;
  return id === undefined || header.id.startsWith(id);
}
