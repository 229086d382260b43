import { createHash } from 'node:crypto';
import { longestBackOffMs } from '../../endpoint/back-off.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { formerEndpointId } from '../../endpoint/endpoint-id.js';
import type { Addressed, Hooks, UnclaimedPolicy } from '../../routing/hooks.js';
import type { HooksRefresh, LiveHooks } from '../../routing/live-hooks.js';
import { createRouter, type HooksRouter } from '../../routing/match.js';
import type { Route, Router } from '../../routing/router.js';

/** Who receives what, by the hooks file as it is now. */
export interface Routing extends Router {
  /** Looks whether the hooks file has changed. */
  refresh(): Promise<HooksRefresh>;
  /**
   * An event that names its URLs needs no hooks file. While the file is broken an event that has no receiver by the old one
   * may have one in the new one, and is `unknown`.
   */
  route(event: Addressed): Route | Promise<Route>;
  /** Whether any hook is registered with the endpoint. */
  isRegistered(id: string): boolean;
  /** The endpoint's settings, or the defaults for one that is not in the hooks file. */
  settingsOf(id: string): Hooks['defaults'];
  /** What an endpoint has where the hooks file says nothing else of it. */
  defaults(): Hooks['defaults'];
  /** Places in flight that the endpoints share. */
  maxInFlight(): number;
  /** No endpoint waits for longer than this after a failure, in ms. */
  longestBackOffMs(): number;
  /** Another object each time the hooks file was read. */
  version(): unknown;
  /** Tells these hooks from others, in this process and in later ones. */
  fingerprint(): string;
  /** The hook that is fired when an endpoint changes. */
  alert(): string | undefined;
  /** The names under `hooks` that have an endpoint, patterns left out. */
  hookNames(): readonly string[];
  /** What becomes of events that nobody is registered for. */
  unclaimed(): UnclaimedPolicy;
  /** How long deliveries on hold are kept, in ms. */
  holdKeepMs(): number;
}

/** The state of the hooks file is reported once, and not for each event. */
const unknown: Route = { kind: 'unknown' };

/** Routes by the hooks file as it is now. */
export function createRouting(hooks: LiveHooks): Routing {
  let routes = routesOf(hooks.current());
  let isBroken = false;

  return {
    async refresh() {
      const refreshed = await hooks.refresh();
      if (refreshed.kind === 'reloaded') routes = routesOf(hooks.current());
      if (refreshed.kind === 'reloaded' || refreshed.kind === 'broken')
        isBroken = refreshed.kind === 'broken';
      return refreshed;
    },
    route(event) {
      if (event.to !== undefined) return routes.router.route(event);
      if (hooks.isMissing?.()) return unknown;
      const route = routes.router.route(event);
      return isBroken && route.kind === 'nobody' ? unknown : route;
    },
    endpoint: (id, event) => routes.router.endpoint(id, event),
    isRegistered: (id) => routes.registered.has(id),
    settingsOf: (id) => routes.known.get(id) ?? hooks.current().defaults,
    defaults: () => hooks.current().defaults,
    maxInFlight: () => hooks.current().maxInFlight,
    longestBackOffMs: () => routes.longestMs,
    version: () => routes,
    fingerprint: () => (routes.fingerprint ??= fingerprintOf(hooks.current())),
    alert: () => hooks.current().alert,
    hookNames() {
      const received = hooks.current().registrations.filter(({ endpoints }) => endpoints.length > 0);
      return received.map(({ pattern }) => pattern).filter((pattern) => !pattern.includes('*'));
    },
    unclaimed: () => hooks.current().unclaimed,
    holdKeepMs: () => hooks.current().holdKeepMs,
  };
}

/** What is worked out once for each reading of the hooks file. */
interface Routes {
  router: HooksRouter;
  /** The ids that a hook is registered with. */
  registered: ReadonlySet<string>;
  /** Endpoints by their ids, and by those that they had before they were given a name. */
  known: ReadonlyMap<string, Endpoint>;
  longestMs: number;
  /** Worked out when it is first asked for. */
  fingerprint?: string;
}

/** Of what decides who receives an event. */
function fingerprintOf({ registrations, endpoints }: Hooks): string {
  const hash = createHash('sha256');
  for (const each of registrations)
    hash.update(`${JSON.stringify([each.pattern, each.endpoints.map(({ id }) => id)])}\n`);
  for (const { id, url } of endpoints.values()) hash.update(`${JSON.stringify([id, url])}\n`);
  return hash.digest('base64url').slice(0, 22);
}

function routesOf(hooks: Hooks): Routes {
  const { registrations, endpoints, defaults } = hooks;
  const all = [...endpoints.values()];
  const policies = new Set([...all, defaults].map(({ retry }) => retry));
  const waits = [...policies].map(longestBackOffMs);
  return {
    router: createRouter(hooks),
    registered: registeredIds(registrations),
    known: byEitherId(endpoints),
    longestMs: waits.reduce((longest, ms) => Math.max(longest, ms), 0),
  };
}

function registeredIds(registrations: Hooks['registrations']): Set<string> {
  const ids = new Set<string>();
  for (const { endpoints } of registrations) {
    for (const endpoint of endpoints) {
      ids.add(endpoint.id);
      ids.add(formerEndpointId(endpoint));
    }
  }
  return ids;
}

function byEitherId(endpoints: Hooks['endpoints']): Map<string, Endpoint> {
  const known = new Map<string, Endpoint>();
  for (const endpoint of endpoints.values()) known.set(formerEndpointId(endpoint), endpoint);
  for (const [id, endpoint] of endpoints) known.set(id, endpoint);
  return known;
}
