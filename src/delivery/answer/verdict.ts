import type { AttemptError, AttemptResult } from '../sender.js';
import { parseRetryAfter } from './retry-after.js';

/**
 * What an attempt's result means. `what` is a few words for a person: `503`,
 * `TIMEOUT`.
 */
export type Verdict =
  /** With `disables` the receiver wants no more deliveries. */
  | { kind: 'delivered'; disables?: true }
  /** The endpoint wants no more deliveries (410). */
  | { kind: 'gone'; what: string }
  /** The receiver does not want this delivery again. */
  | { kind: 'refused'; what: string }
  /** The answer is about the event, not about the endpoint. `retryAfterMs` is the wait that it asks for. */
  | { kind: 'rejected'; what: string; retryAfterMs?: number }
  | FailedVerdict
  /** This process cut the attempt off: the receiver may or may not have the event. */
  | { kind: 'aborted' }
  /** This machine could not make the attempt. That says nothing about the endpoint, and may pass without a person. */
  | { kind: 'ours'; what: string }
  /** No attempt can be made before a person corrects a secret, a URL or a header. */
  | { kind: 'mistake'; what: string };

/** The endpoint failed. */
export interface FailedVerdict {
  kind: 'failed';
  what: string;
  /** The wait that the endpoint asks for. */
  retryAfterMs?: number;
  /** The event may be the reason. */
  mayBeEvent?: true;
  /** The endpoint works, and asks for fewer requests: 429, or 403 with `Retry-After`, which GitHub sends. */
  limits?: true;
  /** No network could be reached. Where that is so for every endpoint, this machine has none. */
  isUnreachable?: true;
}

/** Errors of a machine that has run out of descriptors, memory, threads or ports, or has no name service. */
const OURS: ReadonlySet<string> = new Set([
  ...['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EAGAIN', 'EADDRNOTAVAIL', 'EADDRINUSE'],
  ...['EAI_MEMORY', 'EAI_SYSTEM', 'OUT_OF_MEM', 'NAME_SERVICE', 'UNKNOWN'],
]);

/** Those of them that the next attempt meets too, whatever its endpoint. */
const SHARED: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EAGAIN']);

/** Whether this machine has run out of something that all attempts need. */
export function isSharedShortage(code: string): boolean {
  return SHARED.has(code);
}

/** Errors that a person must correct. */
const MISTAKES: ReadonlySet<string> = new Set(['BAD_SECRET', 'BAD_URL', 'BAD_REQUEST']);

/** Errors of system calls, and of c-ares, that are about the network or the receiver. */
const NETWORK =
  /^E(?:CONN|NET|HOST|PROTO|TIMEDOUT|TIMEOUT|PIPE|AFNOSUPPORT|ACCES$|PERM$|INVAL$|NOTFOUND|NODATA|NONAME|SERVFAIL|FORMERR|REFUSED|BADRESP|CANCELLED|DESTADDRREQ)/;

/** Errors of system calls and of Node that are about something else: this program's files, its memory, a bug. */
const NOT_NETWORK = /^(?:E[A-Z0-9]+$|ERR_(?!SSL|TLS|HTTP))/;

const UNREACHABLE: ReadonlySet<string> = new Set(['ENETUNREACH', 'ENETDOWN']);

/** Bad Request, Content Too Large, Unsupported Media Type, Unprocessable Content. */
const REJECTED: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** Attempts that ended before an answer: the event may be the reason, for example one that makes the receiver crash. */
const MAY_BE_EVENT: ReadonlySet<string> = new Set([
  'TIMEOUT',
  'ECONNRESET',
  'EPIPE',
  'SOCKET_CLOSED',
  'BAD_RESPONSE',
]);

const FORBIDDEN = 403;
const TOO_MANY_REQUESTS = 429;

/** Whether a status says that the delivery was made. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/**
 * Judges the result of an attempt. A success delivers, and 410 asks for no more
 * deliveries. With any other status the header `webhook-delivery` decides, and
 * only without it the status, for which `Retry-After` counts.
 *
 * @param nowMs ms since the epoch, for a `Retry-After` that is a date
 */
export function verdictOf(result: AttemptResult, nowMs: number): Verdict {
  if (result.kind === 'aborted') return { kind: 'aborted' };
  if (result.kind === 'error') return verdictOfError(result);
  const { status, retryAfter, delivery } = result;
  if (isSuccess(status))
    return delivery === 'disable' ? { kind: 'delivered', disables: true } : { kind: 'delivered' };
  if (status === 410) return { kind: 'gone', what: '410 Gone' };
  if (delivery === 'disable') return { kind: 'gone', what: 'webhook-delivery: disable' };
  if (delivery === 'abort-message')
    return { kind: 'refused', what: `${status}, webhook-delivery: abort-message` };
  const verdict = verdictOfStatus(status);
  const retryAfterMs = retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, nowMs);
  if (retryAfterMs === undefined) return verdict;
  verdict.retryAfterMs = retryAfterMs;
  if (verdict.kind === 'failed' && status === FORBIDDEN) {
    verdict.limits = true;
    delete verdict.mayBeEvent;
  }
  return verdict;
}

function verdictOfStatus(status: number): Extract<Verdict, { kind: 'rejected' }> | FailedVerdict {
  const what = `${status}`;
  if (REJECTED.has(status)) return { kind: 'rejected', what };
  if (status === TOO_MANY_REQUESTS) return { kind: 'failed', what, limits: true };
  if (status >= 300 && status < 400)
    return { kind: 'failed', what: `${what} (redirects are not followed)`, mayBeEvent: true };
  return { kind: 'failed', what, mayBeEvent: true };
}

function verdictOfError({ code }: AttemptError): Verdict {
  if (MISTAKES.has(code)) return { kind: 'mistake', what: code };
  if (isOurs(code)) return { kind: 'ours', what: code };
  const verdict: FailedVerdict = { kind: 'failed', what: code };
  if (MAY_BE_EVENT.has(code)) verdict.mayBeEvent = true;
  if (UNREACHABLE.has(code)) verdict.isUnreachable = true;
  return verdict;
}

/** Whether an error says nothing about the endpoint. Only errors of the network or of the receiver count against it. */
function isOurs(code: string): boolean {
  return OURS.has(code) || (NOT_NETWORK.test(code) && !NETWORK.test(code));
}
