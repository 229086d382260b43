import type { Delivery, DrainSide } from '../spool.js';
import { anyEndpoint, isReady } from './memory-queues.js';
import { endpointsWhere, type MemoryState, queueOf } from './memory-state.js';

type DeliverySide = Pick<
  DrainSide,
  | 'ready'
  | 'claim'
  | 'done'
  | 'defer'
  | 'bury'
  | 'release'
  | 'hold'
  | 'nextDue'
  | 'owing'
  | 'owed'
  | 'health'
  | 'saveHealth'
>;

/** Makes the part of a drain's side that reaches any endpoint by its id. */
export function createMemoryDeliveries(state: MemoryState): DeliverySide {
  const of = (endpoint: string) => anyEndpoint(state, endpoint);
  const ofOwner = ({ endpoint }: Delivery) => of(endpoint);
  return {
    ready: (due) => endpointsWhere(state, ({ owed }) => owed.some((each) => isReady(each, due))),
    claim: (endpoint, options) => of(endpoint).claim(options),
    done: (delivery, options) => ofOwner(delivery).done(delivery, options),
    defer: (delivery, options) => ofOwner(delivery).defer(delivery, options),
    bury: (delivery, why) => ofOwner(delivery).bury(delivery, why),
    release: (delivery) => ofOwner(delivery).giveBack(delivery),
    hold: (delivery) => ofOwner(delivery).hold(delivery),
    nextDue: (endpoint) => of(endpoint).nextDue(),
    owing: () => endpointsWhere(state, ({ owed }) => owed.length > 0),
    owed: async (endpoint) => queueOf(state, endpoint).owed.length,
    health: (endpoint) => state.queues.get(endpoint)?.health ?? {},
    saveHealth: (endpoint, health) => of(endpoint).saveHealth(health),
  };
}
