/**
 * What is queued, by endpoint. A drain owns endpoints rather than single
 * deliveries, and with them their health and pace. Several drains may share the
 * queues of a spool; where only one drain has room, all endpoints are its own.
 */
import type { Health } from '../endpoint/health.js';
import type { Event } from '../event/event.js';
import type { EntryProblem, KeptAnswer, Why } from './reasons.js';

export interface Queues {
  /**
   * Takes endpoints that have something to send now and that no other drain owns. They are ours until they are released,
   * or until this drain is taken for dead. One that is ours already comes again where it has got something to send after
   * a claim has found nothing more.
   */
  acquire(options: AcquireOptions): Promise<readonly OwnedEndpoint[]>;
  /** Takes one endpoint, whatever it is owed, and also before its time; undefined where another drain owns it. */
  acquireOne(id: string): Promise<OwnedEndpoint | undefined>;
  /** When `acquire` may find something next, ms since the epoch; undefined where nothing is waited for. */
  nextReady(): Promise<number | undefined>;
}

export interface AcquireOptions {
  /** Maximum number of endpoints. */
  limit: number;
  /** ms since the epoch. */
  now: number;
  /** Whether also those are taken that were released until later, as the reasons for that have changed; default false. */
  isEarly?: boolean;
}

/**
 * An endpoint that this drain owns. Where another drain has taken it over meanwhile, no method has an effect, except
 * `done`: what was delivered must not be sent again.
 */
export interface OwnedEndpoint {
  readonly id: string;
  health(): Health;
  /**
   * Losing what was saved loses back-off history and nothing else.
   * @param options.isImmediate whether it lasts, should the process end, when it resolves; default false: a second later
   * @param options.isDurable whether it lasts, should the power fail, when it resolves; default false
   */
  saveHealth(health: Health, options?: SaveHealthOptions): Promise<void>;
  /** Keeps the endpoint's last failed answer. Evidence only; never throws for a failed system call. */
  noteAnswer(answer: KeptAnswer): void;
  /** The next deliveries, due retries first, then the waiting ones in order. Unreadable ones are put aside. */
  claim(options: ClaimOptions): Promise<Claim>;
  /** The delivery was made. It is removed, or kept where `options` are given. */
  done(delivery: Delivery, options?: DoneOptions): Promise<void>;
  /** The delivery waits on its own until `dueMs`, with its attempts recorded. */
  defer(delivery: Delivery, options: Deferral): Promise<void>;
  /** The delivery is dead. */
  bury(delivery: Delivery, why: Why): Promise<void>;
  /** Gives a claim back unchanged, at its old place. */
  giveBack(delivery: Delivery): void;
  /** Puts a claimed delivery on hold: it stays at its place, and is not handed out before the hold ends. */
  hold(delivery: Delivery): void;
  /** The earliest time (ms) at which a retry becomes due, if any waits. */
  nextDue(): number | undefined;
  /** Whether no other drain has taken the endpoint over, and it was not released. */
  isOurs(): boolean;
  /**
   * Ends the ownership; nothing of the endpoint may be claimed any more.
   * @param options.until nobody acquires it sooner, ms since the epoch; default: as soon as it has something to send
   */
  release(options?: { until?: number }): Promise<void>;
}

/** One event for one endpoint, claimed by the drain that owns the endpoint. */
export interface Delivery {
  event: Event;
  endpoint: string;
  /** Attempts recorded with the delivery itself, not counting those that its endpoint's failures account for. */
  attempts: number;
  /** When the event was accepted, ms since the epoch. */
  acceptedAt: number;
}

/** What was delivered is kept, to be sent again. */
export interface DoneOptions {
  /** Maximum size of what is kept of the endpoint, in bytes; the oldest goes first. */
  keepMaxBytes: number;
}

export interface SaveHealthOptions {
  isImmediate?: boolean;
  isDurable?: boolean;
}

/** Which retries are due. */
export interface Due {
  /** Those whose time has come, ms since the epoch. */
  now: number;
  /** And those whose time is later than this: the clock was set back since. Default: none. */
  latest?: number;
}

export interface ClaimOptions extends Due {
  /** Maximum number of deliveries. */
  limit: number;
  /**
   * To try an endpoint with: events whose deliveries failed, the longest ago
   * first. All others come before them, waiting ones before due retries; then
   * they, in this order.
   */
  probe?: readonly string[];
  /** Whether what cannot be read just now holds up those behind it; default false. */
  inOrder?: boolean;
}

export interface Claim {
  deliveries: readonly Delivery[];
  quarantined: readonly EntryProblem[];
  /** Deliveries that cannot be read just now; they stay, and are tried again after some seconds. */
  postponed: readonly EntryProblem[];
  /** Whether the next claim may find something although this one has found no delivery. */
  goesOn: boolean;
}

/** How a delivery that failed alone waits. */
export interface Deferral {
  /** ms since the epoch. */
  dueMs: number;
  attempts: number;
  /** What the receiver said, where it has answered. */
  answer?: KeptAnswer;
}
