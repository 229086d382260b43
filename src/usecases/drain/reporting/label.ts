import type { Endpoint } from '../../../endpoint/endpoint.js';
import type { EndpointLabel } from '../ports.js';

/** Makes a function that labels endpoints for notices; each label is made once. */
export function createLabeler(showUrls: boolean): (endpoint: Endpoint) => EndpointLabel {
  const labels = new WeakMap<Endpoint, EndpointLabel>();
  return (endpoint) => {
    let label = labels.get(endpoint);
    if (label === undefined) {
      label = labelOf(endpoint, showUrls);
      labels.set(endpoint, label);
    }
    return label;
  };
}

function labelOf({ id, url }: Endpoint, showUrls: boolean): EndpointLabel {
  if (!('value' in url)) return { id };
  const { origin, href } = new URL(url.value);
  return showUrls ? { id, origin, url: href } : { id, origin };
}
