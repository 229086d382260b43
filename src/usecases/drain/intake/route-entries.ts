/** Routing what was taken: who gets each entry, and what becomes of it where nobody does. */
import type { Entry, RoutedEntry } from '../../../spool/intake.js';
import type { Routing } from '../routing.js';
import type { UnclaimedEvents } from './unclaimed.js';

export interface RouteOptions {
  routing: Routing;
  unclaimed: Pick<UnclaimedEvents, 'handlingOf'>;
  /** Whether an endpoint can be sent to immediately. */
  canSendNow(endpoint: string): boolean;
}

export interface RoutedEntries {
  routed: RoutedEntry[];
  /** Ids of entries of which it is not known who gets them. */
  unknown: string[];
}

/** Routes entries by the hooks as they are now. */
export function routeEntries(
  entries: readonly Entry[],
  { routing, unclaimed, canSendNow }: RouteOptions,
): RoutedEntries {
  const found: RoutedEntries = { routed: [], unknown: [] };
  const sendable = new Map<string, boolean>();

  function isSentNow(endpoints: readonly string[]): boolean {
    const [endpoint, ...others] = endpoints;
    if (endpoint === undefined || others.length > 0) return false;
    const known = sendable.get(endpoint) ?? canSendNow(endpoint);
    sendable.set(endpoint, known);
    return known;
  }

  for (const entry of entries) {
    const { header } = entry;
    if (!routing.isKnown(header)) {
      found.unknown.push(header.id);
      continue;
    }
    const endpoints = routing.endpointsFor(header).map(({ id }) => id);
    if (endpoints.length === 0) found.routed.push({ entry, endpoints, ...unclaimed.handlingOf(header) });
    else found.routed.push({ entry, endpoints, canSendNow: isSentNow(endpoints) });
  }
  return found;
}
