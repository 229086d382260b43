/** Reading `--listen`. */
import { isIP } from 'node:net';
import { CapnhookError } from '../../shared/errors.js';

/** Where a server listens. */
export interface ListenAddress {
  /** A name or an address, without brackets. */
  host: string;
  /** 0: one that is free. */
  port: number;
}

/** Parses `127.0.0.1:8710`, `[::1]:8710`, `localhost:0`. @throws CapnhookError `USAGE` for anything else */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535 || (match?.[1] !== undefined && isIP(host) !== 6)) {
    throw new CapnhookError('USAGE', 'Cannot show the dashboard: --listen needs a host and a port', {
      hint: 'For example 127.0.0.1:8710, [::1]:8710, or 127.0.0.1:0 for a port that is free.',
    });
  }
  return { host, port };
}

/** Whether only this machine can reach what listens on the host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** `host:port`, an IPv6 address in brackets. */
export function hostAndPort({ host, port }: ListenAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
