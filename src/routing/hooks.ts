import type { Endpoint } from '../endpoint/endpoint.js';
import type { EventHeader } from '../event/event.js';

/** A registration: a hook's name or pattern, and the endpoints that get its events. */
export interface Registration {
  pattern: string;
  endpoints: readonly Endpoint[];
}

/** The contents of the hooks file, checked, with every default filled in. */
export interface Hooks {
  /** In the file's order. */
  registrations: readonly Registration[];
  /** Every endpoint that is named under `endpoints:` or used in a registration, by id. */
  endpoints: ReadonlyMap<string, Endpoint>;
  /** The settings of an endpoint that is given only by its URL. */
  defaults: Omit<Endpoint, 'id' | 'url'>;
  /** Maximum number of attempts in flight that the endpoints share. */
  maxInFlight: number;
  /** The hook that is fired for each change of an endpoint's state. */
  alert?: string;
  /** How long deliveries of an endpoint that is not registered are kept, in ms. */
  holdKeepMs: number;
  /** How long a day's journal is kept after its end, in ms. */
  journalKeepMs: number;
  /** How long what is dead is kept, in ms; for ever where the file does not say. */
  deadKeepMs?: number | undefined;
  unclaimed: UnclaimedPolicy;
}

/** What happens to events for which no endpoint is registered. */
export interface UnclaimedPolicy {
  /** Whether new ones are dropped instead of kept. */
  isDropped: boolean;
  /** How long one is kept, in ms. */
  keepMs: number;
}

/** The parts of an event that decide who receives it. */
export type Addressed = Pick<EventHeader, 'hook' | 'to'>;
