/**
 * Draft → hooks: defaults filled in, names and URLs resolved, each endpoint
 * built once. Never fails: the rules have checked the draft.
 */

import {
  type Endpoint,
  endpointDefaults,
  ON_FAILURES,
  ORDERS,
  type Secret,
} from '../../endpoint/endpoint.js';
import { unnamedEndpointId } from '../../endpoint/endpoint-id.js';
import { parseRate } from '../../endpoint/rate.js';
import { parseWebhookUrl } from '../../event/webhook-url.js';
import type { Hooks, UnclaimedPolicy } from '../../routing/hooks.js';
import { parseDuration } from '../../shared/duration.js';
import {
  type Draft,
  type DraftEndpoint,
  type DraftItem,
  type DraftSettings,
  inlineEndpointsOf,
} from './draft.js';
import type { Positioned } from './finding.js';
import { DROP } from './must-be.js';

type Settings = Hooks['defaults'];

const DEFAULT_MAX_IN_FLIGHT = 256;
const DEFAULT_KEEP_MS = 30 * 86_400_000;

/** 30 days, in ms. */
const DEFAULT_HOLD_KEEP_MS = 30 * 86_400_000;

/** Builds the hooks from a draft that passed every rule. */
export function buildHooks(draft: Draft): Hooks {
  const defaults = buildSettings(draft.defaults);
  const named = new Map<string, Endpoint>();
  const byUrl = new Map<string, Endpoint>();
  // A bare URL comes last: it takes the settings that the URL has elsewhere.
  const inline = inlineEndpointsOf(draft);
  const inOrder = [
    ...draft.endpoints,
    ...inline.filter(({ bare }) => !bare),
    ...inline.filter(({ bare }) => bare),
  ];
  for (const written of inOrder) {
    const key = urlKey(written);
    if (key === undefined || (written.name === undefined && byUrl.has(key))) continue;
    const endpoint = buildEndpoint(written, defaults);
    if (written.name !== undefined) named.set(written.name.value, endpoint);
    if (!byUrl.has(key)) byUrl.set(key, endpoint);
  }
  const resolve = (item: DraftItem) =>
    'name' in item ? named.get(item.name) : byUrl.get(urlKey(item.endpoint)!);
  const registrations = draft.hooks.map(({ pattern, items }) => ({
    pattern: pattern.value,
    endpoints: [...new Set(items.map(resolve).filter((one) => one !== undefined))],
  }));
  const all = [...named.values(), ...registrations.flatMap(({ endpoints }) => endpoints)];
  return {
    registrations,
    endpoints: new Map(all.map((endpoint) => [endpoint.id, endpoint])),
    defaults,
    maxInFlight: draft.defaults.maxInFlight?.value ?? DEFAULT_MAX_IN_FLIGHT,
    holdKeepMs: ms(draft.defaults.holdKeep) ?? DEFAULT_HOLD_KEEP_MS,
    journalKeepMs: ms(draft.defaults.journalKeep) ?? DEFAULT_KEEP_MS,
    alert: draft.defaults.alert?.value,
    unclaimed: buildUnclaimed(draft.defaults.unclaimed),
  };
}

function buildUnclaimed(written: Positioned<string> | undefined): UnclaimedPolicy {
  return { isDropped: written?.value === DROP, keepMs: ms(written) ?? DEFAULT_KEEP_MS };
}

/** The identity of a URL: the normalised URL, or the reference. */
export function urlKey({ url }: Pick<DraftEndpoint, 'url'>): string | undefined {
  if (url === undefined) return undefined;
  const normal = normalUrl(url.value);
  return normal === undefined ? undefined : JSON.stringify(normal);
}

function buildEndpoint(written: DraftEndpoint, defaults: Settings): Endpoint {
  const definition = buildDefinition(written, defaults);
  return { id: written.name?.value ?? unnamedEndpointId(definition.url), ...definition };
}

/** Builds an endpoint without its id. Its URL must be valid. */
export function buildDefinition(written: DraftEndpoint, defaults: Settings): Omit<Endpoint, 'id'> {
  const url = normalUrl(written.url!.value)!;
  const headers = written.headers.map(({ name, value }) => [name.value.toLowerCase(), value.value] as const);
  return {
    url,
    ...buildSettings(written, defaults),
    headers: Object.fromEntries(headers),
    sign: written.sign.map(({ value }) => value),
  };
}

/** Builds settings; missing ones come from the defaults. */
export function buildSettings(written: DraftSettings, defaults: Settings = endpointDefaults): Settings {
  const { rate: defaultRate, onChange: defaultOnChange, ...others } = defaults;
  // The word `none` parses to undefined: no rate.
  const rate = written.rate === undefined ? defaultRate : parseRate(written.rate.value);
  const onChange = written.onChange?.value.map(({ value }) => value) ?? defaultOnChange ?? [];
  return {
    ...others,
    rate,
    onChange: onChange.length > 0 ? onChange : undefined,
    order: choice(written.order, ORDERS) ?? defaults.order,
    onFailure: choice(written.onFailure, ON_FAILURES) ?? defaults.onFailure,
    timeoutMs: ms(written.timeout) ?? defaults.timeoutMs,
    concurrency: written.concurrency?.value ?? defaults.concurrency,
    giveUpAfterMs: ms(written.giveUpAfter) ?? defaults.giveUpAfterMs,
    retry: {
      scheduleMs: written.schedule?.value.map((wait) => ms(wait) ?? 0) ?? defaults.retry.scheduleMs,
      jitter: written.jitter?.value ?? defaults.retry.jitter,
    },
  };
}

function normalUrl(url: Secret): Secret | undefined {
  if (!('value' in url)) return url;
  const parsed = parseWebhookUrl(url.value);
  return parsed.ok ? { value: parsed.url } : undefined;
}

/** Narrows a word that the rules have checked. */
function choice<T extends string>(
  written: Positioned<string> | undefined,
  words: readonly T[],
): T | undefined {
  return words.find((word) => word === written?.value);
}

function ms(written: Positioned<string> | undefined): number | undefined {
  return written && parseDuration(written.value);
}
