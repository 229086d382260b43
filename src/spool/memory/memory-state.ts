/** What a spool in memory holds. */
import type { Health } from '../../endpoint/health.js';
import type { Batch, Event } from '../../event/event.js';
import { batchMemberId } from '../../event/event-id.js';
import type { ControlRequest, Delivery, Holder, KeptAnswer, UnclaimedReports, Why } from '../spool.js';

export interface Owed {
  event: Event;
  attempts: number;
  /** Absent for a delivery that waits in order. */
  dueMs?: number;
  claimed: boolean;
  /** Whether it is on hold. */
  held: boolean;
}

/** One that drains. */
export interface MemoryDrain {
  /** When it made its last call, ms since the epoch. */
  seenAt: number;
}

export interface MemoryQueue {
  endpoint: string;
  /** The drain that owns it. */
  owner: MemoryDrain | undefined;
  /** Another number whenever it has another owner: claims of an earlier one are over. */
  term: number;
  /** Whether a claim of its owner has found nothing more. */
  isDry: boolean;
  /** It is not acquired sooner, ms since the epoch. */
  until: number;
  owed: Owed[];
  dead: Array<{ event: Event; why: Why }>;
  health: Health;
  lastAnswer: KeptAnswer | undefined;
  /** By event, of deliveries that failed alone. */
  answers: Map<string, KeptAnswer>;
}

export interface MemoryState {
  accepted: Array<Event | Batch>;
  unclaimed: Array<{ entry: Event | Batch; since: number }>;
  /** Dropped before they were queued. */
  dropped: Array<{ entry: Event | Batch; why: Why }>;
  /** Delivered and kept, the oldest first. */
  sent: Array<{ event: Event; endpoint: string; sentAt: number }>;
  /** Those that are kept, by their names. */
  archives: Map<string, Uint8Array>;
  /** ms since the epoch. */
  now(): number;
  reports: UnclaimedReports;
  queues: Map<string, MemoryQueue>;
  claims: WeakMap<Delivery, { owed: Owed; term: number }>;
  hints: Set<() => void>;
  holder: Holder | undefined;
  requests: Map<string, ControlRequest>;
  /** How often progress was noted, by request. */
  progress: Map<string, number>;
  hooksFile: string | undefined;
  /** Tells the newest hooks that are known from others; undefined while none are known. */
  newestHooks: (() => string | undefined) | undefined;
}

export const noReports: UnclaimedReports = { hooks: [], others: 0 };

/** Makes an empty state. @param now ms since the epoch */
export function createMemoryState(now: () => number): MemoryState {
  return {
    accepted: [],
    unclaimed: [],
    dropped: [],
    sent: [],
    archives: new Map(),
    now,
    reports: noReports,
    queues: new Map(),
    claims: new WeakMap(),
    hints: new Set(),
    holder: undefined,
    requests: new Map(),
    progress: new Map(),
    hooksFile: undefined,
    newestHooks: undefined,
  };
}

/** An endpoint's queue, which is made if need be. */
export function queueOf({ queues }: MemoryState, endpoint: string): MemoryQueue {
  let queue = queues.get(endpoint);
  if (queue === undefined) {
    const nobody = { owner: undefined, term: 0, isDry: false, until: Number.NEGATIVE_INFINITY };
    queue = {
      endpoint,
      ...nobody,
      owed: [],
      dead: [],
      health: {},
      lastAnswer: undefined,
      answers: new Map(),
    };
    queues.set(endpoint, queue);
  }
  return queue;
}

/** The endpoints whose queues match. */
export function endpointsWhere({ queues }: MemoryState, match: (queue: MemoryQueue) => boolean): string[] {
  return [...queues].filter(([, queue]) => match(queue)).map(([endpoint]) => endpoint);
}

/** An event, or each event of a batch. */
export function eventsOf(entry: Event | Batch): Event[] {
  if (!('payloads' in entry)) return [entry];
  const { payloads, ...header } = entry;
  return payloads.map((payload, index) => ({ ...header, id: batchMemberId(entry.id, index + 1), payload }));
}
