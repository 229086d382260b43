import type { Endpoint } from '../../endpoint/endpoint.js';
import type { Addressed } from '../../hooks/hooks.js';
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
  /** Attempts in flight to it at once, at most. */
  concurrencyOf(id: string): number;
}

/** Routes by the hooks file as it is now. */
export function createRouting(hooks: LiveHooks): Routing {
  let router = createRouter(hooks.current());
  let registered = registeredIn(hooks);

  return {
    async refresh() {
      const refreshed = await hooks.refresh();
      if (refreshed.kind === 'reloaded') {
        router = createRouter(hooks.current());
        registered = registeredIn(hooks);
      }
      return refreshed;
    },
    endpointsFor: (event) => router.endpointsFor(event),
    endpointFor: (event, id) => router.endpointFor(event, id),
    isRegistered: (id) => registered.has(id),
    concurrencyOf(id) {
      const { endpoints, defaults } = hooks.current();
      return (endpoints.get(id) ?? defaults).concurrency;
    },
  };
}

function registeredIn(hooks: LiveHooks): ReadonlySet<string> {
  const { registrations } = hooks.current();
  return new Set(registrations.flatMap(({ endpoints }) => endpoints.map(({ id }) => id)));
}
