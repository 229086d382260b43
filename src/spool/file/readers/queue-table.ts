import type { Standing } from '../endpoints/endpoint-directories.js';
import { closedEmpty, closedOf } from './closed-queues.js';
import { type EndpointQueue, newQueue } from './endpoint-queue.js';

/** The records of the endpoints that are known. */
export interface QueueTable {
  /** The record of an endpoint, which is made if need be. */
  of(endpoint: string): EndpointQueue;
  /** The record of an endpoint, if there is one. */
  find(endpoint: string): EndpointQueue | undefined;
  all(): Iterable<EndpointQueue>;
  names(): Iterable<string>;
  delete(endpoint: string): void;
}

export interface QueueTableOptions {
  /** What each endpoint has, as far as it is known. */
  found: ReadonlyMap<string, Standing>;
  /** Of each endpoint that must be put in order before anything is taken: does that. */
  unsettled: ReadonlyMap<string, () => void>;
}

/** Makes the records of the endpoints that were found. */
export function createQueueTable({ found, unsettled }: QueueTableOptions): QueueTable {
  const queues = new Map<string, EndpointQueue>();
  for (const [endpoint, standing] of found) {
    const queue = newQueue(endpoint, closedOf(standing));
    queue.putInOrder = unsettled.get(endpoint);
    queue.hasDirectories = true;
    queues.set(endpoint, queue);
  }
  return {
    of(endpoint) {
      let queue = queues.get(endpoint);
      if (queue === undefined) {
        queue = newQueue(endpoint, closedEmpty());
        queues.set(endpoint, queue);
      }
      return queue;
    },
    find: (endpoint) => queues.get(endpoint),
    all: () => queues.values(),
    names: () => queues.keys(),
    delete: (endpoint) => void queues.delete(endpoint),
  };
}
