/** Counts what a wish concerns, at this moment, read without the lock. */
import type { EntryQuery, EntryState, InspectedEntry } from '../../spool/inspection.js';
import { createSelector, type Selection } from '../../spool/selection.js';
import type { Spool, Wish } from '../../spool/spool.js';
import { createTally, type Selected } from './tally.js';

/** What was counted, and what stood beside it. */
export interface Counted extends Selected {
  /** Names of hooks that have entries which are not selected; some of them. */
  others: ReadonlySet<string>;
}

/** Maximum number of other hooks that are remembered. */
const maxOthers = 1_000;

/** Where the entries are that a wish moves. */
const movedFrom: Record<Wish['kind'], readonly EntryState[]> = {
  retry: ['retry', 'unclaimed', 'dead'],
  replay: ['sent'],
  import: [],
  export: ['incoming', 'queued', 'retry'],
  drop: ['incoming', 'queued', 'retry'],
  deregister: ['queued', 'retry'],
  pause: [],
  resume: [],
};

/** Counts the entries that a wish would move, and finds the endpoints that it concerns. @throws CapnhookError as the spool */
export async function countSelected(
  spool: Pick<Spool, 'backlog' | 'inspection'>,
  { kind, select }: Wish,
): Promise<Counted> {
  const tally = createTally();
  const others = new Set<string>();
  if (kind === 'pause' || kind === 'resume') return { ...tally.total(select.endpoints), others };
  const waiting = new Set<string>();
  const add = ({ state, header: { id, hook }, endpoint, events = 1 }: InspectedEntry): void =>
    tally.add({ event: id, from: state, hook, endpoint, events });
  await eachSelected(spool, { select, states: movedFrom[kind] }, add, ({ header: { hook } }) => {
    if (hook !== undefined && others.size < maxOthers) others.add(hook);
  });
  // What waits in order is not moved by a retry; its endpoint is tried.
  if (kind === 'retry') await findWaiting(spool, select, waiting);
  return { ...tally.total(waiting), others };
}

async function eachSelected(
  spool: Pick<Spool, 'inspection'>,
  { select, states }: { select: Selection; states: readonly EntryState[] },
  isSelected: (entry: InspectedEntry) => void,
  isOther: (entry: InspectedEntry) => void = () => {},
): Promise<void> {
  const selector = createSelector(select);
  for await (const entry of spool.inspection.entries(queryOf(select, states.filter(selector.hasState)))) {
    if (selector.has({ ...entry, reason: entry.why?.reason })) isSelected(entry);
    else isOther(entry);
  }
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
    await eachSelected(spool, { select, states: ['queued'] }, ({ endpoint }) => {
      if (endpoint !== undefined) endpoints.add(endpoint);
    });
    return;
  }
  for await (const { endpoint, waiting } of spool.backlog())
    if (waiting > 0 && select.endpoints?.includes(endpoint) !== false) endpoints.add(endpoint);
}

function queryOf({ endpoints, ids }: Selection, states: readonly EntryState[]): EntryQuery {
  const query: EntryQuery = { states };
  if (endpoints !== undefined) query.endpoints = endpoints;
  if (ids !== undefined) query.ids = ids; // no other file is read
  return query;
}
