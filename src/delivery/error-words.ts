/**
 * Errors of the network, of TLS and of undici as a stable code and words for a
 * person. The errors' own messages are not passed on: some of them quote URLs
 * or headers.
 */
import { errnoOf } from '../shared/errors.js';
import type { AttemptResult } from './sender.js';

/** A failed attempt without an answer. */
export type AttemptError = Extract<AttemptResult, { kind: 'error' }>;

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed while the request was being sent',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOTFOUND: 'the host name does not exist',
  EAI_AGAIN: 'the host name could not be looked up just now',
  NAME_SERVICE: 'no host name gets an address on this machine; look at its name servers (/etc/resolv.conf)',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
  ENOMEM: 'this machine has no memory left',
  ENOBUFS: 'this machine has no memory left for its network',
  EADDRNOTAVAIL: 'this machine has no free port left',
  SOCKET_CLOSED: 'the connection was closed before an answer came',
  HTTP2_ONLY: 'the receiver speaks only HTTP/2, and capnhook speaks HTTP/1.1',
  BAD_RESPONSE: 'the answer is not one that HTTP/1.1 allows',
  BAD_REQUEST: 'the request cannot be made, because of one of its headers',
  CERT_HAS_EXPIRED: 'the TLS certificate has expired',
  CERT_NOT_YET_VALID: 'the TLS certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the TLS certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the TLS certificate comes from an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'the TLS certificate comes from an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the TLS certificate comes from an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the TLS certificate comes without the ones that vouch for it',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the TLS certificate is for another host name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the other side does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the other side does not speak TLS',
};

/** undici's codes, in words that outlast undici. */
const PLAIN_CODES: Readonly<Record<string, string>> = {
  // The other side's TLS has refused `http/1.1`, which is all that it was offered (RFC 7301, section 3.2).
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'HTTP2_ONLY',
  UND_ERR_SOCKET: 'SOCKET_CLOSED',
  UND_ERR_HEADERS_OVERFLOW: 'BAD_RESPONSE',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'BAD_RESPONSE',
  UND_ERR_INVALID_ARG: 'BAD_REQUEST',
  UND_ERR_NOT_SUPPORTED: 'BAD_REQUEST',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'BAD_REQUEST',
};

/**
 * Describes why an attempt got no answer. `code` is a system's or TLS's own
 * (`ECONNREFUSED`, `DEPTH_ZERO_SELF_SIGNED_CERT`) or one of `SOCKET_CLOSED`,
 * `BAD_RESPONSE`, `BAD_REQUEST`, `HTTP2_ONLY`, `UNKNOWN`; `message` names no host and quotes
 * nothing.
 */
export function describeError(error: unknown): AttemptError {
  return describeCode(codeOf(error));
}

/** Describes an error by its code. */
export function describeCode(code: string): AttemptError {
  return { kind: 'error', code, message: WORDS[code] ?? guess(code) };
}

function codeOf(error: unknown): string {
  // Of several addresses that were tried the first speaks for all: it is the resolver's preference.
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  // undici's parser error; its code is often missing.
  if (error instanceof Error && error.name === 'HTTPParserError') return 'BAD_RESPONSE';
  const code = errnoOf(error);
  // undici asserts that a status has three digits that make a number from 100.
  if (code === 'ERR_ASSERTION') return 'BAD_RESPONSE';
  if (code === undefined) return 'UNKNOWN';
  // "bad response" and "bad upgrade" have the same code as "other side closed".
  if (code === 'UND_ERR_SOCKET' && error instanceof Error && error.message.startsWith('bad '))
    return 'BAD_RESPONSE';
  return PLAIN_CODES[code] ?? code.replace(/^UND_ERR_/, '');
}

function guess(code: string): string {
  if (/CERT|CRL/.test(code)) return 'the TLS certificate is not trusted';
  if (/^ERR_(?:SSL|TLS)|^EPROTO$/.test(code)) return 'TLS could not be agreed on';
  return 'the attempt failed';
}
