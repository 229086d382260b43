import type { Discarded, DiscardedEntry, DiscardRequest } from '../spool.js';
import { eventsOf, type MemoryState } from './memory-state.js';

/** What a request would move to the dead. */
export function discardable(
  { accepted, queues }: MemoryState,
  { endpoints, incoming, match }: Omit<DiscardRequest, 'why'>,
): DiscardedEntry[] {
  const events = incoming ? accepted.filter((entry) => match(entry, undefined)) : [];
  const entries: DiscardedEntry[] = events.map((entry) => {
    return { event: entry.id, hook: entry.hook, events: eventsOf(entry).length };
  });
  for (const [endpoint, { owed }] of queues) {
    if (endpoints?.includes(endpoint) === false) continue;
    for (const { event, claimed } of owed)
      if (!claimed && match(event, endpoint))
        entries.push({ event: event.id, hook: event.hook, endpoint, events: 1 });
  }
  return entries;
}

/** Moves it there. */
export function discard(state: MemoryState, { why, ...request }: DiscardRequest): Discarded {
  const entries = discardable(state, request);
  if (request.incoming) state.accepted = state.accepted.filter((entry) => !request.match(entry, undefined));
  const claimed: string[] = [];
  for (const [endpoint, queue] of state.queues) {
    if (request.endpoints?.includes(endpoint) === false) continue;
    const found = queue.owed.filter(({ event }) => request.match(event, endpoint));
    claimed.push(...found.filter((owed) => owed.claimed).map(({ event }) => event.id));
    const dead = new Set(found.filter((owed) => !owed.claimed));
    queue.owed = queue.owed.filter((owed) => !dead.has(owed));
    for (const { event, attempts } of dead) queue.dead.push({ event, why: { ...why, attempts } });
  }
  return { entries, claimed, isDone: true, quarantined: [] };
}
