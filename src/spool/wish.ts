/** What a person asks of the drain that runs, or of the next one, as data. */
import type { Rate } from '../endpoint/endpoint.js';
import type { Selection } from './selection.js';

/** Endpoints, by their ids. */
export interface OfEndpoints {
  endpoints: readonly string[];
}

/** `deregister`: what is queued for the endpoints, and not registered any more, is dead. */
export interface DeregisterWish {
  kind: 'deregister';
  select: Selection & OfEndpoints;
}

/** `pause`: nothing is sent to the endpoints; what is queued for them is kept. */
export interface PauseWish {
  kind: 'pause';
  select: OfEndpoints;
  /** Who asks for it. */
  by: string;
  /** Why, in that person's words. */
  why?: string | undefined;
  /** When it ends by itself, ms since the epoch; default: never. */
  until?: number | undefined;
}

/** `resume`: no pause of the endpoints goes on, whatever its cause, and they are tried now. */
export interface ResumeWish {
  kind: 'resume';
  select: OfEndpoints;
}

/**
 * `retry`: what is deferred, dead or unclaimed is sent now, and endpoints that are owed something selected are tried now,
 * also those that an answer has paused.
 */
export interface RetryWish {
  kind: 'retry';
  select: Selection;
}

/** `drop`: what is queued or deferred, or was not queued yet, is dead. */
export interface DropWish {
  kind: 'drop';
  select: Selection;
  /** Who asks for it. */
  by: string;
}

/** `replay`: what was delivered and kept, and is still registered, is sent again. */
export interface ReplayWish {
  kind: 'replay';
  select: Selection;
  /** At most this fast to each endpoint; default: as fast as its own limits allow. */
  rate?: Rate | undefined;
}

/** `export`: what is queued or deferred, or was not fanned out yet, is dead until it is in an archive. What is in flight stays. */
export interface ExportWish {
  kind: 'export';
  select: Selection;
  /** Who asks for it. */
  by: string;
}

/** `import`: an archive is imported. */
export interface ImportWish {
  kind: 'import';
  /** Nothing is selected: all of it. */
  select: Record<string, never>;
  /** Its name. */
  archive: string;
}

export type Wish =
  | ExportWish
  | ImportWish
  | ReplayWish
  | RetryWish
  | DropWish
  | DeregisterWish
  | PauseWish
  | ResumeWish;

/** A request to the drain. */
export interface ControlRequest {
  /** Names it, uniquely: letters, digits, `_` and `-`, at most 128. */
  id: string;
  wish: Wish;
}
