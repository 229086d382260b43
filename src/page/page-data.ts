/** What the page shows and changes, by the shapes of `--json`. */
import type { ListedEntry } from '../usecases/inspect/describe-entry.js';
import type { ListState } from '../usecases/inspect/list-state.js';
import type { FailureGroup } from '../usecases/inspect/log-summary.js';
import type { ShownEvent } from '../usecases/inspect/show-event.js';
import type { Status } from '../usecases/inspect/status/status-data.js';
import type { Traffic } from '../usecases/inspect/status/traffic.js';
import type { Operated } from '../usecases/operate/operate.js';

/** Which entries are shown; each member that is there must hold. Times are ms since the epoch. */
export interface RowFilter {
  state?: ListState | undefined;
  /** An id, a name in the hooks file, or a URL. */
  endpoint?: string | undefined;
  /** A hook or a pattern. */
  hook?: string | undefined;
  since?: number | undefined;
  before?: number | undefined;
}

/** A page of entries. */
export interface EntryPage {
  rows: readonly ListedEntry[];
  /** Where the next page begins, to be given as `after`; undefined on the last page. */
  next: string | undefined;
}

/** One entry, as it is named in a form. */
export interface ChosenEntry {
  id: string;
  /** Undefined where it has none. */
  endpoint: string | undefined;
  state: ListState;
}

/** What is steered: single entries, all that match a filter, or all of an endpoint. */
export type Chosen =
  | { kind: 'entries'; entries: readonly ChosenEntry[] }
  | { kind: 'filter'; filter: RowFilter }
  | { kind: 'endpoint'; endpoint: string };

/** What can be done. */
export type Action = 'retry' | 'drop' | 'pause' | 'resume';

/** What was done, or would be. */
export type Steered = Pick<Operated, 'count' | 'endpoints' | 'isPending' | 'isDraining'>;

/** Reads and changes a spool for the page. Its methods throw CapnhookError for what a person can do something about. */
export interface PageData {
  status(): Promise<Status>;
  /** @param endpoint its id; default: all */
  traffic(endpoint?: string): Promise<Traffic>;
  list(filter: RowFilter, options: { after: string | undefined; limit: number }): Promise<EntryPage>;
  show(id: string): Promise<ShownEvent>;
  /** The payload's exact bytes. */
  payload(id: string): Promise<Uint8Array>;
  /** @param query.since ms since the epoch */
  failures(query: { since: number; endpoint: string | undefined }): Promise<readonly FailureGroup[]>;
  /** @param options.dryRun changes nothing, and counts */
  steer(action: Action, chosen: Chosen, options: { dryRun: boolean }): Promise<Steered>;
}
