import type { EndpointQueue } from './endpoint-queue.js';

/** Maximum number of endpoints that are owed nothing and keep their directories: those that were sent to last. */
const maxDone = 256;

export interface DoneEndpoints {
  /** Adds an endpoint that is owed nothing. @returns the oldest one, if there are too many */
  add(queue: EndpointQueue): EndpointQueue | undefined;
}

/** Makes a list of the endpoints that are owed nothing, in the order of their last deliveries. */
export function createDoneEndpoints(): DoneEndpoints {
  const queues = new Set<EndpointQueue>();
  return {
    add(queue) {
      queues.delete(queue);
      queues.add(queue);
      if (queues.size <= maxDone) return undefined;
      const [first] = queues;
      queues.delete(first!);
      return first;
    },
  };
}
