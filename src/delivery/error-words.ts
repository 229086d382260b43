/**
 * Errors of the network, of TLS and of undici as a stable code and words for a
 * person. The errors' own messages are not passed on: some of them quote URLs
 * or headers.
 */
import { errnoOf } from '../shared/errors.js';
import type { AttemptResult } from './sender.js';

/** A failed attempt without an answer. */
export type AttemptError = Extract<AttemptResult, { kind: 'error' }>;

const HOW_TO_TRUST = "add it to this machine's trusted certificates, or name its file in NODE_EXTRA_CA_CERTS";
const UNKNOWN_AUTHORITY = `the TLS certificate comes from an unknown authority; ${HOW_TO_TRUST}`;
const NO_TLS = 'the other side does not speak TLS on this port: the URL may have to begin with http://';
const CLIENT_CERTIFICATE = 'the receiver wants a client certificate, which this version cannot send';

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
  DEPTH_ZERO_SELF_SIGNED_CERT: `the TLS certificate is self-signed; ${HOW_TO_TRUST}`,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `the TLS certificate comes from an unknown authority, or without the certificates between; ${HOW_TO_TRUST}`,
  ERR_TLS_CERT_ALTNAME_INVALID: 'the TLS certificate is for another host name',
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  TLS_PORT: 'the other side speaks TLS on this port: the URL has to begin with https://',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CLIENT_CERTIFICATE,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: `TLS could not be agreed on; the receiver may want a client certificate, which this version cannot send`,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: CLIENT_CERTIFICATE,
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
  if (error instanceof Error && error.name === 'HTTPParserError')
    return isTlsAlert(error) ? 'TLS_PORT' : 'BAD_RESPONSE';
  const code = errnoOf(error);
  // undici asserts that a status has three digits that make a number from 100.
  if (code === 'ERR_ASSERTION') return 'BAD_RESPONSE';
  if (isWebAssemblyError(error)) return 'ENOMEM';
  if (code?.startsWith('HPE_')) return 'BAD_RESPONSE'; // Node's own parser
  if (code === undefined) return 'UNKNOWN';
  // "bad response" and "bad upgrade" have the same code as "other side closed".
  if (code === 'UND_ERR_SOCKET' && error instanceof Error && error.message.startsWith('bad '))
    return 'BAD_RESPONSE';
  return PLAIN_CODES[code] ?? code.replace(/^UND_ERR_/, '');
}

/** A TLS record of the kind "alert" (RFC 8446, section 5.1): http was spoken to a port of TLS. */
function isTlsAlert(error: Error): boolean {
  return 'data' in error && typeof error.data === 'string' && error.data.startsWith('\x15\x03');
}

/** undici's parser could not be made, which this machine's memory was too small for. */
function isWebAssemblyError(error: unknown): boolean {
  return error instanceof Error && /^WebAssembly\b/.test(error.message);
}

function guess(code: string): string {
  if (/CERT|CRL/.test(code)) return 'the TLS certificate is not trusted';
  if (/^ERR_(?:SSL|TLS)|^EPROTO$/.test(code)) return 'TLS could not be agreed on';
  return 'the attempt failed';
}
