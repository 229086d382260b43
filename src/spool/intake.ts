/**
 * The intake of a spool: accepted entries on their way into the queues of endpoints. They are taken, routed by the caller
 * (who may have to wait for that), and placed.
 */
import type { EventHeader } from '../event/event.js';
import type { EntryProblem } from './reasons.js';

/** An accepted event or batch that was taken. */
export interface Entry {
  readonly header: EventHeader;
  /** 1, or the number of events of a batch. */
  readonly events: number;
}

export interface Intake {
  /**
   * Takes a bounded number of accepted entries, the oldest first. Entries of the call before that were neither placed nor
   * removed stay where they are, and are taken again in the next pass through all entries.
   */
  take(): Promise<Taken>;
  /**
   * Makes deliveries of entries that were taken last; they can be claimed when it resolves. They are durable then, and only
   * then gone from the inbox: a crash in between repeats it without harm.
   */
  place(routed: readonly RoutedEntry[], options?: PlaceOptions): Promise<Placement>;
  /** Removes entries that were taken last, and handed on elsewhere. Durable when it resolves. */
  remove(entries: readonly Entry[]): Promise<void>;
  /** Deliveries that can be claimed and are not queued; the next `take` queues them. */
  unqueued(): number;
}

/** An entry that was taken, and who gets it. */
export interface RoutedEntry {
  entry: Entry;
  /** Ids of the endpoints, each once. With none it is unclaimed. */
  endpoints: readonly string[];
  /** Why nobody gets it, in words, with which it is kept; default: nobody is registered for it. */
  why?: string | undefined;
  /** Whether it is dropped where nobody gets it; default false: it is kept. */
  isDropped?: boolean;
  /**
   * Whether its one endpoint can be sent to immediately: the delivery need not be queued before the next `take`. A spool may
   * queue it all the same. Default false.
   */
  canSendNow?: boolean;
}

export interface PlaceOptions {
  /** Tells the hooks by which the entries were routed from others. Asked by spools for which several drains route. */
  hooks?(): string;
}

/** What stays in the inbox, as of the end of a call. */
export interface Remaining {
  /** Entries that could not be taken in, since the last call; they stay, and are tried again. */
  postponed: readonly EntryProblem[];
  /** The same, of entries that are no events and cannot be put aside either; these do not count as waiting. */
  immovable: readonly EntryProblem[];
  /** Entries that may still be being written, or that there is no room to take in; they stay, and are looked at again. */
  changing: readonly Changing[];
  /** Whether this pass through all entries goes on. */
  more: boolean;
}

export interface Taken extends Remaining {
  /** To be routed and placed. */
  entries: readonly Entry[];
  /** Entries that could not be read, and were quarantined; nothing is deleted. */
  quarantined: readonly EntryProblem[];
  /** Steps made towards taking a large batch, which comes later. */
  checked: number;
}

export interface Placement extends Remaining {
  /** Events placed; those without any endpoint included. */
  events: number;
  /** Deliveries made of them. */
  deliveries: number;
  /** Events nobody is registered for; kept apart, or dropped. */
  unclaimed: readonly Unclaimed[];
  /** Whether nothing was placed because newer hooks than those used are known: the entries are to be routed again. */
  isStale: boolean;
}

/** An event, or the events of a batch, that nobody is registered for. */
export interface Unclaimed {
  /** The event's id, or the batch's. */
  id: string;
  hook?: string;
  /** How many events. */
  events: number;
  /** Whether they were kept; otherwise they were dropped. */
  isKept: boolean;
}

/** An entry that may be taken in soon. */
export interface Changing {
  name: string;
  /** Why it is not taken in now. */
  reason: string;
  /** How long it has been waited for, in ms. */
  watchedMs: number;
  /** When it is to be looked at again, in ms from now. */
  againMs: number;
}
