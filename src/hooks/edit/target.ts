import { unnamedEndpointId } from '../../endpoint/endpoint-id.js';
import { parseWebhookUrl } from '../../event/webhook-url.js';
import { urlKey } from '../parse/build.js';
import type { Draft, DraftEndpoint, DraftItem } from '../parse/draft.js';

/**
 * Makes a test for items that match a URL, an endpoint's name or an endpoint's
 * id. A URL also matches the named endpoint that has it.
 */
export function isTarget(target: string, draft: Draft): (item: DraftItem) => boolean {
  const names = new Map(draft.endpoints.map((endpoint) => [endpoint.name!.value, endpoint]));
  const parsed = parseWebhookUrl(target);
  const key = parsed.ok ? parsed.url : undefined;
  const named = urlKey(names.get(target) ?? {});
  // A URL belongs to the first endpoint that has it, as it does when the file is read.
  const isFirst = draft.endpoints.find((endpoint) => urlKey(endpoint) === named)?.name?.value === target;
  return (item) => {
    const endpoint = 'name' in item ? names.get(item.name)! : item.endpoint;
    if (key !== undefined) return urlKey(endpoint) === key;
    if ('name' in item && item.name === target) return true;
    if (!('name' in item) && isFirst && named !== undefined && urlKey(endpoint) === named) return true;
    return idOf(endpoint) === target;
  };
}

function idOf({ url }: DraftEndpoint): string {
  const value = url!.value;
  return unnamedEndpointId(value);
}
