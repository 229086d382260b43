/** Routing what was taken: who gets each entry, and what becomes of it where nobody does. */
import type { Route, Router } from '../../../routing/router.js';
import type { Entry, RoutedEntry } from '../../../spool/intake.js';
import type { UnclaimedEvents } from './unclaimed.js';

export interface RouteOptions {
  routing: Pick<Router, 'route'>;
  unclaimed: Pick<UnclaimedEvents, 'handlingOf'>;
  /** Whether an endpoint can be sent to immediately. */
  canSendNow(endpoint: string): boolean;
}

export interface RoutedEntries {
  routed: RoutedEntry[];
  /** Entries of which it is not known who gets them; `why` in words, where that is not reported elsewhere. */
  unknown: Array<{ id: string; why: string | undefined }>;
}

/** Routes entries by the hooks as they are now; all that have to wait for something wait concurrently. */
export async function routeEntries(
  entries: readonly Entry[],
  { routing, unclaimed, canSendNow }: RouteOptions,
): Promise<RoutedEntries> {
  const found: RoutedEntries = { routed: [], unknown: [] };
  const isSentNow = oncePerEndpoint(canSendNow);
  const routes = await allOf(entries.map(({ header }) => routing.route(header)));
  for (const [at, entry] of entries.entries()) {
    const { header } = entry;
    const route = routes[at]!;
    if (route.kind === 'unknown') found.unknown.push({ id: header.id, why: route.why });
    else if (route.kind === 'nobody')
      found.routed.push({ entry, endpoints: [], ...unclaimed.handlingOf(header, route.why) });
    else {
      const endpoints = route.endpoints.map(({ id }) => id);
      found.routed.push({ entry, endpoints, canSendNow: endpoints.length === 1 && isSentNow(endpoints[0]!) });
    }
  }
  return found;
}

/** A promise an event would cost more than the look-up in the hooks file. */
async function allOf(routes: ReadonlyArray<Route | Promise<Route>>): Promise<readonly Route[]> {
  return routes.some((route) => route instanceof Promise) ? Promise.all(routes) : (routes as Route[]);
}

function oncePerEndpoint(ask: (endpoint: string) => boolean): (endpoint: string) => boolean {
  const known = new Map<string, boolean>();
  return (endpoint) => {
    const answer = known.get(endpoint) ?? ask(endpoint);
    known.set(endpoint, answer);
    return answer;
  };
}
