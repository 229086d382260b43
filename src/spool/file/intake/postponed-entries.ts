/**
 * Entries of `incoming/` that cannot be taken in just now: each stays where it
 * is, keeps no other one waiting, and is tried again in the next pass.
 */
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { errnoOf } from '../../../shared/errors.js';
import type { EntryProblem } from '../../spool.js';
import { sameBatchFile } from '../batch/same-batch-file.js';
import { sameEvent } from '../batch/same-event.js';
import type { Disk } from '../disk/disk.js';
import { readEntry } from '../disk/read-entry.js';
import { mostOfOneId } from '../placing/queue-writer.js';

export interface LaterEntries {
  has(name: string): boolean;
  /**
   * Those that came since this was asked last, each with the reason, except those of which it is not known who gets them.
   * @param options.isEnd whether no other entry is about to free a name: then those that wait for one are told as well
   */
  news(options: { isEnd: boolean }): EntryProblem[];
  /** The same, of those that are no events and cannot be put aside. */
  immovableNews(): EntryProblem[];
  /** How many of those there are since the last pass through all entries began. */
  immovable(): number;
  /** Whether there is none since the last pass through all entries began. */
  isEmpty(): boolean;
  /** Other entries follow. @param options.isBeginning whether a new pass through all of them begins */
  clear(options: { isBeginning: boolean }): void;
  /** Its turn comes later. @throws what is no error of the system */
  keep(name: string, error: unknown): undefined;
  /** It is no event, and cannot be put aside. */
  keepImmovable(entry: EntryProblem): undefined;
  /** Who gets it is not known now. */
  keepUnknown(name: string): undefined;
  /** It was accepted, so it is taken in as well, once others with its id are out of the way. */
  keepConflict(name: string, id: string): undefined;
  /** The same, where another one in `incoming/` has the name that is to be its own. */
  keepTaken(name: string, taken: { id: string; by: string }): undefined;
  /** Whether an entry waits for a name. */
  isAwaited(name: string): boolean;
  /** A name is free: the first entry that has waited for it has its turn. @returns its name now */
  free(name: string): string | undefined;
  /** Whether the delivery at `path` comes from an entry, of that name, that waits: then it must be taken in again first. */
  isHalfDone(name: string, path: string): boolean;
}

/** None yet. */
export function createLaterEntries(disk: Disk, root: string): LaterEntries {
  const entries = new Map<string, EntryProblem>();
  const unknown = new Set<string>();
  let news: string[] = [];
  let immovableNews: EntryProblem[] = [];
  let immovable = 0;
  /** Whether any was there that is not in `entries` any more. */
  let wereAny = false;
  /** Those that wait for a name, in their order; by it in lower case, as some file systems see names. */
  const waiting = new Map<string, string[]>();
  /** Which batches were found to be the same as one that waits under their name, by both. */
  const compared = new Map<string, boolean>();

  /** Asked for each event of a batch, and read once. */
  function isSameBatch(entry: string, path: string, ino: number): boolean {
    const key = `${ino} ${path}`;
    const known = compared.get(key) ?? sameBatchFile(disk, entry, path) ?? false;
    compared.set(key, known);
    return known;
  }

  function holdsSameEvent(a: string, b: string): boolean {
    const [one, other] = [a, b].map((path) => readEntry(disk, path, { maxBytes: maxEventFileBytes }));
    if (one?.kind !== 'read' || other?.kind !== 'read') return false;
    if (one.stat.ino === other.stat.ino) return true;
    return sameEvent(parseEvent(one.bytes), parseEvent(other.bytes));
  }

  function keep(name: string, reason: string): void {
    entries.set(name, { name, reason });
    news.push(name);
  }

  return {
    has: (name) => entries.has(name) || unknown.has(name),
    news({ isEnd }) {
      const found = news.flatMap((name) => entries.get(name) ?? []);
      news = [];
      if (!isEnd) return found;
      const others = [...waiting.values()].flat().flatMap((name) => entries.get(name) ?? []);
      return [...found, ...others];
    },
    immovableNews() {
      const found = immovableNews;
      immovableNews = [];
      return found;
    },
    immovable: () => immovable,
    isEmpty: () => entries.size + unknown.size === 0 && !wereAny,
    clear({ isBeginning }) {
      wereAny = !isBeginning && (wereAny || entries.size + unknown.size > 0);
      if (isBeginning) immovable = 0;
      entries.clear();
      unknown.clear();
      waiting.clear();
      compared.clear();
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
    keepUnknown(name) {
      unknown.add(name);
    },
    keepConflict(name, id) {
      keep(name, `${mostOfOneId} other events with the id ${id} are queued`);
    },
    keepTaken(name, { id, by }) {
      entries.set(name, { name, reason: `another event with the id ${id} is waiting` });
      const others = waiting.get(by.toLowerCase());
      if (others === undefined) waiting.set(by.toLowerCase(), [name]);
      else others.push(name);
    },
    isAwaited: (name) => (waiting.get(name.toLowerCase())?.length ?? 0) > 0,
    free(name) {
      const first = waiting.get(name.toLowerCase())?.shift();
      if (first !== undefined) entries.delete(first);
      return first;
    },
    isHalfDone(name, path) {
      const entry = `${root}/incoming/${name}`;
      const there = disk.lstatSync(entry, { throwIfNoEntry: false });
      if (there === undefined) return false;
      return name.endsWith('.jsonl') ? isSameBatch(entry, path, there.ino) : holdsSameEvent(entry, path);
    },
  };
}
