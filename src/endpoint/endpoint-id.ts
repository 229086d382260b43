import { createHash } from 'node:crypto';
import type { Secret } from './endpoint.js';

const ENDPOINT_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;
const MAX_HOST = 64;

/**
 * Whether a text may name an endpoint: 1 to 64 of `A-Z a-z 0-9 _ -`, not
 * beginning with `-`. Such a name is the endpoint's id; the other ids hold a
 * `~`, so the two never meet.
 */
export function isEndpointName(text: string): boolean {
  return ENDPOINT_NAME.test(text);
}

/**
 * The id of an endpoint that is only a URL: its host, `~`, and 12 hex digits of
 * the SHA-256 of the normalised URL. Fit for a file's name; tells nothing of
 * the URL but its host.
 *
 * @throws TypeError if the text is not a URL
 * @example
 * endpointIdOf('https://panda.dog.com/run'); // 'panda.dog.com~9df659c077e9'
 */
export function endpointIdOf(url: string): string {
  const { href, hostname } = new URL(url);
  const host = hostname
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '_')
    .slice(0, MAX_HOST);
  return `${host}~${digest(href)}`;
}

/**
 * The id of an endpoint without a name whose URL is given or kept elsewhere:
 * `env~`, `file~` or `credential~` and 12 hex digits for a reference.
 *
 * @throws TypeError if the URL is given and is not one
 */
export function unnamedEndpointId(url: Secret): string {
  if ('value' in url) return endpointIdOf(url.value);
  if ('env' in url) return `env~${digest(`env:${url.env}`)}`;
  if ('file' in url) return `file~${digest(`file:${url.file}`)}`;
  return `credential~${digest(`credential:${url.credential}`)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
