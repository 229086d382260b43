/**
 * Tells connections apart: a request uses a connection again, or resumes a TLS
 * session, only under the key that it was made with.
 */
export type ConnectionKey = string;

/** Where a connection leads, and by which rules it is made. */
export interface Destination {
  /** Equal for two destinations exactly where all of their other members are. */
  readonly key: ConnectionKey;
  /** `https://host:port` */
  readonly origin: string;
  /** `http:` or `https:`. */
  readonly protocol: string;
  /** A name, or an address without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Name of the network policy, without spaces: which addresses may be connected to. */
  readonly policy: string;
  /** Name of the TLS settings, without spaces: which authorities are trusted, and with which certificate we come. */
  readonly tls: string;
}

/** Connects to any address. */
const ANY = 'any';

/** Trusts the authorities of Node and of the system, and has no certificate. */
const SYSTEM = 'system';

/**
 * Makes the destination of a URL. The header `host` is no part of it: a
 * certificate is always for the URL's host, and each request has its own header.
 *
 * @param rules.policy default `any`, the only one there is
 * @param rules.tls default `system`, the only ones there are
 */
export function destinationOf(
  { origin, protocol, hostname, port }: URL,
  { policy = ANY, tls = SYSTEM }: { policy?: string; tls?: string } = {},
): Destination {
  return {
    key: `${policy} ${tls} ${origin}`,
    origin,
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    policy,
    tls,
  };
}
