/**
 * Draft → hooks: defaults filled in, names and URLs resolved, each endpoint
 * built once. Never fails: the rules have checked the draft.
 */

import {
  type Endpoint,
  endpointDefaults,
  ON_FAILURES,
  ORDERS,
  type SentPolicy,
  sentDefaults,
} from '../../endpoint/endpoint.js';
import { unnamedEndpointId } from '../../endpoint/endpoint-id.js';
import { parseRate } from '../../endpoint/rate.js';
import type { Hooks, UnclaimedPolicy } from '../../routing/hooks.js';
import { parseByteSize } from '../../shared/byte-size.js';
import { parseDuration } from '../../shared/duration.js';
import type { Draft, DraftEndpoint, DraftItem, DraftSettings } from './draft.js';
import type { Positioned } from './finding.js';
import { DROP, NONE } from './must-be.js';

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
  const { inline } = draft;
  // A bare URL comes last: it takes the settings that the URL has elsewhere.
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
    endpoints: distinct(items.map(resolve).filter((one) => one !== undefined)),
  }));
  const endpoints = new Map<string, Endpoint>();
  for (const endpoint of named.values()) endpoints.set(endpoint.id, endpoint);
  for (const registration of registrations)
    for (const endpoint of registration.endpoints) endpoints.set(endpoint.id, endpoint);
  return {
    registrations,
    endpoints,
    defaults,
    maxInFlight: draft.defaults.maxInFlight?.value ?? DEFAULT_MAX_IN_FLIGHT,
    holdKeepMs: ms(draft.defaults.holdKeep) ?? DEFAULT_HOLD_KEEP_MS,
    journalKeepMs: ms(draft.defaults.journalKeep) ?? DEFAULT_KEEP_MS,
    deadKeepMs: ms(draft.defaults.deadKeep),
    alert: draft.defaults.alert?.value,
    unclaimed: buildUnclaimed(draft.defaults.unclaimed),
  };
}

function distinct(endpoints: Endpoint[]): Endpoint[] {
  return endpoints.length < 2 ? endpoints : [...new Set(endpoints)];
}

function buildUnclaimed(written: Positioned<string> | undefined): UnclaimedPolicy {
  return { isDropped: written?.value === DROP, keepMs: ms(written) ?? DEFAULT_KEEP_MS };
}

/** The identity of a URL: the normalised URL, or the reference. */
export function urlKey({ url }: Pick<DraftEndpoint, 'url'>): string | undefined {
  const normal = url?.normal;
  if (normal === undefined) return undefined;
  return 'value' in normal ? normal.value : JSON.stringify(normal);
}

/**
 * Builds an endpoint, whose URL must be valid. Each member is named, so that all have one shape for V8: spreads would give
 * each a shape of its own, and everything that reads endpoints would be slow.
 */
export function buildEndpoint(written: DraftEndpoint, defaults: Settings): Endpoint {
  const url = written.url!.normal!;
  const settings = written.bare ? defaults : buildSettings(written, defaults);
  return {
    id: written.name?.value ?? unnamedEndpointId(url),
    url,
    headers: Object.fromEntries(
      written.headers.map(({ name, value }) => [name.value.toLowerCase(), value.value] as const),
    ),
    sign: written.sign.map(({ value }) => value),
    timeoutMs: settings.timeoutMs,
    concurrency: settings.concurrency,
    rate: settings.rate,
    order: settings.order,
    onFailure: settings.onFailure,
    giveUpAfterMs: settings.giveUpAfterMs,
    retry: settings.retry,
    onChange: settings.onChange,
    sent: settings.sent,
  };
}

/** Builds settings; missing ones come from the defaults. */
export function buildSettings(written: DraftSettings, defaults: Settings = endpointDefaults): Settings {
  // The word `none` parses to undefined: no rate.
  const rate = written.rate === undefined ? defaults.rate : parseRate(written.rate.value);
  const onChange = written.onChange?.value.map(({ value }) => value) ?? defaults.onChange ?? [];
  return {
    headers: defaults.headers,
    sign: defaults.sign,
    rate,
    onChange: onChange.length > 0 ? onChange : undefined,
    sent: buildSent(written.sent, defaults.sent),
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

function buildSent(
  written: DraftSettings['sent'],
  defaultSent: SentPolicy | undefined,
): SentPolicy | undefined {
  if (written === undefined) return defaultSent;
  if (written.value === NONE) return undefined;
  const { keep, maxBytes } = written.value;
  const others = defaultSent ?? sentDefaults;
  return {
    keepMs: ms(keep) ?? others.keepMs,
    maxBytes: (maxBytes && parseByteSize(maxBytes.value)) ?? others.maxBytes,
  };
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
