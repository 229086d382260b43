import type { Endpoint } from '../endpoint/endpoint.js';
import { endpointIdOf, unnamedEndpointId } from '../endpoint/endpoint-id.js';
import { parseWebhookUrl } from '../event/webhook-url.js';
import { createHookIndex } from './hook-index.js';
import type { Addressed, Hooks } from './hooks.js';
import type { Route, Router } from './router.js';

export { matchesHook } from '../event/hook-pattern.js';

/** Who gets an event, by the hooks file alone: it is always known. */
export interface HooksRouter extends Router {
  route(event: Addressed): KnownRoute;
  /**
   * The receiver with this id, or with this former id: the one it had before the hooks file gave its URL a name. An
   * event that names exactly one URL has that one receiver, unless another endpoint has this id now.
   */
  endpoint(id: string, event: Addressed): Endpoint | undefined;
}

export type KnownRoute = Exclude<Route, { kind: 'unknown' }>;

/** The receivers of an event, by id. */
interface Receivers {
  route: KnownRoute;
  byId: ReadonlyMap<string, Endpoint>;
  /** By the ids that they would have without a name; built on first use. */
  byFormerId?: ReadonlyMap<string, Endpoint>;
}

/**
 * Makes a router for hooks that do not change. It keeps the receivers of each hook that the file names, and those of each
 * list of URLs for as long as the list itself exists; the receivers of other names, by patterns, are found each time.
 */
export function createRouter(hooks: Hooks): HooksRouter {
  const byUrl = literalUrls(hooks);
  const index = createHookIndex(hooks.registrations.map(({ pattern }) => pattern));
  const named = new Map<string, Receivers>();
  const listed = new WeakMap<readonly string[], Receivers>();

  function atUrls(to: readonly string[]): Receivers {
    const known = listed.get(to);
    if (known !== undefined) return known;
    const found = receiversOf(to.map((url) => endpointAt(url, byUrl, hooks)));
    listed.set(to, found);
    return found;
  }

  function registeredFor(hook: string): Receivers {
    const known = named.get(hook);
    if (known !== undefined) return known;
    const matching = index.matching(hook).map((number) => hooks.registrations[number]!);
    const found = receiversOf(matching.flatMap(({ endpoints }) => endpoints));
    if (index.has(hook)) named.set(hook, found);
    return found;
  }

  function receivers({ hook, to }: Addressed): Receivers {
    if (to !== undefined) return atUrls(to);
    return hook === undefined ? receiversOf([]) : registeredFor(hook);
  }

  return {
    route: (event) => receivers(event).route,
    endpoint(id, event) {
      const all = receivers(event);
      const known = all.byId.get(id) ?? formerly(id, all);
      if (known !== undefined || event.to === undefined || hooks.endpoints.has(id)) return known;
      return onlyOne(id, all.byId);
    },
  };
}

/** Deliveries stay in the queue of the former id, and so do the endpoint's health and limits. */
function formerly(id: string, receivers: Receivers): Endpoint | undefined {
  receivers.byFormerId ??= byFormerId(receivers.byId.values());
  const found = receivers.byFormerId.get(id);
  return found && { ...found, id };
}

/** If several endpoints had the same former id, the first one wins. */
function byFormerId(endpoints: Iterable<Endpoint>): Map<string, Endpoint> {
  const found = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    const id = unnamedEndpointId(endpoint.url);
    if (!found.has(id)) found.set(id, endpoint);
  }
  return found;
}

/** The single receiver of an event that names one URL. It does not depend on names in the hooks file. */
function onlyOne(id: string, receivers: ReadonlyMap<string, Endpoint>): Endpoint | undefined {
  const [endpoint, ...others] = receivers.values();
  return endpoint && others.length === 0 ? { ...endpoint, id } : undefined;
}

/**
 * The receivers of an event: the endpoints of every registration that matches
 * its hook, in the file's order, each once. An event with `to` goes only to
 * those URLs, which were checked when it was read: to the configured endpoint
 * with that literal URL, or else to one with the default settings. For many
 * calls, keep a router: {@link createRouter}.
 */
export function endpointsFor(hooks: Hooks, event: Addressed): readonly Endpoint[] {
  const route = createRouter(hooks).route(event);
  return route.kind === 'to' ? route.endpoints : [];
}

function endpointAt(text: string, byUrl: ReadonlyMap<string, Endpoint>, hooks: Hooks): Endpoint {
  const parsed = parseWebhookUrl(text);
  const url = parsed.ok ? parsed.url : text;
  return byUrl.get(url) ?? { id: endpointIdOf(url), url: { value: url }, ...hooks.defaults };
}

/** Endpoints by literal URL; the first one in the file wins. */
function literalUrls(hooks: Hooks): Map<string, Endpoint> {
  const byUrl = new Map<string, Endpoint>();
  for (const endpoint of hooks.endpoints.values()) {
    if ('value' in endpoint.url && !byUrl.has(endpoint.url.value)) byUrl.set(endpoint.url.value, endpoint);
  }
  return byUrl;
}

function receiversOf(endpoints: readonly Endpoint[]): Receivers {
  const byId = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
  return {
    route: byId.size === 0 ? { kind: 'nobody' } : { kind: 'to', endpoints: [...byId.values()] },
    byId,
  };
}
