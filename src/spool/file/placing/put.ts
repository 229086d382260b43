import type { QueueTail } from './queue-tail.js';

/** Maximum number of events of one id that are queued for an endpoint: each is compared with all of them. */
export const mostOfOneId = 64;

/**
 * Where a delivery was put. `moved`: it is not in `incoming/` any more. `there`: it was there already. `conflict`:
 * {@link mostOfOneId} other events of the same id are queued there. `replaced`: the file is not the one that was read
 * any more. Of the last two, nothing was put.
 */
export type Put =
  | { kind: 'put' | 'moved' | 'there'; segment: string; replaces?: boolean }
  | { kind: 'conflict' }
  | { kind: 'replaced' };

export interface PutOptions {
  /** The directory of the endpoint's queue. */
  queue: string;
  tail: QueueTail;
  /** Directories that must be fsynced. */
  touched: Set<string>;
  /** Makes the path of a temporary file, unique. */
  temporary(): string;
}
