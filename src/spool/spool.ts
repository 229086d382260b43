/**
 * The spool, as the use cases see it: where accepted events and owed
 * deliveries live. It says nothing of files, so that a shared engine can stand
 * behind it: a drain joins it, owns endpoints rather than single
 * deliveries, and so owns their health and pace too.
 */
import type { Health } from '../endpoint/health.js';
import type { Batch, Event } from '../event/event.js';
import type { EndpointsById } from './by-id.js';
import type { Inspection } from './inspection.js';
import type { Intake } from './intake.js';
import type {
  Discarded,
  DiscardedEntry,
  DiscardRequest,
  Imported,
  ImportRequest,
  ReplayRequest,
  Retried,
  RetryRequest,
} from './moves.js';
import type { Outbox } from './outbox.js';
import type { PurgedEntry, PurgeRequest } from './purge.js';
import type { Queues } from './queues.js';
import type { EntryProblem } from './reasons.js';
import type { ControlRequest, Wish } from './wish.js';

export type { EndpointsById } from './by-id.js';
export type {
  ClaimedEntry,
  Discarded,
  DiscardedEntry,
  DiscardRequest,
  Imported,
  ImportedEntry,
  ImportRequest,
  ReplayRequest,
  Retried,
  RetriedEntry,
  RetryRequest,
} from './moves.js';
export type { PurgedEntry, PurgeRequest, PurgeRoom } from './purge.js';
export type {
  Claim,
  ClaimOptions,
  Deferral,
  Delivery,
  DoneOptions,
  Due,
  OwnedEndpoint,
  Queues,
} from './queues.js';
export type { EntryProblem, KeptAnswer, UnclaimedReason, Why } from './reasons.js';
export type { Selection } from './selection.js';
export type { ControlRequest, Wish } from './wish.js';

/** Where events are accepted. */
export interface Inbox {
  /** Accepts an event or, all or nothing, a batch. Durable when it resolves; otherwise nothing was accepted. */
  enqueue(entry: Event | Batch, options?: EnqueueOptions): Promise<void>;
}

export interface EnqueueOptions {
  /** Whether the id was chosen by the user, so that another event may have it already; default false. */
  chosenId?: boolean;
}

export interface Spool extends Inbox {
  /** Becomes the one that drains, or says who does. Half-done work of an earlier holder is finished first. */
  join(mode: DrainMode): Promise<JoinResult>;
  /**
   * Whether there is nothing to drain, not even to put in order, and nobody drains; needs no {@link DrainSide}.
   * @param options.unclaimedKeepMs how long unclaimed events are kept; asked only where there are any
   */
  idle(options?: { unclaimedKeepMs?: () => number }): Promise<boolean>;
  /**
   * Puts unclaimed events where the next intake finds them; needs no {@link DrainSide}.
   * @param options.hook only those of this hook; default: all
   * @returns how many events
   */
  restoreUnclaimed(options?: { hook?: string }): Promise<number>;
  /**
   * Removes what is selected of what is dead, unclaimed, sent or corrupt, for good; streams what was removed, and needs no
   * {@link DrainSide}.
   */
  purge(request: PurgeRequest): AsyncIterable<PurgedEntry>;
  /**
   * Removes what has been dead for longer than `keepMs`, and streams it; looks for it rarely, and needs no
   * {@link DrainSide}.
   * @param options.keepMs asked only where something is dead; nothing is removed where it is undefined
   */
  expireDead(options: { keepMs: () => number | undefined }): AsyncIterable<PurgedEntry>;
  /** Forgets the health of endpoints that are owed nothing and that nobody needs; some at a time. Needs no {@link DrainSide}. */
  pruneHealth(isNeeded: IsHealthNeeded): Promise<void>;
  /**
   * Removes what was delivered on days that ended longer ago than it is kept, some at a time; needs no lease.
   * @param keepMsOf how long what an endpoint got is kept, in ms
   */
  pruneSent(keepMsOf: (endpoint: string) => number): Promise<void>;
  /**
   * Removes entries for good that no drain has to do with: dead, unclaimed, quarantined, or delivered and kept. Durable
   * when it resolves. Needs no drain's side.
   * @param places of entries, as the inspection tells them; of a quarantined one `corrupt/<name>`. Others are left alone.
   * @returns how many were removed, a batch counting as one
   */
  remove(places: AsyncIterable<string>): Promise<number>;
  /**
   * Keeps an archive, durably, that is to be imported.
   * @returns its name, for {@link DrainSide.import}
   * @throws what the pieces throw; nothing is kept then
   */
  keepArchive(pieces: AsyncIterable<Uint8Array>): Promise<string>;
  /**
   * The process that drains at this moment, if any.
   * @param options.visibleOnly leaves out what this process cannot see; asks nothing of the lock, and so never stands in the way of a drain that starts
   */
  holder(options?: { visibleOnly?: boolean }): Promise<Holder | undefined>;
  /** Whether a drain holds the spool, also one that could not write down who it is. */
  isHeld(): Promise<boolean>;
  /** What {@link DrainSide.discard} would move, at this moment; needs no {@link DrainSide}. */
  survey(request: Omit<DiscardRequest, 'why'>): AsyncIterable<DiscardedEntry>;
  /** Leaves a request to the running drain. Durable when it resolves. */
  request(request: ControlRequest): Promise<void>;
  /** Whether a request waits to be obeyed. */
  hasRequest(id: string): Promise<boolean>;
  /** A number that changes when the drain gets on with a request; undefined when it is obeyed. */
  requestProgress(id: string): Promise<number | undefined>;
  /** The hooks file that the spool is bound to, by its absolute path; undefined before the first drain. */
  boundTo(): Promise<string | undefined>;
  /**
   * Binds the spool to a hooks file.
   * @param options.again whether another one is replaced; default false
   * @returns the one that it is bound to, which may be another
   */
  bind(hooksFile: string, options?: { again?: boolean }): Promise<string>;
  /** What is owed, by endpoint, or to one of them; needs no {@link DrainSide}. Streams, in no order. */
  backlog(endpoint?: string): AsyncIterable<EndpointBacklog>;
  /** Entries accepted and not queued yet, a batch counting as one or as its events; needs no {@link DrainSide}. */
  waiting(): Promise<number>;
  /** What the spool holds, entry by entry; needs no {@link DrainSide}. */
  readonly inspection: Inspection;
  /** Loads all that a long-running process may need later: an update may replace the files of this package. */
  load(): Promise<void>;
}

export type DrainMode = 'pass' | 'daemon' | Wish['kind'];

/** The process that drains. */
export interface Holder {
  host: string;
  pid: number;
  mode: DrainMode;
  /** ISO 8601, UTC. */
  since: string;
  /** When it was seen to go on, ISO 8601, UTC; a few seconds old at most while it does. */
  heartbeat?: string | undefined;
  /** Whether this process can see it and send it a signal: not on another machine, nor in another container's pid namespace. */
  isVisible: boolean;
}

export type JoinResult = { joined: true; side: DrainSide } | { joined: false; by: Holder | undefined };

/** What one endpoint is owed. */
export interface EndpointBacklog {
  endpoint: string;
  /** Waiting in order. */
  waiting: number;
  /** Failed alone, each with a time of its own. */
  retrying: number;
  dead: number;
  health: Health;
}

/** Whether an endpoint's health is needed; it is read only where that is asked. `savedAt` in ms since the epoch. */
export type IsHealthNeeded = (endpoint: string, read: () => { health: Health; savedAt: number }) => boolean;

/** An unclaimed event, or the events of a batch, that nobody has claimed in time. */
export interface ExpiredEvents {
  /** The event's id, or the batch's. */
  id: string;
  hook?: string;
  /** How many events. */
  events: number;
}

/** Which hooks were reported because of unclaimed events, so that each is reported once. */
export interface UnclaimedReports {
  hooks: readonly string[];
  /** Unclaimed events of hooks beyond those. */
  others: number;
}

/** The drain's side of a spool. Every method that changes state is durable, or repeatable without harm, when it resolves. */
export interface DrainSide {
  readonly intake: Intake;
  readonly outbox: Outbox;
  /** Removes unclaimed events that were kept for longer than `keepMs`. */
  expireUnclaimed(options: { keepMs: number }): Promise<readonly ExpiredEvents[]>;
  /** What was saved last; nothing if no event is unclaimed. */
  unclaimedReports(): Promise<UnclaimedReports>;
  /** Losing what was saved repeats a report and nothing else. */
  saveUnclaimedReports(reports: UnclaimedReports): Promise<void>;
  /** What is queued, by endpoint. */
  readonly queues: Queues;
  /** What is asked of any endpoint, owned or not. */
  readonly byId: EndpointsById;
  /** Entries accepted and not queued, without those that were found to be no events. */
  waiting(): Promise<number>;
  /** Moves queued entries that match to the dead; each call a bounded number of them. Those that are claimed stay. */
  discard(request: DiscardRequest): Promise<Discarded>;
  /**
   * Makes selected entries due now: deferred deliveries, dead ones, which begin their attempts again, and events without
   * an endpoint, which are taken in again. Each call a bounded number. Those that are claimed stay.
   */
  retry(request: RetryRequest): Promise<Retried>;
  /** Queues again, in order, what was delivered and kept. It is not kept then until it is delivered again. Each call a bounded number. */
  replay(request: ReplayRequest): Promise<Retried>;
  /**
   * Adds the entries of an archive, durably, and removes the archive at the end. What is there already, by its id and
   * payload, is not added again. Each call a bounded number.
   */
  import(request: ImportRequest): Promise<Imported>;
  /** Requests that wait to be obeyed, oldest first. */
  requests(): WaitingRequests;
  /** Tells the command that waits for a request that it is being obeyed. */
  noteProgress(id: string): void;
  /** A request was obeyed. */
  finishRequest(id: string): void;
  /** Calls back when there may be new events. Only a hint: some are missed. Returns how to stop. */
  onHint(hint: () => void): () => void;
  /** Whether the spool is still ours; a drain that lost it must stop immediately. */
  isValid(): boolean;
  /** Makes everything durable and leaves the spool. */
  close(): Promise<void>;
}

/** The requests to a drain. */
export interface WaitingRequests {
  requests: readonly ControlRequest[];
  /** Those that this version does not know, each told once; they stay, for a newer one. */
  unknown: readonly EntryProblem[];
}
