import type { Batch, Event } from '../../event/event.js';
import { createSelector, type Selector } from '../selection.js';
import type { Retried, RetriedEntry, RetryRequest } from '../spool.js';
import { eventsOf, type MemoryQueue, type MemoryState, noReports } from './memory-state.js';

/** Makes what a request selects due now. @param now ms since the epoch */
export function retry(state: MemoryState, { select }: RetryRequest, now: number): Retried {
  const selector = createSelector(select);
  const entries: RetriedEntry[] = [];
  const endpoints = new Set<string>();
  for (const [endpoint, queue] of state.queues) {
    const retried = retryOf(queue, { endpoint, selector, now });
    entries.push(...retried.entries);
    if (retried.isOwed) endpoints.add(endpoint);
  }
  if (selector.hasState('dead')) entries.push(...restoreDropped(state, selector));
  if (selector.hasState('unclaimed')) entries.push(...restoreUnclaimed(state, selector));
  return { entries, endpoints: [...endpoints], isDone: true, quarantined: [] };
}

function retryOf(
  queue: MemoryQueue,
  { endpoint, selector, now }: { endpoint: string; selector: Selector; now: number },
): { entries: RetriedEntry[]; isOwed: boolean } {
  const has = ({ event, reason }: { event: Event; reason?: string }): boolean =>
    selector.has({ header: event, endpoint, acceptedAt: Date.parse(event.time), reason });
  const entryOf = ({ id, hook }: Event, from: RetriedEntry['from']): RetriedEntry => {
    return { event: id, hook, endpoint, events: 1, from };
  };
  const owed = queue.owed.filter((each) => {
    return selector.hasState(each.dueMs === undefined ? 'queued' : 'retry') && has(each);
  });
  const late = owed.filter(({ claimed, dueMs = 0 }) => !claimed && dueMs > now);
  for (const each of late) each.dueMs = Math.min(Date.parse(each.event.time), now);
  const dead = queue.dead.filter(
    ({ event, why: { reason } }) => selector.hasState('dead') && has({ event, reason }),
  );
  queue.dead = queue.dead.filter((each) => !dead.includes(each));
  for (const { event } of dead) {
    const dueMs = Math.min(Date.parse(event.time), now);
    queue.owed.push({ event, attempts: 0, dueMs, claimed: false, held: false });
  }
  const entries = [
    ...late.map(({ event }) => entryOf(event, 'retry')),
    ...dead.map(({ event }) => entryOf(event, 'dead')),
  ];
  return { entries, isOwed: owed.length + dead.length > 0 };
}

function restoreDropped(state: MemoryState, selector: Selector): RetriedEntry[] {
  const restored = state.dropped.filter(({ entry, why: { reason } }) =>
    isSelected(entry, { reason, selector }),
  );
  state.dropped = state.dropped.filter((each) => !restored.includes(each));
  return restore(
    state,
    restored.map(({ entry }) => entry),
    'dead',
  );
}

function restoreUnclaimed(state: MemoryState, selector: Selector): RetriedEntry[] {
  const reason = 'unclaimed';
  const restored = state.unclaimed.filter(({ entry }) => isSelected(entry, { reason, selector }));
  state.unclaimed = state.unclaimed.filter((each) => !restored.includes(each));
  if (restored.length > 0) state.reports = noReports;
  return restore(
    state,
    restored.map(({ entry }) => entry),
    'unclaimed',
  );
}

function isSelected(
  entry: Event | Batch,
  { reason, selector }: { reason: string; selector: Selector },
): boolean {
  return selector.has({ header: entry, endpoint: undefined, acceptedAt: Date.parse(entry.time), reason });
}

function restore(
  state: MemoryState,
  entries: ReadonlyArray<Event | Batch>,
  from: RetriedEntry['from'],
): RetriedEntry[] {
  state.accepted.push(...entries);
  if (entries.length > 0) for (const hint of state.hints) hint();
  return entries.map((entry) => {
    return { event: entry.id, hook: entry.hook, events: eventsOf(entry).length, from };
  });
}
