import type { Secret } from '../../endpoint/endpoint.js';
import { urlOf } from '../../event/url-of.js';

/** Renders an endpoint for people: scheme, host and id. A URL may be a secret, so it is shown only with `showUrls`. */
export function renderEndpoint({ id, url }: { id: string; url?: Secret }, showUrls: boolean): string {
  if (url === undefined) return id;
  if (!('value' in url)) return `${id} (URL from ${renderReference(url)})`;
  if (showUrls) return `${url.value} (${id})`;
  const parsed = urlOf(url.value);
  return parsed === undefined ? id : `${parsed.protocol}//${parsed.host} (${id})`;
}

function renderReference(reference: Exclude<Secret, { value: string }>): string {
  if ('env' in reference) return `$${reference.env}`;
  return 'file' in reference ? reference.file : `credential ${reference.credential}`;
}
