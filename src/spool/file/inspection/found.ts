import type { EntryQuery, EntryState, InspectedEntry } from '../../inspection.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import type { DeliveryReader } from '../deliveries/delivery-reader.js';
import type { Disk } from '../disk/disk.js';

/** An entry; undefined for a name that was looked at and has none. */
export type Found = InspectedEntry | undefined;

/** What reading needs. */
export interface InspectionTools {
  disk: Disk;
  root: string;
  query: EntryQuery;
  /** ms since the epoch. */
  now(): number;
  texts: BatchTexts;
  reader: DeliveryReader;
}

/** Whether an event, or one of a batch, of this id may begin with the wanted one. */
export function mayMatch(id: string, { id: wanted }: EntryQuery): boolean {
  return wanted === undefined || id.startsWith(wanted) || wanted.startsWith(`${id}_`);
}

/** The position after which a state's entries are wanted: only where it is one of that state. */
export function positionIn(state: EntryState, { after }: EntryQuery): EntryQuery['after'] {
  return after?.state === state ? after : undefined;
}

/** The endpoints from a position on. @param endpoints in the order in which they are told */
export function endpointsFrom(endpoints: readonly string[], first: string | undefined): readonly string[] {
  if (first === undefined) return endpoints;
  const at = endpoints.indexOf(first);
  return at === -1 ? endpoints.filter((endpoint) => endpoint > first) : endpoints.slice(at);
}

/** The names of entries that come after an id, where they are told in the order of their names. */
export function namesAfter(names: readonly string[], id: string | undefined): readonly string[] {
  return id === undefined ? names : names.filter((name) => name > `${id}.jsonl`);
}
