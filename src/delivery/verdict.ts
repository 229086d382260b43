import { parseRetryAfter } from './retry-after.js';
import type { AttemptResult } from './sender.js';

/**
 * What an attempt's result means. `what` is a few words for a person: `503`,
 * `TIMEOUT`.
 */
export type Verdict =
  | { kind: 'delivered' }
  /** The endpoint wants nothing any more (410). */
  | { kind: 'gone' }
  /** The answer speaks of the event, not of the endpoint. */
  | { kind: 'rejected'; what: string }
  /** The endpoint failed; it asked for a wait of `retryAfterMs` where that is there. */
  | { kind: 'failed'; what: string; retryAfterMs?: number }
  /** Cut off from our side: nothing is known. */
  | { kind: 'aborted' }
  /** This machine could not make the attempt: it says nothing of the endpoint. */
  | { kind: 'ours'; what: string };

/** Errors of a machine that has run out of descriptors, memory or ports. */
const OURS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EADDRNOTAVAIL', 'ENOBUFS']);

/** Bad Request, Content Too Large, Unsupported Media Type, Unprocessable Content. */
const SPEAKS_OF_THE_EVENT: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** The statuses with which `Retry-After` counts: Too Many Requests (RFC 6585) and Service Unavailable. */
const MAY_ASK_TO_WAIT: ReadonlySet<number> = new Set([429, 503]);

/**
 * Judges the result of an attempt.
 *
 * @param nowMs ms since the epoch, for a `Retry-After` that is a date
 */
export function verdictOf(result: AttemptResult, nowMs: number): Verdict {
  if (result.kind === 'aborted') return { kind: 'aborted' };
  if (result.kind === 'error') return { kind: OURS.has(result.code) ? 'ours' : 'failed', what: result.code };
  const { status, retryAfter } = result;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  if (SPEAKS_OF_THE_EVENT.has(status)) return { kind: 'rejected', what: `${status}` };
  if (status >= 300 && status < 400)
    return { kind: 'failed', what: `${status} (redirects are not followed)` };
  const retryAfterMs =
    retryAfter !== undefined && MAY_ASK_TO_WAIT.has(status) ? parseRetryAfter(retryAfter, nowMs) : undefined;
  return { kind: 'failed', what: `${status}`, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
