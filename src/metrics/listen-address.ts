/** Where a daemon serves its metrics. Pure. */
import { CapnhookError } from '../shared/errors.js';

/** A Unix socket by its path, or a host and a port. */
export type ListenAddress = { path: string } | { host: string; port: number };

/** The host where only a port is given: this machine alone reaches it. */
const defaultHost = '127.0.0.1';

const highestPort = 65_535;

/**
 * Parses `127.0.0.1:9464`, `[::1]:9464`, `9464` (on 127.0.0.1) or `unix:/run/capnhook/metrics.sock`.
 * @throws CapnhookError `USAGE` for any other text
 */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (path.startsWith('/')) return { path };
    throw badAddress(text, 'the path of a socket begins with /');
  }
  const match = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))?:)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > highestPort) throw badAddress(text, 'it is no host and port');
  return { host: match[1] ?? match[2] ?? defaultHost, port };
}

/** An address for people: `http://127.0.0.1:9464/metrics`, or the path of a socket. */
export function renderAddress(address: ListenAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  const { host, port } = address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`;
}

function badAddress(text: string, why: string): CapnhookError {
  return new CapnhookError('USAGE', `Cannot serve metrics at ${JSON.stringify(text.slice(0, 100))}: ${why}`, {
    hint: 'Give 127.0.0.1:9464, [::1]:9464 or unix:/run/capnhook/metrics.sock.',
  });
}
