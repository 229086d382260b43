import type { EntryState } from '../../spool/inspection.js';

/** What a wish concerns. */
export interface Selected {
  /**
   * Deliveries, and events that have no endpoint yet; of a batch that is not queued each event, where that is known.
   */
  count: number;
  /** How many of them there are in each state; those without any are absent. */
  states: Readonly<Partial<Record<EntryState, number>>>;
  /** How many of them there are of each hook, most first; at most 100 hooks. */
  hooks: readonly HookCount[];
  /** Ids of the endpoints, sorted. */
  endpoints: readonly string[];
  /** The first of them, at most {@link maxEntries}. */
  entries: readonly SelectedEntry[];
}

/** A delivery, or an event that has no endpoint yet. */
export interface SelectedEntry {
  /** The event's id, or the batch's. */
  event: string;
  /** The endpoint's id. */
  endpoint?: string;
  /** Where it was. */
  state: EntryState;
}

export interface HookCount {
  /** Absent for events that name their URLs, and have no hook. */
  hook?: string;
  count: number;
}

/** Counts entries. */
export interface Tally {
  add(entry: TalliedEntry): void;
  /** @param more ids of endpoints beside those of the entries */
  total(more?: Iterable<string>): Selected;
}

/** An entry that counts. */
export interface TalliedEntry {
  /** The event's id, or the batch's. */
  event: string;
  from: EntryState;
  hook?: string | undefined;
  endpoint?: string | undefined;
  /** How many events. */
  events: number;
}

/** Maximum number of hooks that are told. */
const maxHooks = 100;

/** Maximum number of entries that are told. */
export const maxEntries = 100;

/** Makes a tally of nothing. */
export function createTally(): Tally {
  let count = 0;
  const states: Partial<Record<EntryState, number>> = {};
  const hooks = new Map<string | undefined, number>();
  const endpoints = new Set<string>();
  const entries: SelectedEntry[] = [];
  return {
    add({ event, from, events, endpoint, hook }) {
      count += events;
      states[from] = (states[from] ?? 0) + events;
      hooks.set(hook, (hooks.get(hook) ?? 0) + events);
      if (endpoint !== undefined) endpoints.add(endpoint);
      if (entries.length < maxEntries)
        entries.push(endpoint === undefined ? { event, state: from } : { event, endpoint, state: from });
    },
    total: (more = []) => ({
      count,
      states: { ...states },
      hooks: [...hooks]
        .map(([hook, number]) => (hook === undefined ? { count: number } : { hook, count: number }))
        .sort((a, b) => b.count - a.count)
        .slice(0, maxHooks),
      endpoints: [...new Set([...endpoints, ...more])].sort(),
      entries: [...entries],
    }),
  };
}
