import { createSelector } from '../selection.js';
import type { ReplayRequest, Retried } from '../spool.js';
import { type MemoryState, queueOf } from './memory-state.js';

/** Queues again what a request selects of what was delivered. @param now ms since the epoch */
export function replay(
  state: MemoryState,
  { select, rate, isWanted = () => true }: ReplayRequest,
  now: number,
): Retried {
  const selector = createSelector(select);
  const wanted = state.sent.filter(({ event, endpoint, sentAt }) => {
    const acceptedAt = Date.parse(event.time);
    return selector.has({ header: event, endpoint, acceptedAt, sentAt }) && isWanted(event, endpoint);
  });
  state.sent = state.sent.filter((each) => !wanted.includes(each));
  const dues = new Map<string, number>();
  for (const { event, endpoint } of wanted) {
    const dueMs = dues.get(endpoint) ?? now;
    queueOf(state, endpoint).owed.push({ event, attempts: 0, dueMs, claimed: false, held: false });
    dues.set(endpoint, rate === undefined ? dueMs : dueMs + rate.perMs / rate.count);
  }
  const entries = wanted.map(({ event: { id, hook }, endpoint }) => {
    return { event: id, hook, endpoint, events: 1, from: 'sent' as const };
  });
  return { entries, endpoints: [...dues.keys()], isDone: true, quarantined: [] };
}
