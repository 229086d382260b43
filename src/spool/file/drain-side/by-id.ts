/** What is asked of an endpoint by its id, whether it is owned or not. */
import { ignoreErrno } from '../../../shared/errors.js';
import type { EndpointsById } from '../../spool.js';
import { readQueueMark } from '../queue/queue-mark.js';
import type { DrainTools } from './tools.js';

/** Makes what answers by an endpoint's id. */
export function createEndpointsById(tools: DrainTools): EndpointsById {
  const { readers, inbox, health } = tools;
  const queueMark = (endpoint: string) => markOf(tools, endpoint);
  return {
    owing: () =>
      [...readers.all()]
        .filter((queue) => readers.isOwing(queue) || inbox.count(queue.endpoint) > 0)
        .map(({ endpoint }) => endpoint),
    owed: async (endpoint) => readers.owed(endpoint) + inbox.count(endpoint),
    nextDue(endpoint) {
      const queue = readers.find(endpoint);
      return queue && readers.nextDue(queue);
    },
    health: (endpoint) => health.get(endpoint),
    saveHealth: async (endpoint, next, options) => health.set(endpoint, next, options),
    resume: readers.resume,
    holdAll: (endpoint, mark) => queueMark(endpoint) === mark && readers.holdAll(endpoint),
    queueMark,
    onHold: readers.onHold,
  };
}

function markOf({ disk, root, now }: DrainTools, endpoint: string): string | undefined {
  try {
    return readQueueMark(disk, root, { endpoint, now: now() });
  } catch (error) {
    ignoreErrno(error); // a claim reports it
    return undefined;
  }
}
