import type { Endpoint } from '../endpoint/endpoint.js';
import type { EventHeader } from '../event/event.js';

/** A registration: a hook's name or pattern, and the endpoints that get its events. */
export interface Registration {
  pattern: string;
  endpoints: readonly Endpoint[];
}

/** What the hooks file says, checked and with every default filled in. */
export interface Hooks {
  /** In the file's order. */
  registrations: readonly Registration[];
  /** Every endpoint that is named under `endpoints:` or used in a registration, by id. */
  endpoints: ReadonlyMap<string, Endpoint>;
  /** The settings of an endpoint that is only a URL. */
  defaults: Omit<Endpoint, 'id' | 'url'>;
  /** Places in flight that the endpoints share. */
  maxInFlight: number;
  /** A hook that is fired for each change of an endpoint. */
  alert?: string;
  /** How long deliveries of an endpoint that is not registered are kept, in ms. */
  holdKeepMs: number;
  /** How long the journal of a day is kept after its end, in ms. */
  journalKeepMs: number;
  unclaimed: UnclaimedPolicy;
}

/** What becomes of events that nobody is registered for. */
export interface UnclaimedPolicy {
  /** Whether new ones are dropped instead of kept. */
  isDropped: boolean;
  /** How long one is kept, in ms. */
  keepMs: number;
}

/** The parts of an event that decide who receives it. */
export type Addressed = Pick<EventHeader, 'hook' | 'to'>;
