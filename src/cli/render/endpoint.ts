import type { Secret } from '../../endpoint/endpoint.js';

/** An endpoint for a person: scheme, host and id, since a URL may be a secret; the whole URL only if asked. */
export function renderEndpoint({ id, url }: { id: string; url?: Secret }, showUrls: boolean): string {
  if (url === undefined) return id;
  if (!('value' in url)) return `${id} (URL from ${renderReference(url)})`;
  if (showUrls) return `${url.value} (${id})`;
  if (!URL.canParse(url.value)) return id;
  const { protocol, host } = new URL(url.value);
  return `${protocol}//${host} (${id})`;
}

function renderReference(reference: Exclude<Secret, { value: string }>): string {
  if ('env' in reference) return `$${reference.env}`;
  return 'file' in reference ? reference.file : `credential ${reference.credential}`;
}

/** An endpoint for a program; without its URL unless asked. */
export function endpointData(
  { id, url }: { id: string; url?: Secret },
  showUrls: boolean,
): Record<string, unknown> {
  if (url === undefined) return { id };
  if (!('value' in url)) return { id, url: showUrls ? url : undefined };
  const { protocol, host } = new URL(url.value);
  return { id, scheme: protocol.slice(0, -1), host, url: showUrls ? url.value : undefined };
}
