import type { Mask } from './answer/mask.js';
import type { Destination } from './connect/destination.js';
import type { Attempt, AttemptError } from './sender.js';

/** A POST, ready to be sent: what sends it needs neither the endpoint nor its secrets. */
export interface Prepared {
  kind: 'prepared';
  readonly destination: Destination;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Buffer;
  /** Time limit in ms for everything that follows: connecting, sending, and the whole answer. */
  readonly timeoutMs: number;
  /** Takes the endpoint's secrets out of a text. */
  readonly mask: Mask;
}

/**
 * Makes the request of an attempt, or says why there can be none.
 *
 * A step that has to wait, such as fetching a token, makes it a promise; then
 * it keeps to the attempt's signal and time limit, and leaves the rest of that
 * time to the request. An attempt that needs no such step costs no promise.
 */
export type Prepare = (attempt: Attempt) => Preparation | Promise<Preparation>;

/** A request, or why there can be none. */
export type Preparation = Prepared | AttemptError;
