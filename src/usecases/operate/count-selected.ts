/** Counts what a wish concerns, at this moment, read without the lock. */
import type { EntryQuery, EntryState } from '../../spool/inspection.js';
import { createSelector, type Selection } from '../../spool/selection.js';
import type { Spool, Wish } from '../../spool/spool.js';

/** What a wish concerns. */
export interface Selected {
  /**
   * Deliveries, and events that have no endpoint yet, as they can be seen beside a drain; of a batch that is not queued
   * each event, where that is known.
   */
  count: number;
  /** Ids of the endpoints, sorted. */
  endpoints: readonly string[];
}

/** Where the entries are that a wish moves. */
const movedFrom: Record<Wish['kind'], readonly EntryState[]> = {
  retry: ['retry', 'unclaimed', 'dead'],
  replay: ['sent'],
  drop: ['incoming', 'queued', 'retry'],
  deregister: ['queued', 'retry'],
  pause: [],
  resume: [],
};

/** Counts the entries that a wish would move, and finds the endpoints that it concerns. @throws CapnhookError as the spool */
export async function countSelected(
  spool: Pick<Spool, 'backlog' | 'inspection'>,
  { kind, select }: Wish,
): Promise<Selected> {
  if (kind === 'pause' || kind === 'resume') return { count: 0, endpoints: [...select.endpoints].sort() };
  const endpoints = new Set<string>();
  const count = await countEntries(spool, { select, states: movedFrom[kind], endpoints });
  // What waits in order is not moved by a retry; its endpoint is tried.
  if (kind === 'retry') await findWaiting(spool, select, endpoints);
  return { count, endpoints: [...endpoints].sort() };
}

async function countEntries(
  spool: Pick<Spool, 'inspection'>,
  { select, states, endpoints }: { select: Selection; states: readonly EntryState[]; endpoints: Set<string> },
): Promise<number> {
  const selector = createSelector(select);
  let count = 0;
  for await (const entry of spool.inspection.entries(queryOf(select, states.filter(selector.hasState)))) {
    if (!selector.has({ ...entry, reason: entry.why?.reason })) continue;
    count += entry.events ?? 1;
    if (entry.endpoint !== undefined) endpoints.add(entry.endpoint);
  }
  return count;
}

/** Without other members than endpoints and states nothing is read. */
async function findWaiting(
  spool: Pick<Spool, 'backlog' | 'inspection'>,
  select: Selection,
  endpoints: Set<string>,
): Promise<void> {
  const { hook, ids, since, before, reasons, states } = select;
  if (states?.includes('queued') === false || reasons !== undefined) return;
  if ([hook, ids, since, before].some((each) => each !== undefined)) {
    await countEntries(spool, { select, states: ['queued'], endpoints });
    return;
  }
  for await (const { endpoint, waiting } of spool.backlog())
    if (waiting > 0 && select.endpoints?.includes(endpoint) !== false) endpoints.add(endpoint);
}

function queryOf({ endpoints, ids }: Selection, states: readonly EntryState[]): EntryQuery {
  const query: EntryQuery = { states };
  if (endpoints !== undefined) query.endpoints = endpoints;
  if (ids?.length === 1) query.id = ids[0]!; // no other file is read
  return query;
}
