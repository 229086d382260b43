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
  /** Cut off from our side: the receiver may or may not have it. */
  | { kind: 'aborted' }
  /** This machine could not make the attempt: it says nothing of the endpoint, and may pass by itself. */
  | { kind: 'ours'; what: string }
  /** It cannot be made before a person puts something right: a secret, a URL, a header. */
  | { kind: 'mistake'; what: string };

/** The endpoint failed. */
export interface FailedVerdict {
  kind: 'failed';
  what: string;
  /** The wait that it asks for. */
  retryAfterMs?: number;
  /** The event may be the reason. */
  mayBeEvent?: true;
  /** It works, and wants fewer requests: 429, or 403 with `Retry-After`, as GitHub has it. */
  limits?: true;
  /** No network could be reached. Where that is so for every endpoint, this machine has none. */
  isUnreachable?: true;
}

/** Errors of a machine that has run out of descriptors, memory, threads or ports, or has no name service. */
const OURS: ReadonlySet<string> = new Set([
  ...['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EAGAIN', 'EADDRNOTAVAIL', 'EADDRINUSE'],
  ...['EAI_MEMORY', 'EAI_SYSTEM', 'OUT_OF_MEM', 'NAME_SERVICE', 'UNKNOWN'],
]);

/** Of those, the ones that each attempt can meet next, whatever its endpoint. */
const SHARED: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EAGAIN']);

/** Whether this machine has run out of something that all attempts need. */
export function isSharedShortage(code: string): boolean {
  return SHARED.has(code);
}

/** Mistakes of the operator. */
const MISTAKES: ReadonlySet<string> = new Set(['BAD_SECRET', 'BAD_URL', 'BAD_REQUEST']);

/** Errors of system calls, and of c-ares, that are about the network or the other side. */
const NETWORK =
  /^E(?:CONN|NET|HOST|PROTO|TIMEDOUT|TIMEOUT|PIPE|AFNOSUPPORT|ACCES$|PERM$|INVAL$|NOTFOUND|NODATA|NONAME|SERVFAIL|FORMERR|REFUSED|BADRESP|CANCELLED|DESTADDRREQ)/;

/** Errors of system calls and of Node that are about something else: this program's files, its memory, a bug. */
const NOT_NETWORK = /^(?:E[A-Z0-9]+$|ERR_(?!SSL|TLS|HTTP))/;

const UNREACHABLE: ReadonlySet<string> = new Set(['ENETUNREACH', 'ENETDOWN']);

/** Bad Request, Content Too Large, Unsupported Media Type, Unprocessable Content. */
const SPEAKS_OF_THE_EVENT: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** Ends of attempts that were under way: something in the event may have brought the receiver to it. */
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
 * Judges the result of an attempt. The status decides, and what a receiver
 * wants with the header `webhook-delivery` beside it counts most. `Retry-After`
 * counts with every answer that is not a success.
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
  if (SPEAKS_OF_THE_EVENT.has(status)) return { kind: 'rejected', what };
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

/** Whether an error says nothing about the endpoint: only errors that are known to be the network's count against it. */
function isOurs(code: string): boolean {
  return OURS.has(code) || (NOT_NETWORK.test(code) && !NETWORK.test(code));
}
