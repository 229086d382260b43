import type { Batch, Event } from '../../event/event.js';
import type { PurgedEntry, PurgeRequest } from '../purge.js';
import { createSelector } from '../selection.js';
import { eventsOf, type MemoryState } from './memory-state.js';

/** Removes what is selected, and tells each. */
export function purge(state: MemoryState, request: PurgeRequest): PurgedEntry[] {
  const purged: PurgedEntry[] = [];
  const isMeant = matcherOf(request);

  /** @returns those that stay */
  function remove<T>(items: readonly T[], describe: (item: T) => Described): T[] {
    const stays = items.filter((item) => {
      const { from, entry, endpoint, since, reason } = describe(item);
      if (!isMeant({ from, entry, endpoint, since, reason })) return true;
      purged.push({ from, event: entry.id, hook: entry.hook, endpoint, events: eventsOf(entry).length });
      return false;
    });
    return request.isDry === true ? [...items] : stays;
  }

  state.dropped = remove(state.dropped, ({ entry, why }) => {
    return { from: 'dead', entry, since: Date.parse(why.time), reason: why.reason };
  });
  for (const [endpoint, queue] of state.queues)
    queue.dead = remove(queue.dead, ({ event, why }) => {
      return { from: 'dead', entry: event, endpoint, since: Date.parse(why.time), reason: why.reason };
    });
  state.unclaimed = remove(state.unclaimed, ({ entry, since }) => ({ from: 'unclaimed', entry, since }));
  state.sent = remove(state.sent, ({ event, endpoint, sentAt }) => {
    return { from: 'sent', entry: event, endpoint, since: sentAt };
  });
  return purged;
}

interface Described {
  from: PurgedEntry['from'];
  entry: Event | Batch;
  endpoint?: string;
  /** When it came there, ms since the epoch. */
  since: number;
  reason?: string;
}

function matcherOf({ rooms, select, before = Infinity, after = -Infinity }: PurgeRequest) {
  const selector = createSelector(select);
  return ({ from, entry, endpoint, since, reason }: Described): boolean => {
    if (!rooms.includes(from) || since >= before || since < after) return false;
    return selector.has({ header: entry, endpoint, acceptedAt: Date.parse(entry.time), reason });
  };
}
