import type { EndpointsById } from '../spool.js';
import { nextDueOf } from './memory-queues.js';
import { endpointsWhere, type MemoryState, queueOf } from './memory-state.js';

/** Makes what answers by an endpoint's id. */
export function createMemoryEndpoints(state: MemoryState): EndpointsById {
  const { queues } = state;
  return {
    owing: () => endpointsWhere(state, ({ owed }) => owed.length > 0),
    owed: async (endpoint) => queueOf(state, endpoint).owed.length,
    nextDue: (endpoint) => nextDueOf(queueOf(state, endpoint)),
    health: (endpoint) => queues.get(endpoint)?.health ?? {},
    async saveHealth(endpoint, health) {
      queueOf(state, endpoint).health = health;
    },
    resume(endpoint) {
      for (const [id, queue] of queues) {
        if (endpoint !== undefined && endpoint !== id) continue;
        for (const each of queue.owed) each.held = false;
        queue.until = Number.NEGATIVE_INFINITY;
      }
    },
    holdAll: () => false,
    queueMark: () => undefined,
    onHold: (endpoint) => queues.get(endpoint)?.owed.filter(({ held }) => held).length ?? 0,
  };
}
