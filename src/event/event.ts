/** The header of an event: everything but its payload. */
export interface EventHeader {
  /** Unique, sortable by time, `[A-Za-z0-9_-]{1,128}`; also the name of the event's file. */
  id: string;
  /** The hook that was fired; absent only if the event names its own URLs. */
  hook?: string;
  /** The URLs that the event itself names; if present, registrations are ignored. */
  to?: readonly string[];
  /** When it was fired, ISO 8601 in UTC. */
  time: string;
}

/** One firing of a hook with its payload. Immutable. */
export interface Event extends EventHeader {
  /** The payload's JSON text as UTF-8, byte for byte as it was fired. */
  payload: Uint8Array;
}

/** Several firings of one hook, accepted all or nothing. Event *n* (from 1) has the id `<id>_<n>`. */
export interface Batch extends EventHeader {
  /** One JSON text (UTF-8, no line break in it) per event. */
  payloads: readonly Uint8Array[];
}
