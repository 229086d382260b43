/** Lists what a spool holds, one entry in memory at a time. */
import { CapnhookError } from '../../shared/errors.js';
import { shown } from '../../shared/shown.js';
import { suggest } from '../../shared/suggest.js';
import type { QuarantinedEntry } from '../../spool/inspection.js';
import { createSelector } from '../../spool/selection.js';
import { loadIfUsable } from '../hooks-reader.js';
import { type Named, type SelectingPorts, selecting } from '../operate/selecting.js';
import { describeCorrupt, describeEntry, type ListedEntry } from './describe-entry.js';
import { createEndpointBook, type EndpointBook } from './endpoint-book.js';
import { entryStatesOf, type ListState, listStates, undeliveredListStates } from './list-state.js';

export interface ListPorts extends SelectingPorts {
  clock: { now(): number };
}

export interface ListQuery extends Omit<Named, 'states'> {
  /** Default: all but `sent`. */
  states?: readonly ListState[] | undefined;
  /** The beginning of an event's id; default: all. */
  id?: string | undefined;
  /** Only what comes after this entry. */
  after?: ListPosition | undefined;
  /** Maximum number of entries; default: no limit. */
  limit?: number | undefined;
  /** Whether endpoints have their URLs, which may be secrets; default false. */
  showUrls?: boolean | undefined;
}

/** An entry's place in the list. */
export interface ListPosition {
  state: ListState;
  /** The endpoint's id; undefined where it has none. */
  endpoint: string | undefined;
  /** The event's id; of a corrupt one the file's name. */
  id: string;
}

/**
 * Streams entries: by state, then by endpoint, the oldest first; corrupt ones last.
 * @throws CapnhookError `USAGE`; `NO_INPUT` for an unknown endpoint; as the spool
 */
export async function* listEntries(ports: ListPorts, query: ListQuery = {}): AsyncGenerator<ListedEntry> {
  const { states = undeliveredListStates, limit = Infinity, showUrls = false, id, after, ...named } = query;
  checkStates(states);
  const select = await selecting(ports, named, 'list');
  if (limit <= 0) return;
  const hooks = await loadIfUsable(ports.hooks);
  const book = createEndpointBook(hooks, { showUrls });
  let left = limit;
  const wanted = { states, select, id, after };
  for await (const entry of describedEntries(ports, { book, ...wanted })) {
    yield entry;
    left -= 1;
    if (left <= 0) return;
  }
  if (!states.includes('corrupt') || select.endpoints !== undefined || select.hook !== undefined) return;
  for await (const corrupt of ports.spool.inspection.quarantined()) {
    if (!isWantedCorrupt(corrupt, wanted)) continue;
    yield describeCorrupt(corrupt);
    left -= 1;
    if (left <= 0) return;
  }
}

interface Wanted {
  states: readonly ListState[];
  select: Awaited<ReturnType<typeof selecting>>;
  id: string | undefined;
  after: ListPosition | undefined;
}

async function* describedEntries(
  { spool, clock }: ListPorts,
  { book, states, select, id, after }: Wanted & { book: EndpointBook },
): AsyncGenerator<ListedEntry> {
  const entryStates = entryStatesOf(states);
  if (entryStates.length === 0 || after?.state === 'corrupt') return;
  const [state] = after === undefined ? [] : entryStatesOf([after.state]);
  const position = after && state && { ...after, state };
  const selector = createSelector(select);
  const healthOf = rememberLast((endpoint) => spool.inspection.health(endpoint));
  const { endpoints, ids } = select;
  for await (const entry of spool.inspection.entries({
    states: entryStates,
    endpoints,
    id,
    ids,
    after: position,
  })) {
    if (!selector.has({ ...entry, reason: entry.why?.reason })) continue;
    const { endpoint } = entry;
    const isOwed = endpoint !== undefined && (entry.state === 'queued' || entry.state === 'retry');
    const health = isOwed ? await healthOf(endpoint) : {};
    const described = describeEntry(entry, { health, book, now: clock.now() });
    if (states.includes(described.state)) yield described;
  }
}

function isWantedCorrupt({ name, at }: QuarantinedEntry, { id, select, after }: Wanted): boolean {
  const { since, before, ids, reasons } = select;
  if (after?.state === 'corrupt' && name <= after.id) return false;
  if (reasons !== undefined || ids?.includes(name) === false || (id !== undefined && !name.startsWith(id)))
    return false;
  if (since === undefined && before === undefined) return true;
  return at !== undefined && at >= (since ?? 0) && at < (before ?? Infinity);
}

/** Remembers the result for the last argument: entries come endpoint by endpoint. */
function rememberLast<T>(ask: (endpoint: string) => Promise<T>): (endpoint: string) => Promise<T> {
  let last: { endpoint: string; found: Promise<T> } | undefined;
  return (endpoint) => {
    if (last?.endpoint !== endpoint) last = { endpoint, found: ask(endpoint) };
    return last.found;
  };
}

function checkStates(states: readonly string[]): void {
  const unknown = states.find((state) => !(listStates as readonly string[]).includes(state));
  if (unknown === undefined) return;
  const nearest = suggest(unknown, listStates);
  throw new CapnhookError('USAGE', `Cannot list: no state is called ${shown(unknown)}`, {
    hint: nearest === undefined ? `The states are ${listStates.join(', ')}.` : `Did you mean ${nearest}?`,
  });
}
