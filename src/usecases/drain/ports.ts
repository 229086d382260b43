/** The interfaces that a drain needs, its options, and its results. */
import type { Sender } from '../../delivery/sender.js';
import type { Journal } from '../../journal/journal.js';
import type { LiveHooks } from '../../routing/live-hooks.js';
import type { Clock } from '../../shared/clock.js';
import type { CapnhookError } from '../../shared/errors.js';
import type { DrainSide, EntryProblem } from '../../spool/spool.js';

export type { EntryProblem } from '../../spool/spool.js';

export interface DrainPorts {
  side: DrainSide;
  hooks: LiveHooks;
  sender: Sender;
  journal: Journal;
  clock: Clock;
  /** 0 ≤ number < 1. */
  random(): number;
  report(notice: Notice): void;
  /** Called about each second with the number of deliveries made so far. */
  onProgress?: ((delivered: number) => void) | undefined;
  /** Notifies commands and hooks of changes. */
  notifier: Notifier;
}

/** Notifies commands and hooks of changes of endpoints, beside the notices. */
export interface Notifier {
  /** Runs a command with a text on its standard input. @returns the reason if it failed */
  run(
    command: readonly string[],
    options: { input: string; signal: AbortSignal },
  ): Promise<string | undefined>;
  /** Fires an event. @throws CapnhookError if it was not accepted */
  fire(hook: string, payload: Uint8Array): Promise<void>;
}

export interface DrainOptions {
  /** `pass`: everything that is due, once; `wait`: until nothing is left; `daemon`: until it is stopped. */
  until: 'pass' | 'wait' | 'daemon';
  /** How long `wait` waits, in ms. */
  waitMs?: number;
  /**
   * Places in flight that the endpoints share; default what the hooks file says. An endpoint with nothing in flight does
   * not wait for one of them.
   */
  maxInFlight?: number;
  /** Maximum number of connections of this process; default: any number. */
  maxConnections?: number;
  /** How long attempts in flight may go on after a stop, in ms. */
  graceMs: number;
  /** And after `waitMs` is over; default as `graceMs`. */
  waitGraceMs?: number;
  /** How often a drain that stays looks for what no hint told it of, in ms. */
  rescanMs: number;
  /** Whether notices tell whole URLs; they may be secrets. */
  showUrls?: boolean;
  /** Stops claiming, and ends when what is in flight has come back. */
  stop?: AbortSignal;
  /** Cuts off what is in flight, too. */
  abort?: AbortSignal;
}

/** What a drain has done, and what is left. */
export interface DrainSummary {
  delivered: number;
  /** Attempts that failed, for the endpoint's fault or the event's. */
  failed: number;
  /** Deliveries that were given up. */
  gaveUp: number;
  /** Events that nobody is registered for: kept in `unclaimed/`, or dropped. */
  unclaimed: number;
  /** Entries put into `corrupt/`. */
  corrupt: number;
  /** Deliveries still owed, those on hold included. */
  owed: number;
  /** Deliveries on hold: their endpoint is not registered for them. */
  onHold: number;
  /** Entries not queued yet. */
  waiting: number;
  /** Endpoints that cannot be sent to before a person puts something right: a secret, a URL, a header. */
  misconfigured: number;
  /** What is owed, by endpoint, those in trouble first; at most 100 of them. */
  queues: readonly Queued[];
  /** Endpoints that are owed something beside those in `queues`. */
  moreQueues: number;
}

/** What one endpoint is still owed, and why it has not got it. */
export interface Queued {
  /** The endpoint's id. */
  endpoint: string;
  /** Deliveries. */
  count: number;
  why: WhyQueued;
  /** A few words: what failed last, what a person must put right, why it is paused, or what was waited for at the end. */
  what?: string;
  /** When the next attempt is due, ISO 8601 in UTC. */
  nextAttempt?: string;
}

/**
 * `misconfigured`: a person must put something right. `on-hold`: the endpoint is not registered for them. `parked`: the endpoint failed. `paused`: it wants no more events. `alone`: each delivery failed alone, and has a time of
 * its own. `paced`: its rate limit is reached. `due`: nothing stands in the way but that the drain has ended.
 */
export type WhyQueued = 'misconfigured' | 'on-hold' | 'parked' | 'paused' | 'alone' | 'paced' | 'due';

/** An endpoint as it may be shown to anybody: its URL can be a secret. One that was deregistered is only an id. */
export interface EndpointLabel {
  id: string;
  /** Scheme, host and port; only where the hooks file or the event has the URL itself. */
  origin?: string;
  /** The whole URL; only where it was asked for. */
  url?: string;
}

/** Something that happened while draining. */
export type Notice =
  | { kind: 'attempt'; endpoint: EndpointLabel; event: string; attempt: number; what: string; ms: number }
  | { kind: 'parked'; endpoint: EndpointLabel; what: string; message?: string; parkedUntil?: number }
  | { kind: 'paused'; endpoint: EndpointLabel; why: string }
  | { kind: 'well'; endpoint: EndpointLabel; since: number }
  /** Said by a daemon that begins: the endpoint is parked or paused since then, ms since the epoch. */
  | { kind: 'standing'; queued: Queued; since?: number }
  /** The number of further endpoints that are parked or paused, and of the deliveries that they are owed. */
  | { kind: 'more-standing'; endpoints: number; count: number }
  /** An endpoint cannot be sent to before a person puts something right. */
  | { kind: 'misconfigured'; endpoint: EndpointLabel; reason: string; hint?: string | undefined }
  /** This machine could not make attempts; they wait. */
  | { kind: 'shortage'; what: string; reason: string; hint?: string | undefined }
  /** With `isFirst` it is the first delivery of the endpoint that fails alone. */
  | {
      kind: 'failed-alone';
      endpoint: EndpointLabel;
      event: string;
      what: string;
      dueMs: number;
      isFirst: boolean;
    }
  | { kind: 'gave-up'; endpoint: EndpointLabel; reason: string; count: number }
  /** Deliveries wait for their endpoint to be registered again; given up after `keepMs`. */
  | { kind: 'on-hold'; endpoint: EndpointLabel; count: number; keepMs: number }
  /** Deliveries were moved to the dead because their endpoint was deregistered. */
  | { kind: 'deregistered'; endpoint: EndpointLabel; count: number }
  /** Deliveries, or without an endpoint events that were not taken in yet, are dead because a person dropped them. */
  | { kind: 'exported'; count: number }
  | { kind: 'imported'; endpoint?: EndpointLabel; count: number }
  | { kind: 'dropped'; endpoint?: EndpointLabel; count: number }
  /** Deliveries of the endpoint that were deferred or dead are sent now, because a person asked for it. */
  | { kind: 'retried'; endpoint: EndpointLabel; count: number }
  | { kind: 'replayed'; endpoint: EndpointLabel; count: number }
  /** Events that were unclaimed, or flushed before they had an endpoint, are taken in again. */
  | { kind: 'restored'; events: number }
  /** A person has ended the pause of the endpoint. */
  | { kind: 'unpaused'; endpoint: EndpointLabel }
  /** A request that only a newer version knows; it stays. */
  | { kind: 'unknown-request'; entry: EntryProblem }
  /** The endpoint is registered again: nothing of it is on hold any more. */
  | { kind: 'resumed'; endpoint: EndpointLabel }
  /** Nobody is registered for the event, or the batch with this number of events; it is kept, or dropped. */
  | { kind: 'set-apart'; event: string; hook?: string; events: number; isKept: boolean }
  /** Told once for each hook. Without one: of hooks that are not told by name. */
  | { kind: 'unclaimed'; unclaimed: number; hook?: string; didYouMean?: string; keepMs: number }
  /** Nobody has claimed these events in time, and they were removed. */
  | { kind: 'expired'; events: number; keepMs: number }
  /** What has been in `dead/` for longer than that was removed. */
  | { kind: 'purged'; count: number; keepMs: number }
  | { kind: 'corrupt'; entry: EntryProblem }
  | { kind: 'unread'; entry: EntryProblem }
  /** It is no event, and cannot be put aside. */
  | { kind: 'immovable'; entry: EntryProblem }
  /** The number of further entries that cannot be taken in, or put aside. */
  | { kind: 'more-postponed'; count: number }
  | { kind: 'intake-failed'; error: CapnhookError }
  | { kind: 'journal-failed'; errno: string }
  /** The command of `onChange`, or the hook of `alert`, could not be told of a change of the endpoint. */
  | { kind: 'alert-failed'; via: 'onChange' | 'alert'; endpoint: string; reason: string }
  /** Said by a daemon that begins: until there is a hooks file, events of hooks wait. */
  | { kind: 'hooks-missing' }
  | { kind: 'hooks-reloaded'; wasBroken: boolean }
  | { kind: 'hooks-broken'; error: CapnhookError };
