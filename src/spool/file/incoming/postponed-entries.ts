/**
 * Entries of `incoming/` that cannot be taken in now: each stays where it is,
 * delays no other one, and is tried again in the next pass.
 */
import { errnoOf } from '../../../shared/errors.js';
import type { EntryProblem } from '../../spool.js';
import { mostOfOneId } from '../placing/put.js';

export interface PostponedEntries {
  has(name: string): boolean;
  /**
   * The entries since the last call, each with the reason, without those that were not placed.
   * @param options.isEnd whether no other entry is about to free a name: then those that wait for a name are included
   */
  news(options: { isEnd: boolean }): EntryProblem[];
  /** The same, of those that are no events and cannot be moved to `corrupt/`. */
  immovableNews(): EntryProblem[];
  /** Number of those since the last pass through all entries began. */
  immovable(): number;
  /** Whether no entry was postponed since the last pass through all entries began. */
  isEmpty(): boolean;
  /** Other entries follow. @param options.isBeginning whether a new pass through all of them begins */
  clear(options: { isBeginning: boolean }): void;
  /** Postpones an entry because of an error. @throws the error if it has no errno */
  keep(name: string, error: unknown): void;
  /** The entry is no event, and cannot be moved to `corrupt/`. */
  keepImmovable(entry: EntryProblem): void;
  /** The entry was taken, and not placed. */
  keepUnplaced(name: string): void;
  /** Too many other events with the entry's id are queued: it is taken in once they are delivered. */
  keepConflict(name: string, id: string): void;
  /** Another entry has the name that this one is to get. @param taken.by that name */
  keepTaken(name: string, taken: { id: string; by: string }): void;
  /** Whether an entry waits for a name. */
  isAwaited(name: string): boolean;
  /** A name is free: the first entry that has waited for it is no longer postponed. @returns that entry's name */
  free(name: string): string | undefined;
}

/** Makes a record of postponed entries. */
export function createPostponedEntries(): PostponedEntries {
  const entries = new Map<string, EntryProblem>();
  const unplaced = new Set<string>();
  let news: string[] = [];
  let immovableNews: EntryProblem[] = [];
  let immovable = 0;
  /** Whether an entry of this pass is not in `entries` any more. */
  let hadEntries = false;
  const waiting = createNameQueue();

  function keep(name: string, reason: string): void {
    entries.set(name, { name, reason });
    news.push(name);
  }

  return {
    has: (name) => entries.has(name) || unplaced.has(name),
    news({ isEnd }) {
      const names = isEnd ? [...news, ...waiting.all()] : news;
      news = [];
      return names.flatMap((name) => entries.get(name) ?? []);
    },
    immovableNews() {
      const found = immovableNews;
      immovableNews = [];
      return found;
    },
    immovable: () => immovable,
    isEmpty: () => entries.size + unplaced.size === 0 && !hadEntries,
    clear({ isBeginning }) {
      hadEntries = !isBeginning && (hadEntries || entries.size + unplaced.size > 0);
      if (isBeginning) immovable = 0;
      entries.clear();
      unplaced.clear();
      waiting.clear();
    },
    keep(name, error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      keep(name, `it cannot be taken in now (${errno})`);
    },
    keepImmovable(entry) {
      immovable += 1;
      immovableNews.push(entry);
    },
    keepUnplaced(name) {
      unplaced.add(name);
    },
    keepConflict: (name, id) => keep(name, `${mostOfOneId} other events with the id ${id} are queued`),
    keepTaken(name, { id, by }) {
      entries.set(name, { name, reason: `another event with the id ${id} is waiting` });
      waiting.add(name, by);
    },
    isAwaited: waiting.isAwaited,
    free(name) {
      const first = waiting.take(name);
      if (first !== undefined) entries.delete(first);
      return first;
    },
  };
}

interface NameQueue {
  /** @param name the entry's name now @param by the name that it waits for */
  add(name: string, by: string): void;
  /** Removes and returns the first entry that waits for a name. */
  take(by: string): string | undefined;
  isAwaited(by: string): boolean;
  /** All entries that wait. */
  all(): string[];
  clear(): void;
}

/** Makes queues of entries that wait for names. Names are compared in lower case, as some file systems see them. */
function createNameQueue(): NameQueue {
  const waiting = new Map<string, string[]>();
  return {
    add(name, by) {
      const others = waiting.get(by.toLowerCase());
      if (others === undefined) waiting.set(by.toLowerCase(), [name]);
      else others.push(name);
    },
    take: (by) => waiting.get(by.toLowerCase())?.shift(),
    isAwaited: (by) => (waiting.get(by.toLowerCase())?.length ?? 0) > 0,
    all: () => [...waiting.values()].flat(),
    clear: () => waiting.clear(),
  };
}
