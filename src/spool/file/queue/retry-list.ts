/**
 * The deliveries of one endpoint that failed alone. The names of those that
 * come next are in memory, and of the others how many there are and between
 * which times; the directory is listed again when one of those comes next.
 */
import type { Due } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { countNames, eachName } from '../disk/each-name.js';
import { parseRetryName } from '../disk/layout.js';
import { checkRemovable } from '../disk/write-file.js';
import { type HandedOut, insert, isIn, type Slot } from './slot.js';

export interface RetryList {
  /** The next slot that is due and whose event is neither in `passed` nor handed out. */
  take(due: Due, passed?: ReadonlySet<string>): Slot | undefined;
  /** The slot of an event, if it is due. */
  takeEvent(event: string, due: Due): Slot | undefined;
  /** A retry was put there, or is given back. */
  add(name: string): void;
  /** The earliest time one is due, and the latest, ms; undefined if there are none to take. */
  times(): { first: number; last: number } | undefined;
  /** Whether there may be any, handed out or not. */
  isOwing(): boolean;
  /** How many are there, handed out or not. */
  count(): number;
  /** How many names are in memory. */
  held(): number;
  /** Lists the directory again when it is needed next. */
  reload(): void;
}

export interface RetryListOptions {
  endpoint: string;
  out: HandedOut;
  /** Whether it is known that there are none. */
  isEmpty: boolean;
  /** How many names may be held; twice as many for a moment. */
  limit: number;
}

interface Retry extends Slot {
  dueMs: number;
}

/** Those that are there and not in memory. */
interface Others {
  count: number;
  first: Retry;
  lastMs: number;
}

/** @throws from its methods: the errno of a directory that cannot be listed; then nothing has changed */
export function createRetryList(
  disk: Disk,
  root: string,
  { endpoint, out, isEmpty, limit }: RetryListOptions,
): RetryList {
  const directory = `retry/${endpoint}`;
  /** Sorted by due time, the earliest first; undefined before they were listed. */
  let known: Retry[] | undefined = isEmpty ? [] : undefined;
  let others: Others | undefined;

  function list(due?: Due): Retry[] {
    const taken = out.namesIn(directory);
    const listed = listRetries(disk, root, { directory, taken, limit, due });
    known = listed.known;
    others = listed.others;
    return known;
  }

  function index({ due, passed }: { due: Due; passed?: ReadonlySet<string> | undefined }): number {
    const find = (retries: Retry[]) =>
      retries.findIndex((retry) => isDue(retry, due) && !isIn(passed, retry) && !out.hasEvent(retry));
    const retries = known ?? list();
    const at = find(retries);
    return others !== undefined && mayComeBefore(others, { retry: retries[at], due }) ? find(list(due)) : at;
  }

  return {
    take(due, passed) {
      if (known?.length === 0 && others === undefined) return undefined;
      const at = index({ due, passed });
      return at < 0 ? undefined : known?.splice(at, 1)[0];
    },
    takeEvent(event, due) {
      const at = (known ?? list()).findIndex(
        (retry) => retry.id === event && isDue(retry, due) && !out.hasEvent(retry),
      );
      return at < 0 ? undefined : known?.splice(at, 1)[0];
    },
    add(name) {
      if (known === undefined) return; // it will be found in the directory
      const retry = retryOf(directory, name);
      if (others !== undefined && byTime(others.first, retry) < 0) others = joined(others, retry);
      else insert(known, retry, byTime);
      if (known.length >= 2 * limit) others = cut(known, { limit, others });
    },
    times() {
      const retries = known ?? list();
      const all = [...retries.slice(0, 1), ...retries.slice(-1)].map(({ dueMs }) => dueMs);
      if (others !== undefined) all.push(others.first.dueMs, others.lastMs);
      return all.length === 0 ? undefined : { first: Math.min(...all), last: Math.max(...all) };
    },
    isOwing: () => (known ?? list()).length > 0 || others !== undefined || out.count(directory) > 0,
    count() {
      if (known === undefined) return countNames(disk, `${root}/${directory}`);
      return known.length + (others?.count ?? 0) + out.count(directory);
    },
    held: () => known?.length ?? 0,
    reload() {
      known = undefined;
      others = undefined;
    },
  };
}

function retryOf(directory: string, name: string): Retry {
  const { dueMs = 0, attempts = 0, id } = parseRetryName(name) ?? {};
  return { room: 'retry', directory, name, attempts, id, dueMs };
}

interface ListOptions {
  directory: string;
  /** Names that are left out. */
  taken: ReadonlySet<string>;
  limit: number;
  due: Due | undefined;
}

/** Lists the directory. In memory are those that come next: due ones, or else the earliest. */
function listRetries(
  disk: Disk,
  root: string,
  { directory, taken, limit, due }: ListOptions,
): { known: Retry[]; others: Others | undefined } {
  const rank = (retry: Retry) => (due === undefined || isDue(retry, due) ? 0 : 1);
  const order = (a: Retry, b: Retry) => rank(a) - rank(b) || byTime(a, b);
  const found: Retry[] = [];
  let others: Others | undefined;
  checkRemovable(disk, `${root}/${directory}`);
  eachName(disk, `${root}/${directory}`, (name) => {
    if (taken.has(name)) return;
    found.push(retryOf(directory, name));
    if (found.length >= 2 * limit) others = cut(found.sort(order), { limit, others });
  });
  if (found.length > limit) others = cut(found.sort(order), { limit, others });
  return { known: found.sort(byTime), others };
}

/** Leaves the first ones in place; the rest joins those that are not in memory. */
function cut(
  sorted: Retry[],
  { limit, others }: { limit: number; others: Others | undefined },
): Others | undefined {
  return sorted.splice(limit).reduce(joined, others);
}

function joined(others: Others | undefined, retry: Retry): Others {
  if (others === undefined) return { count: 1, first: retry, lastMs: retry.dueMs };
  const first = byTime(retry, others.first) < 0 ? retry : others.first;
  return { count: others.count + 1, first, lastMs: Math.max(others.lastMs, retry.dueMs) };
}

/** Whether one that is not in memory may have its turn before `retry`, or at all. */
function mayComeBefore(
  { first, lastMs }: Others,
  { retry, due: { now, latest = Infinity } }: { retry: Retry | undefined; due: Due },
): boolean {
  if (retry === undefined) return first.dueMs <= now || lastMs > latest;
  return first.dueMs <= now && byTime(first, retry) < 0;
}

function isDue({ dueMs }: Retry, { now, latest = Infinity }: Due): boolean {
  return dueMs <= now || dueMs > latest;
}

function byTime(a: Retry, b: Retry): number {
  return a.dueMs - b.dueMs || (a.name < b.name ? -1 : 1);
}
