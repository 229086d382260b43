import { createHash } from 'node:crypto';
import type { Endpoint, Secret } from './endpoint.js';

const ENDPOINT_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;
const MAX_HOST = 64;

/**
 * Whether a text is a valid endpoint name: 1 to 64 of `A-Z a-z 0-9 _ -`, not
 * beginning with `-`. The name is the endpoint's id. All other ids contain `~`,
 * so the two never collide.
 */
export function isEndpointName(text: string): boolean {
  return ENDPOINT_NAME.test(text);
}

/**
 * The id of an endpoint without a name: its host, `~`, and 12 hex digits of the
 * SHA-256 of the normalised URL. Safe as a file name. Reveals only the host of
 * the URL.
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
 * The id of an endpoint without a name whose URL is literal or a reference. For a
 * reference: `env~`, `file~` or `credential~` and 12 hex digits.
 *
 * @throws TypeError if a literal URL is not valid
 */
export function unnamedEndpointId(url: Secret): string {
  if ('value' in url) return endpointIdOf(url.value);
  if ('env' in url) return `env~${digest(`env:${url.env}`)}`;
  if ('file' in url) return `file~${digest(`file:${url.file}`)}`;
  return `credential~${digest(`credential:${url.credential}`)}`;
}

/**
 * The id that an endpoint of the hooks file would have without a name: its own, if it has none.
 *
 * @throws as {@link unnamedEndpointId}
 */
export function formerEndpointId({ id, url }: Pick<Endpoint, 'id' | 'url'>): string {
  return isEndpointName(id) ? unnamedEndpointId(url) : id;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
