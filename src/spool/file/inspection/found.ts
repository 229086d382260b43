import type { EntryQuery, InspectedEntry } from '../../inspection.js';
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
