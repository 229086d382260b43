/** Carries out what was chosen on the dashboard. */
import type { Chosen, ChosenEntry, PageData, RowFilter, Steered } from '../../page/page-data.js';
import { CapnhookError } from '../../shared/errors.js';
import { entryStatesOf, type ListState } from '../../usecases/inspect/list-state.js';
import type { InspectOptions } from '../inspect-options.js';
import { list } from '../list.js';
import { drop, pause, resume, retry, type SelectOptions } from '../operate.js';

/** Where the spool and the hooks file are. */
export type DashboardPlace = Pick<InspectOptions, 'spool' | 'config' | 'env'>;

/** Makes the steering of one spool. */
export function createSteering(place: DashboardPlace): PageData['steer'] {
  return async (action, chosen, { dryRun }) => {
    const options = { ...place, dryRun };
    if (action === 'pause') return pause(endpointOf(chosen), options);
    if (action === 'resume') return resume(endpointOf(chosen), options);
    const operate = action === 'retry' ? retry : drop;
    const all: Steered[] = [];
    for (const select of await selectionsOf(place, chosen))
      all.push(await operate({ ...options, ...select }));
    return sumOf(all);
  };
}

function endpointOf(chosen: Chosen): string {
  if (chosen.kind === 'endpoint') return chosen.endpoint;
  throw new CapnhookError('USAGE', 'Cannot do that: only an endpoint can be paused or resumed');
}

/** An event may be chosen for one endpoint and not for another one, so there is a selection for each endpoint. */
async function selectionsOf(place: DashboardPlace, chosen: Chosen): Promise<SelectOptions[]> {
  if (chosen.kind === 'endpoint') return [{ endpoint: chosen.endpoint }];
  if (chosen.kind === 'filter') return selectionsOfFilter(place, chosen.filter);
  const byKey = new Map<string, ChosenEntry[]>();
  for (const entry of chosen.entries) byKey.set(keyOf(entry), [...(byKey.get(keyOf(entry)) ?? []), entry]);
  return [...byKey.values()].map(selectionOf);
}

function keyOf({ endpoint = '', state }: ChosenEntry): string {
  return endpoint === '' ? `/${state}` : endpoint;
}

function selectionOf(entries: readonly ChosenEntry[]): SelectOptions {
  const { endpoint, state } = entries[0]!;
  const ids = entries.map(({ id }) => id);
  if (endpoint === undefined) return { ids, states: entryStatesOf([state]) };
  return { ids, endpoint };
}

/** States that are those of an endpoint: its deliveries lie where other queued ones do. */
const ofEndpoints: ReadonlySet<ListState> = new Set<ListState>(['queued', 'parked', 'paused']);

async function selectionsOfFilter(place: DashboardPlace, filter: RowFilter): Promise<SelectOptions[]> {
  const { state, ...others } = filter;
  if (state === undefined) return [Object.values(others).some(isGiven) ? others : { all: true }];
  if (state === 'corrupt' || state === 'sent' || state === 'on-hold')
    throw new CapnhookError('USAGE', 'Cannot do that with all of them', {
      hint: 'Choose another state, or select rows.',
    });
  const states = entryStatesOf([state]);
  if (!ofEndpoints.has(state)) return [{ ...others, states }];
  const endpoint = new Set<string>();
  for await (const entry of list({ ...place, ...filter, states: [state] }))
    if (entry.endpoint !== undefined) endpoint.add(entry.endpoint.id);
  return endpoint.size === 0 ? [] : [{ ...others, states, endpoint: [...endpoint] }];
}

function isGiven(value: unknown): boolean {
  return value !== undefined;
}

function sumOf(all: readonly Steered[]): Steered {
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    endpoints: [...new Set(all.flatMap(({ endpoints }) => endpoints))].sort(),
    isPending: all.some(({ isPending }) => isPending),
    isDraining: all.some(({ isDraining }) => isDraining),
  };
}
