import { placeOf } from './memory-inspection.js';
import type { MemoryState } from './memory-state.js';

/** Removes what no drain has to do with. @returns whether it was there */
export function removePlace(state: MemoryState, place: string): boolean {
  const count = () => {
    const dead = [...state.queues.values()].reduce((sum, each) => sum + each.dead.length, 0);
    return dead + state.unclaimed.length + state.dropped.length + state.sent.length;
  };
  const before = count();
  state.unclaimed = state.unclaimed.filter(({ entry }) => placeOf('unclaimed', entry) !== place);
  state.dropped = state.dropped.filter(({ entry }) => placeOf('dead', entry) !== place);
  state.sent = state.sent.filter(({ event, endpoint }) => placeOf('sent', event, endpoint) !== place);
  for (const [endpoint, queue] of state.queues)
    queue.dead = queue.dead.filter(({ event }) => placeOf('dead', event, endpoint) !== place);
  return count() < before;
}
