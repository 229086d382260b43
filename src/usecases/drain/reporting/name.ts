import type { Endpoint } from '../../../endpoint/endpoint.js';
import type { EndpointLabel } from '../ports.js';

/** Tells endpoints as notices may show them; each is worked out once. */
export function createNamer(showUrls: boolean): (endpoint: Endpoint) => EndpointLabel {
  const names = new WeakMap<Endpoint, EndpointLabel>();
  return (endpoint) => {
    let name = names.get(endpoint);
    if (name === undefined) {
      name = nameOf(endpoint, showUrls);
      names.set(endpoint, name);
    }
    return name;
  };
}

function nameOf({ id, url }: Endpoint, showUrls: boolean): EndpointLabel {
  if (!('value' in url)) return { id };
  const { origin, href } = new URL(url.value);
  return showUrls ? { id, origin, url: href } : { id, origin };
}
