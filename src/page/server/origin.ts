/** Which requests can come from the page itself, and not from another site that a browser shows beside it. */
import { isIP } from 'node:net';

/**
 * Whether the `Host` header is one that the page is reached by: an address, `localhost`, or the host that was asked to
 * listen on. A name that another site has pointed to this machine (DNS rebinding) is none of them. The port may be
 * another one, as behind `ssh -L`.
 */
export function isOwnHost(host: string | undefined, listenHost: string): boolean {
  const name = hostName(host);
  return (
    name !== undefined && (name === 'localhost' || name === listenHost.toLowerCase() || isIP(name) !== 0)
  );
}

/** The name or address in a `Host` header, without port and brackets; undefined where it is malformed. */
function hostName(host = ''): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

/** Whether the `Origin` header names the host that the request is for. Browsers send it with every POST. */
export function isOwnOrigin(origin: string | undefined, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}
