import type { Routing } from '../routing.js';

/** Endpoints that are not registered, and parked, but whose next delivery has an endpoint. It waits for them. */
export interface WantedDeliveries {
  has(endpoint: string): boolean;
  add(endpoint: string): void;
  delete(endpoint: string): void;
}

/** Makes a set that is emptied whenever the hooks change. */
export function createWantedDeliveries(routing: Pick<Routing, 'version'>): WantedDeliveries {
  const ids = new Set<string>();
  let version = routing.version();

  return {
    has(endpoint) {
      if (version !== routing.version()) ids.clear();
      version = routing.version();
      return ids.has(endpoint);
    },
    add: (endpoint) => void ids.add(endpoint),
    delete: (endpoint) => void ids.delete(endpoint),
  };
}
