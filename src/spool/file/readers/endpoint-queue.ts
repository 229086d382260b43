/** What a drain knows of one endpoint: a record that is found once, and then passed on. */
import type { OwnedEndpoint } from '../../spool.js';
import type { QueueReader } from '../queue/queue-reader.js';
import type { ClosedQueue } from './closed-queues.js';

export interface EndpointQueue {
  readonly endpoint: string;
  /** Open while deliveries are handed out. */
  reader: QueueReader | undefined;
  /** What is known while no reader is open. */
  closed: ClosedQueue;
  /** Its place among the open readers, what the reader holds, in names, and whether it was used lately. */
  openAt: number;
  weight: number;
  isUsed: boolean;
  /** Puts the queue in order, which must be done before anything is taken. */
  putInOrder: (() => void) | undefined;
  isOwned: boolean;
  /** Whether its owner's last claim has found nothing more, when that was, and whether something came since. */
  isDry: boolean;
  dryAt: number;
  hasNews: boolean;
  /** It is acquired no sooner, ms since the epoch. */
  parkedUntil: number;
  /** Whether it waits to be acquired. */
  isListed: boolean;
  /** When it will wait to be acquired, ms since the epoch; undefined for never. */
  wakesAt: number | undefined;
  /** Whether it may have directories. */
  hasDirectories: boolean;
  /** The directory of its last delivery. */
  lastDirectory: string | undefined;
  /** What its owner works with, once it had one. */
  owned: OwnedEndpoint | undefined;
}

/** Earlier than any time. */
export const anyTime: number = Number.NEGATIVE_INFINITY;

/** Makes the record of an endpoint without a reader. */
export function newQueue(endpoint: string, closed: ClosedQueue): EndpointQueue {
  return {
    endpoint,
    reader: undefined,
    closed,
    openAt: -1,
    weight: 0,
    isUsed: false,
    putInOrder: undefined,
    isOwned: false,
    isDry: false,
    dryAt: anyTime,
    hasNews: false,
    parkedUntil: anyTime,
    isListed: false,
    wakesAt: undefined,
    hasDirectories: false,
    lastDirectory: undefined,
    owned: undefined,
  };
}
