/** The shape of `status --json`, and of the library's `status()`. Times are ISO 8601 in UTC. */
import type { AttemptCounts } from '../../../journal/recent-attempts.js';
import type { DrainMode } from '../../../spool/spool.js';
import type { EndpointData } from '../../endpoint-data.js';

/** What a spool has to do, for whom, and what stands in the way. */
export interface Status {
  /** When it was read. */
  time: string;
  /** The spool's directory. */
  spool: string;
  drain: DrainStatus;
  hooksFile: HooksFileStatus;
  /** Those of the hooks file, and all others of which the spool knows anything, what needs a person first. */
  endpoints: readonly EndpointStatus[];
  /** Accepted, and not sent to any endpoint's queue yet. */
  incoming: QueuedByAge & { entries: number };
  /** Sums over all endpoints, and what else the spool holds. */
  totals: StatusTotals;
  /** What a person would type next, at most two. */
  next: readonly NextStep[];
}

/** Who drains. All members except `isRunning` are missing where nobody does. */
export interface DrainStatus {
  isRunning: boolean;
  pid?: number;
  host?: string;
  mode?: DrainMode;
  since?: string;
  /** When it was seen to go on; a few seconds old at most while it does. */
  heartbeat?: string;
  /** Whether this process can see it: not on another machine, nor in another container. */
  isVisible?: boolean;
}

/** The hooks file that the endpoints' settings are read from. */
export interface HooksFileStatus {
  path: string;
  isUsable: boolean;
  /** Whether there is none, and none was named: only events that name their URLs are sent. */
  isMissing?: boolean;
  /** Why it cannot be used. */
  problem?: string;
}

/** Numbers of deliveries by age. */
export interface ByAge {
  under1m: number;
  under5m: number;
  under1h: number;
  under1d: number;
  older: number;
}

/** What waits, by age. */
export interface QueuedByAge {
  total: number;
  byAge: ByAge;
  /** When the oldest was accepted. */
  oldest?: string;
}

/**
 * The state of an endpoint. `rejecting`: it works, and has rejected several events in a row. `on-hold`: no hook is
 * registered with it at present.
 */
export type EndpointState = (typeof endpointStates)[number];

/** All states, what needs a person first. */
export const endpointStates = [
  'misconfigured',
  'paused',
  'on-hold',
  'parked',
  'rejecting',
  'recovering',
  'ok',
] as const;

/** One endpoint. */
export interface EndpointStatus {
  endpoint: EndpointData;
  /** Whether a hook is registered with it; missing where the hooks file cannot be used. */
  isRegistered?: boolean;
  state: EndpointState;
  /** Why it is in that state: `503`, `410`, `moved to another data centre`. */
  reason?: string;
  /** When that began. */
  since?: string;
  /** Who has paused it. */
  pausedBy?: string;
  /** When the pause ends by itself. */
  pausedUntil?: string;
  /** Of `recovering`: attempts in flight that it may have now, and in the end. */
  allowed?: number;
  limit?: number;
  queued: QueuedByAge & {
    /** Waiting in order. */
    waiting: number;
    /** Failed alone, each with a time of its own. */
    retrying: number;
  };
  /** When it, or the first of those that failed alone, is tried next; a past time means with the next drain. */
  nextTry?: string;
  /** When the oldest delivery will be given up, if all goes on as it is. */
  givesUp?: string;
  lastError?: LastError;
  lastMinute: AttemptCounts;
  lastHour: AttemptCounts;
  dead: number;
}

/** The last failure. */
export interface LastError {
  /** The HTTP status, or the error's code. */
  what: string;
  /** When the answer came. */
  time?: string;
  /** The beginning of the answer. */
  answer?: string;
}

/** Sums. */
export interface StatusTotals {
  /** Deliveries of all endpoints, and events that are not taken in yet. */
  queued: QueuedByAge;
  lastMinute: AttemptCounts;
  lastHour: AttemptCounts;
  dead: number;
  unclaimed: number;
  corrupt: number;
  /** Room that is left for the spool, in bytes; missing where that is not known. */
  freeBytes?: number;
  /** What the journal takes, in bytes. */
  journalBytes: number;
}

/** A command to type. */
export interface NextStep {
  command: string;
  /** What it is good for. */
  why: string;
}
