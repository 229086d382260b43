/** Moves of many entries that a person asked for, in steps: to the dead, and back. */
import type { Rate } from '../endpoint/endpoint.js';
import type { EventHeader } from '../event/event.js';
import type { EntryState } from './inspection.js';
import type { EntryProblem, Why } from './reasons.js';
import type { Selection } from './selection.js';

/** What is to be moved to the dead; the same object for each step. */
export interface DiscardRequest {
  /** Of what is queued or deferred. */
  select: Selection;
  /** Whether events that were not queued yet are looked at, too; default false. */
  incoming?: boolean;
  /** Whether a selected delivery stays all the same, by the hooks as the drain has them now. Default: none does. */
  stays?: ((event: EventHeader, endpoint: string) => boolean) | undefined;
  why: Omit<Why, 'attempts'>;
}

/** A delivery, or an event or a batch that was not queued. */
export interface DiscardedEntry {
  /** The event's id, or the batch's. */
  event: string;
  hook?: string | undefined;
  /** Absent where it was not queued. */
  endpoint?: string;
  /** How many events it has. */
  events: number;
  /** Where it was. */
  from: EntryState;
}

/** What a step has moved. */
export interface Discarded {
  entries: readonly DiscardedEntry[];
  /** Deliveries that are selected and claimed. */
  claimed: readonly ClaimedEntry[];
  isDone: boolean;
  quarantined: readonly EntryProblem[];
}

/** What is to be sent now; the same object for each step. */
export interface RetryRequest {
  /** Of what is queued, deferred, dead or unclaimed; events that were flushed before they were queued are dead. */
  select: Selection;
}

/** What is to be sent again; the same object for each step. */
export interface ReplayRequest {
  /** Of what was delivered and kept; its times are those of the delivery. */
  select: Selection;
  /** At most this fast to each endpoint; default: as fast as its own limits allow. */
  rate?: Rate | undefined;
  /** Whether a selected delivery is sent again, by the hooks as they are now. Default: each is. */
  isWanted?: ((event: EventHeader, endpoint: string) => boolean) | undefined;
}

/** An entry that waited, and does so no longer: a delivery, or an event or a batch that has no endpoint yet. */
export interface RetriedEntry extends DiscardedEntry {
  from: 'retry' | 'dead' | 'unclaimed' | 'sent';
}

/** What a step of a retry has done. */
export interface Retried {
  entries: readonly RetriedEntry[];
  /** Endpoints that are owed something selected, each at least once: they are to be tried. */
  endpoints: readonly string[];
  isDone: boolean;
  quarantined: readonly EntryProblem[];
}

/** An archive that is imported; the same object for each step. */
export interface ImportRequest {
  /** Its name, as {@link Spool.keepArchive} told it. */
  archive: string;
}

/** An entry of an archive that was added. */
export interface ImportedEntry extends DiscardedEntry {
  /** Where it was put: a delivery among those that are tried on their own, what has no endpoint yet where it is fanned out. */
  to: 'incoming' | 'retry' | 'dead';
}

/** What a step of an import has done. */
export interface Imported {
  entries: readonly ImportedEntry[];
  /** How many entries were there already, or have been put aside as another event has their id. */
  skipped: number;
  /** Endpoints that are owed something now. */
  endpoints: readonly string[];
  isDone: boolean;
  quarantined: readonly EntryProblem[];
}

/** A delivery that is claimed. */
export interface ClaimedEntry {
  /** The event's id. */
  event: string;
  endpoint: string;
}
