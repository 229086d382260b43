import type { ListedEntry } from '../usecases/inspect/describe-entry.js';
import { type ListPosition, type ListQuery, listEntries } from '../usecases/inspect/list-entries.js';
import type { ListState } from '../usecases/inspect/list-state.js';
import { type FilterOptions, inspectPorts } from './inspect-options.js';
import { namedBy } from './named-by.js';

export type { ListedEntry } from '../usecases/inspect/describe-entry.js';
export type { ListPosition } from '../usecases/inspect/list-entries.js';
export type { ListState } from '../usecases/inspect/list-state.js';

export interface ListOptions extends FilterOptions {
  /** Default: all but `sent`. */
  states?: readonly ListState[] | undefined;
  /** The beginning of an event's id. */
  id?: string | undefined;
  /** Accepted before this time: a date, or ms since the epoch. */
  before?: Date | number | undefined;
  /** Why they are dead (`gave-up`, `refused`, `deregistered`, `flushed`, `dropped`). */
  reasons?: readonly string[] | undefined;
  /** Only what comes after this entry of the list. */
  after?: ListPosition | undefined;
  /** Maximum number of entries; default: no limit. */
  limit?: number | undefined;
}

/**
 * Lists what the spool holds, beside a drain that runs: by state, then by endpoint, the oldest first. One entry is in
 * memory at a time, and it may be ended early.
 * @throws CapnhookError `USAGE`; `NO_INPUT` for an unknown endpoint; `SPOOL_CREATE` for a named spool that is missing;
 *   `PERMISSION`, `SPOOL_WRITE` where it cannot be read
 * @example for await (const { id, reason } of list({ states: ['dead'], endpoint: 'chat' })) console.log(id, reason);
 */
export async function* list(options: ListOptions = {}): AsyncGenerator<ListedEntry, void, undefined> {
  const { states, id, reasons, after, limit, showUrls } = options;
  const query: ListQuery = { ...namedBy(options), states, id, reasons, after, limit, showUrls };
  yield* listEntries(inspectPorts(options, 'list'), query);
}
