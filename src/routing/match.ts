import type { Endpoint } from '../endpoint/endpoint.js';
import { endpointIdOf, unnamedEndpointId } from '../endpoint/endpoint-id.js';
import { parseWebhookUrl } from '../event/webhook-url.js';
import type { Addressed, Hooks } from './hooks.js';
import { createPatternIndex } from './pattern-index.js';

export { matchesHook } from './pattern.js';

/** Answers who receives an event, quickly for hooks that were asked for before. */
export interface Router {
  /** The receivers in the file's order, each once. */
  endpointsFor(event: Addressed): readonly Endpoint[];
  /**
   * The receiver with this id, or whose id this was before the hooks file gave its URL a name; of an event that names one
   * URL and nothing else that one, if nobody else has this id now.
   */
  endpointFor(event: Addressed, id: string): Endpoint | undefined;
}

const MAX_CACHED = 1_000;

/** Who receives an event, by id. */
interface Receivers {
  byId: ReadonlyMap<string, Endpoint>;
  /** By the ids that they have without a name; made when it is first asked for. */
  byFormerId?: ReadonlyMap<string, Endpoint>;
}

/**
 * A router for hooks that do not change; it remembers the last 1,000 hooks it was asked for, and the receivers of each
 * list of URLs for as long as the list itself is kept.
 */
export function createRouter(hooks: Hooks): Router {
  const byUrl = literalUrls(hooks);
  const patterns = createPatternIndex(hooks.registrations.map(({ pattern }) => pattern));
  const cache = new Map<string, Receivers>();
  const listed = new WeakMap<readonly string[], Receivers>();

  function atUrls(to: readonly string[]): Receivers {
    const known = listed.get(to);
    if (known !== undefined) return known;
    const found = { byId: byId(to.map((url) => endpointAt(url, byUrl, hooks))) };
    listed.set(to, found);
    return found;
  }

  function registeredFor(hook: string): Receivers {
    const known = cache.get(hook);
    if (known !== undefined) return known;
    const matching = patterns.matching(hook).map((number) => hooks.registrations[number]!);
    const found = { byId: byId(matching.flatMap(({ endpoints }) => endpoints)) };
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value!);
    cache.set(hook, found);
    return found;
  }

  function receivers({ hook, to }: Addressed): Receivers {
    if (to !== undefined) return atUrls(to);
    return hook === undefined ? { byId: new Map() } : registeredFor(hook);
  }

  return {
    endpointsFor: (event) => [...receivers(event).byId.values()],
    endpointFor: (event, id) => {
      const all = receivers(event);
      const known = all.byId.get(id) ?? formerly(id, all);
      if (known !== undefined || event.to === undefined || hooks.endpoints.has(id)) return known;
      return onlyOne(id, all.byId);
    },
  };
}

/** What was queued for a URL stays in the queue that it had; its health and its limits go with the queue. */
function formerly(id: string, receivers: Receivers): Endpoint | undefined {
  receivers.byFormerId ??= byFormerId(receivers.byId.values());
  const found = receivers.byFormerId.get(id);
  return found && { ...found, id };
}

/** Where several endpoints had the same id, the first one. */
function byFormerId(endpoints: Iterable<Endpoint>): Map<string, Endpoint> {
  const found = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    const id = unnamedEndpointId(endpoint.url);
    if (!found.has(id)) found.set(id, endpoint);
  }
  return found;
}

/** It never depended on the hooks file, in which its URL may have had another name. */
function onlyOne(id: string, receivers: ReadonlyMap<string, Endpoint>): Endpoint | undefined {
  const [endpoint, ...others] = receivers.values();
  return endpoint && others.length === 0 ? { ...endpoint, id } : undefined;
}

/**
 * Who receives an event: the endpoints of every registration that matches its
 * hook, in the file's order, each once. An event with `to` goes to those URLs
 * alone, which were checked when it was read: to the configured endpoint with
 * that literal URL, or else to one with the defaults.
 */
export function endpointsFor(hooks: Hooks, event: Addressed): Endpoint[] {
  return [...createRouter(hooks).endpointsFor(event)];
}

/** The one of {@link endpointsFor} with this id. For many calls, keep a router: {@link createRouter}. */
export function endpointFor(hooks: Hooks, event: Addressed, id: string): Endpoint | undefined {
  return createRouter(hooks).endpointFor(event, id);
}

function endpointAt(text: string, byUrl: ReadonlyMap<string, Endpoint>, hooks: Hooks): Endpoint {
  const parsed = parseWebhookUrl(text);
  const url = parsed.ok ? parsed.url : text;
  return byUrl.get(url) ?? { id: endpointIdOf(url), url: { value: url }, ...hooks.defaults };
}

/** Endpoints by literal URL; where several have the same one, the first, as in the file itself. */
function literalUrls(hooks: Hooks): Map<string, Endpoint> {
  const byUrl = new Map<string, Endpoint>();
  for (const endpoint of hooks.endpoints.values()) {
    if ('value' in endpoint.url && !byUrl.has(endpoint.url.value)) byUrl.set(endpoint.url.value, endpoint);
  }
  return byUrl;
}

function byId(endpoints: readonly Endpoint[]): Map<string, Endpoint> {
  return new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
}
