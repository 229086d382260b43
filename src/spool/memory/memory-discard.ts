import type { EventHeader } from '../../event/event.js';
import { createSelector } from '../selection.js';
import type { ClaimedEntry, Discarded, DiscardedEntry, DiscardRequest } from '../spool.js';
import { eventsOf, type MemoryState } from './memory-state.js';

/** Makes the question whether an entry is meant; of an event that was not queued, without an endpoint. */
function matcherOf({
  select,
  stays,
}: Omit<DiscardRequest, 'why'>): (
  header: EventHeader,
  where: { endpoint?: string; dueMs?: number },
) => boolean {
  const selector = createSelector(select);
  return (header, { endpoint, dueMs }) => {
    const state = dueMs === undefined ? 'queued' : 'retry';
    if (!selector.hasState(endpoint === undefined ? 'incoming' : state)) return false;
    if (!selector.has({ header, endpoint, acceptedAt: Date.parse(header.time) })) return false;
    return endpoint === undefined || stays?.(header, endpoint) !== true;
  };
}

/** What a request would move to the dead. */
export function discardable(
  { accepted, queues }: MemoryState,
  request: Omit<DiscardRequest, 'why'>,
): DiscardedEntry[] {
  const match = matcherOf(request);
  const events = request.incoming ? accepted.filter((entry) => match(entry, {})) : [];
  const entries: DiscardedEntry[] = events.map((entry) => {
    return { event: entry.id, hook: entry.hook, events: eventsOf(entry).length, from: 'incoming' };
  });
  for (const [endpoint, { owed }] of queues) {
    for (const { event, claimed, dueMs } of owed)
      if (!claimed && match(event, { endpoint, dueMs }))
        entries.push({
          event: event.id,
          hook: event.hook,
          endpoint,
          events: 1,
          from: dueMs === undefined ? 'queued' : 'retry',
        });
  }
  return entries;
}

/** Moves it there. */
export function discard(state: MemoryState, { why, ...request }: DiscardRequest): Discarded {
  const match = matcherOf(request);
  const entries = discardable(state, request);
  if (request.incoming) {
    const dropped = state.accepted.filter((entry) => match(entry, {}));
    state.dropped.push(...dropped.map((entry) => ({ entry, why: { ...why, attempts: 0 } })));
    state.accepted = state.accepted.filter((entry) => !dropped.includes(entry));
  }
  const claimed: ClaimedEntry[] = [];
  for (const [endpoint, queue] of state.queues) {
    const found = queue.owed.filter(({ event, dueMs }) => match(event, { endpoint, dueMs }));
    for (const { event, claimed: isOut } of found) if (isOut) claimed.push({ event: event.id, endpoint });
    const dead = new Set(found.filter((owed) => !owed.claimed));
    queue.owed = queue.owed.filter((owed) => !dead.has(owed));
    for (const { event, attempts } of dead) queue.dead.push({ event, why: { ...why, attempts } });
  }
  return { entries, claimed, isDone: true, quarantined: [] };
}
