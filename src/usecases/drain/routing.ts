import { longestBackOffMs } from '../../endpoint/back-off.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { unnamedEndpointId } from '../../endpoint/endpoint-id.js';
import type { Addressed, Hooks } from '../../hooks/hooks.js';
import { createRouter } from '../../hooks/match.js';
import type { HooksRefresh, LiveHooks } from './ports.js';

/** Who receives what, by the hooks file as it is now. */
export interface Routing {
  /** Looks whether the hooks file has changed. */
  refresh(): Promise<HooksRefresh>;
  endpointsFor(event: Addressed): readonly Endpoint[];
  /** The endpoint of this id, if it still receives the event. */
  endpointFor(event: Addressed, id: string): Endpoint | undefined;
  /** Whether any hook is registered with the endpoint. */
  isRegistered(id: string): boolean;
  /** The endpoint's settings, or the defaults for one that is not in the hooks file. */
  settingsOf(id: string): Hooks['defaults'];
  /** Attempts in flight at once, over all endpoints. */
  maxInFlight(): number;
  /** No endpoint waits for longer than this after a failure, in ms. */
  longestBackOffMs(): number;
  /** The hook that is fired when an endpoint changes. */
  alert(): string | undefined;
}

/** Routes by the hooks file as it is now. */
export function createRouting(hooks: LiveHooks): Routing {
  let router = createRouter(hooks.current());
  let registered = registeredIn(hooks);
  let known = knownIn(hooks);
  let longestMs = longestIn(hooks);

  return {
    async refresh() {
      const refreshed = await hooks.refresh();
      if (refreshed.kind === 'reloaded') {
        router = createRouter(hooks.current());
        registered = registeredIn(hooks);
        known = knownIn(hooks);
        longestMs = longestIn(hooks);
      }
      return refreshed;
    },
    endpointsFor: (event) => router.endpointsFor(event),
    endpointFor: (event, id) => router.endpointFor(event, id),
    isRegistered: (id) => registered.has(id),
    settingsOf: (id) => known.get(id) ?? hooks.current().defaults,
    maxInFlight: () => hooks.current().maxInFlight,
    longestBackOffMs: () => longestMs,
    alert: () => hooks.current().alert,
  };
}

function registeredIn(hooks: LiveHooks): ReadonlySet<string> {
  const { registrations } = hooks.current();
  return new Set(registrations.flatMap(({ endpoints }) => endpoints.flatMap(idsOf)));
}

/** Endpoints by their ids, and by those that they had before they were given a name. */
function knownIn(hooks: LiveHooks): ReadonlyMap<string, Endpoint> {
  const { endpoints } = hooks.current();
  const aliases = [...endpoints.values()].map(
    (endpoint) => [unnamedEndpointId(endpoint.url), endpoint] as const,
  );
  return new Map([...aliases, ...endpoints]);
}

function longestIn(hooks: LiveHooks): number {
  const { endpoints, defaults } = hooks.current();
  const waits = [...endpoints.values(), defaults].map(({ retry }) => longestBackOffMs(retry));
  return waits.reduce((longest, ms) => Math.max(longest, ms), 0);
}

function idsOf({ id, url }: Endpoint): string[] {
  return [id, unnamedEndpointId(url)];
}
