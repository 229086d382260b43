import type { Secret } from '../endpoint/endpoint.js';
import { urlOf } from '../event/url-of.js';

/** An endpoint as data. A URL may be a secret, so of it only scheme and host are told, unless all of it is asked for. */
export interface EndpointData {
  id: string;
  scheme?: string;
  host?: string;
  /** The URL, or the reference to it. */
  url?: string | Exclude<Secret, { value: string }>;
}

/** An endpoint as data; its URL only with `showUrls`. */
export function endpointData({ id, url }: { id: string; url?: Secret }, showUrls: boolean): EndpointData {
  if (url === undefined) return { id };
  if (!('value' in url)) return { id, url: showUrls ? url : undefined };
  const parsed = urlOf(url.value);
  if (parsed === undefined) return { id, url: showUrls ? url.value : undefined };
  return {
    id,
    scheme: parsed.protocol.slice(0, -1),
    host: parsed.host,
    url: showUrls ? url.value : undefined,
  };
}
