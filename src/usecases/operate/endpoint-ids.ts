import { endpointIdOf, unnamedEndpointId } from '../../endpoint/endpoint-id.js';
import { looksLikeUrl } from '../../event/webhook-url.js';
import type { Hooks } from '../../routing/hooks.js';
import { checkedUrl } from '../register/checked-url.js';

/** The id of a target: a URL, the name of an endpoint in the hooks file, or an endpoint's id. @throws CapnhookError `USAGE` */
export function idOfTarget(target: string): string {
  return looksLikeUrl(target) ? endpointIdOf(checkedUrl(target)) : target;
}

/** Under which ids an endpoint's deliveries may be queued: its own, that of its URL, and the name of one that has its URL. */
export function queueIds(hooks: Hooks | undefined, id: string): ReadonlySet<string> {
  const known = hooks === undefined ? [] : [...hooks.endpoints.values()];
  const same = known.filter((each) => each.id === id || unnamedEndpointId(each.url) === id);
  return new Set([id, ...same.flatMap((each) => [each.id, unnamedEndpointId(each.url)])]);
}
