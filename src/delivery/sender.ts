import type { Endpoint } from '../endpoint/endpoint.js';
import type { Event } from '../event/event.js';
import type { CutSignal } from '../shared/cut.js';

/** A receiver's answer, as far as it matters. What is kept of its body contains no known secret and no whole URL. */
export interface AttemptAnswer {
  kind: 'answer';
  status: number;
  /** The text of the header `retry-after`. */
  retryAfter?: string;
  /** What the header `webhook-delivery` wants beside that. */
  delivery?: DeliveryWish;
  /** The text of the header `content-type`, of a failed answer. */
  contentType?: string;
  /** What a failed answer says, for a person: one line of at most 300 bytes. Absent where it says nothing. */
  excerpt?: string;
  /** The beginning of a failed answer's body, at most 8 KiB. Absent where it has none. */
  body?: string;
  /** Of a success whose body is still coming: resolves when its connection is free or closed, after a second at most. */
  rest?: Promise<void>;
}

/** Never this delivery again; or nothing any more. */
export type DeliveryWish = 'abort-message' | 'disable';

/** What came of one attempt. A failed attempt is a result, never an exception. */
export type AttemptResult =
  | AttemptAnswer
  | AttemptError
  /** Cut off from our side while in flight; the receiver may or may not have it. */
  | AttemptCutOff;

/** An attempt that was cut off. */
export interface AttemptCutOff {
  kind: 'aborted';
  /** What it waited for: the look-up of its host's name, or a connection; absent where it was connected, or had not begun. */
  waitedFor?: 'name' | 'connection';
}

/** No answer. */
export interface AttemptError {
  kind: 'error';
  /** A stable word such as `TIMEOUT`, `ECONNREFUSED`, `ENOTFOUND`, `BAD_SECRET`. */
  code: string;
  /** Words for a person, free of URLs and secrets. */
  message: string;
  /** What to do about it: one sentence. */
  hint?: string;
  /** Whether it stays so as long as this process runs: its environment does not change. */
  isLasting?: boolean;
}

/** One POST to be made. */
export interface Attempt {
  event: Event;
  endpoint: Endpoint;
  /** Counts from 1. */
  attempt: number;
  /** Unix seconds, for `webhook-timestamp` and the signature. */
  timestamp: number;
  /** Cuts the attempt off. */
  signal?: CutSignal;
}

/** Makes attempts. */
export interface Sender {
  /** Loads what sending needs, so that no attempt has to; where that fails now, the next attempt tries it again. */
  load(): Promise<void>;
  send(attempt: Attempt): Promise<AttemptResult>;
  /** Connects no more. Attempts that have no connection yet are aborted, since nothing of them was sent; others go on. */
  stopConnecting(): void;
  /** Closes idle connections; call it when nothing is in flight. */
  close(): Promise<void>;
}
