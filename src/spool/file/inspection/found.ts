import type { EntryQuery, EntryState, InspectedEntry } from '../../inspection.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import type { DeliveryReader } from '../deliveries/delivery-reader.js';
import type { Disk } from '../disk/disk.js';
import { orderedNames } from '../disk/ordered-names.js';
import { readableOr } from '../disk/readable-or.js';

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

/** Whether an event, or one of a batch, of this id may be wanted. */
export function mayMatch(id: string, { id: wanted, ids }: EntryQuery): boolean {
  if (ids !== undefined && !ids.some((each) => each === id || each.startsWith(`${id}_`))) return false;
  return wanted === undefined || id.startsWith(wanted) || wanted.startsWith(`${id}_`);
}

/** Maximum number of ids that are looked for one by one; beyond that a directory is listed. */
const maxLookups = 64;

/** The wanted ids, where they are few. */
export function fewIds({ ids }: EntryQuery): readonly string[] | undefined {
  return ids !== undefined && ids.length <= maxLookups ? ids : undefined;
}

/**
 * The names of a directory's events and batches, sorted, where a name is `<id>.json` or `<id>.jsonl`.
 * @param directory below the spool; one that cannot be read has none
 * @param after only those after this id
 */
export function namesIn(
  { disk, root, query }: Pick<InspectionTools, 'disk' | 'root' | 'query'>,
  directory: string,
  after?: string | undefined,
): Iterable<string> {
  const path = `${root}/${directory}`;
  const isAfter = (name: string): boolean => after === undefined || name > `${after}.jsonl`;
  const ids = fewIds(query);
  if (ids === undefined) {
    const first = after === undefined ? undefined : `${after}.jsonl`;
    return orderedNames(disk, path, { after: first, accept: isEntryName, skipUnreadable: true });
  }
  const names = ids.flatMap((id) => [`${id}.json`, `${id}.jsonl`]).filter(isAfter);
  return names.sort().filter((name) => isThere(disk, `${path}/${name}`));
}

/** Whether a name is that of an event or a batch, and not of a reason beside one. */
export function isEntryName(name: string): boolean {
  return (name.endsWith('.json') && !name.endsWith('.why.json')) || name.endsWith('.jsonl');
}

function isThere(disk: Disk, path: string): boolean {
  return readableOr(undefined, () => disk.lstatSync(path, { throwIfNoEntry: false })) !== undefined;
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
