/**
 * Errors of the network, of TLS and of undici as a stable code and words for a
 * person. The errors' own messages are not passed on: some of them quote URLs
 * or headers.
 */
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { errnoOf } from '../../shared/errors.js';
import type { AttemptError } from '../sender.js';

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
  EADDRINUSE: 'this machine has no free port left',
  NO_IPV6: 'it has only an IPv6 address, and this machine has none',
  UNKNOWN: 'something went wrong on this machine',
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

const RAISE_FILES = 'Raise the limit of open files (ulimit -n, or LimitNOFILE= of the unit).';
const FREE_MEMORY = 'Give it more memory, or let less run beside it.';

/** What to do about a shortage on this machine, or a mistake of the operator. */
const HINTS: Readonly<Record<string, string>> = {
  EMFILE: RAISE_FILES,
  ENFILE: RAISE_FILES,
  ENOMEM: FREE_MEMORY,
  ENOBUFS: FREE_MEMORY,
  EAGAIN:
    'Raise the limit of processes (ulimit -u, TasksMax= of the unit, or the pids limit of the container).',
  EADDRNOTAVAIL: 'Widen the range of local ports (net.ipv4.ip_local_port_range), or lower the concurrency.',
  ENETUNREACH: 'Look whether this machine has a route (ip route).',
  ENETDOWN: "Look whether this machine's network is up (ip link).",
  UNKNOWN: 'Events wait. If it stays so, it is a bug in capnhook: please report it.',
  BAD_REQUEST: "Correct the endpoint's headers in the hooks file.",
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
 * `BAD_RESPONSE`, `BAD_REQUEST`, `HTTP2_ONLY`, `NO_IPV6`, `UNKNOWN`;
 * `message` names no host and quotes nothing.
 */
export function describeError(error: unknown): AttemptError {
  return describeCode(codeOf(error));
}

/** Describes an error by its code. */
export function describeCode(code: string): AttemptError {
  const described: AttemptError = { kind: 'error', code, message: WORDS[code] ?? guess(code) };
  const hint = HINTS[code];
  if (hint !== undefined) described.hint = hint;
  return described;
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOfAll(error.errors);
  // undici's parser error; its code is often missing.
  if (error instanceof Error && error.name === 'HTTPParserError')
    return isTlsAlert(error) ? 'TLS_PORT' : 'BAD_RESPONSE';
  const code = errnoOf(error);
  // undici asserts that a status has three digits that make a number from 100.
  if (code === 'ERR_ASSERTION') return 'BAD_RESPONSE';
  if (isOutOfMemory(error)) return 'ENOMEM';
  if (code?.startsWith('HPE_')) return 'BAD_RESPONSE'; // Node's own parser
  if (code === undefined) return 'UNKNOWN';
  if (code === 'EADDRNOTAVAIL' && isMissingFamily(error)) return 'NO_IPV6';
  // "bad response" and "bad upgrade" have the same code as "other side closed".
  if (code === 'UND_ERR_SOCKET' && error instanceof Error && error.message.startsWith('bad '))
    return 'BAD_RESPONSE';
  return PLAIN_CODES[code] ?? code.replace(/^UND_ERR_/, '');
}

/** A TLS record of the kind "alert" (RFC 8446, section 5.1): http was spoken to a port of TLS. */
function isTlsAlert(error: Error): boolean {
  return 'data' in error && typeof error.data === 'string' && error.data.startsWith('\x15\x03');
}

/** Of several addresses that were tried, the first that tells of the endpoint speaks for all: it is the resolver's preference. */
function codeOfAll(errors: readonly unknown[]): string {
  const codes = errors.map(codeOf);
  return codes.find((code) => !HINTS[code] && code !== 'NO_IPV6') ?? codes[0] ?? 'UNKNOWN';
}

/** V8 says it in words alone, when undici's parser cannot be made, or a large buffer. */
function isOutOfMemory(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^WebAssembly\b|out of memory|could not allocate|allocation failed/i.test(error.message)
  );
}

/** Whether an IPv6 address was refused because this machine has none to send from; all else is a want of ports. */
function isMissingFamily(error: unknown): boolean {
  const address = (error as { address?: unknown }).address;
  if (typeof address !== 'string' || !isIPv6(address)) return false;
  const isLoopback = address === '::1';
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return !own.some(({ family, internal }) => family === 'IPv6' && internal === isLoopback);
}

function guess(code: string): string {
  if (/CERT|CRL/.test(code)) return 'the TLS certificate is not trusted';
  if (/^ERR_(?:SSL|TLS)|^EPROTO$/.test(code)) return 'TLS could not be agreed on';
  return 'the attempt failed';
}
