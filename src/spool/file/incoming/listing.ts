/** The names of `incoming/` that the next steps of the intake read, in their order; listed again when they are used up. */
import type { Disk } from '../disk/disk.js';
import type { Stillness } from '../disk/stillness.js';
import { scanIncoming } from './incoming.js';

export interface Listing {
  /** Whether all names that were listed are used up. */
  isEmpty(): boolean;
  /** Whether the next listing begins a new pass through all entries: the last one did not leave any out. */
  isAtEnd(): boolean;
  /** Lists the next entries. @returns names that are not UTF-8; only at the beginning of a pass */
  list(): Buffer[];
  /** Whether a batch comes next: names go in order, except that single events go between two steps of a large batch. */
  isBatchNext(): boolean;
  /** Whether there are single events to read. */
  hasEvents(): boolean;
  /** The next single events, at most this many. */
  events(limit: number): string[];
  /** The next single events were read, this many. */
  dropEvents(count: number): void;
  /** The next batch. */
  batch(): string | undefined;
  /** The batch was checked, or removed. */
  dropBatch(name: string): void;
  /** Whether the next batch is checked in part. */
  isHalfChecked(): boolean;
  setHalfChecked(isHalfChecked: boolean): void;
  /** Puts a name first. */
  prepend(name: string): void;
  /** Forgets all names. */
  clear(): void;
}

export interface ListingOptions {
  stillness: Stillness;
  /** Whether an entry is left out: it is being sent, or cannot be taken in now. */
  isLeftOut(name: string): boolean;
  /** Maximum number of names in one listing; default 65,536. */
  limit?: number | undefined;
}

/** Makes an empty listing. @throws from `list`: the errno of a directory that cannot be listed */
export function createListing(
  disk: Disk,
  root: string,
  { stillness, isLeftOut, limit }: ListingOptions,
): Listing {
  let events: string[] = [];
  let batches: string[] = [];
  /** The last name of the latest listing, if there were more than its limit: the next one goes on behind it. */
  let beyond: string | undefined;
  let isHalfChecked = false;

  return {
    isEmpty: () => events.length + batches.length === 0,
    isAtEnd: () => beyond === undefined,
    list() {
      const after = beyond ?? '';
      const scan = scanIncoming(disk, root, { after, limit });
      const found = scan.names.filter((name) => !isLeftOut(name));
      beyond = scan.more ? scan.names.at(-1) : undefined;
      stillness.keepOnly(() => [...scan.names, ...scan.odd.map(nameOfOdd)], { after, upTo: beyond });
      const halfChecked = isHalfChecked ? batches.slice(0, 1) : [];
      batches = found.filter((name) => isBatch(name) && !halfChecked.includes(name));
      batches.unshift(...halfChecked);
      events = batches.length === 0 ? found : found.filter((name) => !isBatch(name));
      return after === '' ? scan.odd : [];
    },
    isBatchNext() {
      const [batch] = batches;
      const [event] = events;
      if (batch === undefined || event === undefined) return batch !== undefined;
      return !isHalfChecked && batch < event;
    },
    hasEvents: () => events.length > 0,
    events: (most) => events.slice(0, most),
    dropEvents: (count) => void events.splice(0, count),
    batch: () => batches[0],
    dropBatch(name) {
      batches = batches.filter((each) => each !== name);
    },
    isHalfChecked: () => isHalfChecked,
    setHalfChecked(value) {
      isHalfChecked = value;
    },
    prepend(name) {
      if (isBatch(name)) batches.splice(isHalfChecked ? 1 : 0, 0, name);
      else events.unshift(name);
    },
    clear() {
      [events, batches] = [[], []];
    },
  };
}

/** What a name that is not UTF-8 is called. */
export function nameOfOdd(raw: Buffer): string {
  return `not-utf8-${raw.subarray(-32).toString('hex')}`;
}

function isBatch(name: string): boolean {
  return name.endsWith('.jsonl');
}
