import type { Endpoint } from '../../../endpoint/endpoint.js';
import type { Named } from '../ports.js';

/** Tells endpoints as notices may show them; each is worked out once. */
export function createNamer(showUrls: boolean): (endpoint: Endpoint) => Named {
  const names = new WeakMap<Endpoint, Named>();
  return (endpoint) => {
    let name = names.get(endpoint);
    if (name === undefined) {
      name = nameOf(endpoint, showUrls);
      names.set(endpoint, name);
    }
    return name;
  };
}

function nameOf({ id, url }: Endpoint, showUrls: boolean): Named {
  if (!('value' in url)) return { id };
  const { origin, href } = new URL(url.value);
  return showUrls ? { id, origin, url: href } : { id, origin };
}
