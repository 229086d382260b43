/** Which entries of a spool are meant, as data: it can be written down, sent to another process, or made a query. */
import type { EventHeader } from '../event/event.js';
import { matchesHook } from '../event/hook-pattern.js';
import type { EntryState } from './inspection.js';

/** A selection; each member that is there must hold. An empty one selects everything. */
export interface Selection {
  /** The name of a hook, or a pattern. Default: all, and events that have none. */
  hook?: string;
  /** Ids of endpoints; an entry that has no endpoint yet is not selected. Default: all. */
  endpoints?: readonly string[];
  /** Ids of events, whole; of a batch the id of each of its events. Default: all. */
  ids?: readonly string[];
  /** Accepted at this time or later, ms since the epoch; of what was delivered and kept: delivered. */
  since?: number;
  /** Before this time, likewise. */
  before?: number;
  /** Where the entries are. Default: everywhere that the wish speaks of. */
  states?: readonly EntryState[];
  /** Why they are dead (`gave-up`, `refused`, …) or unclaimed (`unclaimed`); nothing else is selected. Default: all. */
  reasons?: readonly string[];
}

/** An entry, as far as a selection asks. */
export interface Selectable {
  header: EventHeader;
  /** Undefined where it has none yet. */
  endpoint: string | undefined;
  /** ms since the epoch. */
  acceptedAt: number;
  /** Only of what was delivered and kept: when, ms since the epoch. */
  sentAt?: number | undefined;
  /** Why it is dead or unclaimed; undefined for every other entry. */
  reason?: string | undefined;
}

/** A selection that is asked for many entries. */
export interface Selector {
  /** Whether an event of this id may be selected: then it is worth reading. */
  mayHave(id: string): boolean;
  /** The same of the events of a batch. */
  mayHaveOfBatch(batchId: string): boolean;
  /** Whether entries in this state are selected. */
  hasState(state: EntryState): boolean;
  /** Whether an entry is selected, its state aside. */
  has(entry: Selectable): boolean;
}

/** Makes a selection ready to be asked. */
export function createSelector(select: Selection): Selector {
  const { hook, since = Number.NEGATIVE_INFINITY, before = Infinity, states, reasons } = select;
  const ids = select.ids && new Set(select.ids);
  const endpoints = select.endpoints && new Set(select.endpoints);
  const mayHave = (id: string): boolean => ids === undefined || ids.has(id);
  return {
    mayHave,
    mayHaveOfBatch(batchId) {
      if (ids === undefined) return true;
      for (const id of ids) if (id.startsWith(`${batchId}_`)) return true;
      return false;
    },
    hasState: (state) => states === undefined || states.includes(state),
    has({ header, endpoint, acceptedAt, sentAt = acceptedAt, reason }) {
      if (!mayHave(header.id)) return false;
      if (endpoints !== undefined && (endpoint === undefined || !endpoints.has(endpoint))) return false;
      if (reasons !== undefined && (reason === undefined || !reasons.includes(reason))) return false;
      if (hook !== undefined && (header.hook === undefined || !matchesHook(hook, header.hook))) return false;
      return sentAt >= since && sentAt < before;
    },
  };
}
