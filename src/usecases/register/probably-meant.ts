import type { Secret } from '../../endpoint/endpoint.js';
import { unnamedEndpointId } from '../../endpoint/endpoint-id.js';
import type { Hooks } from '../../routing/hooks.js';
import { distance, suggest } from '../../shared/suggest.js';

/** An endpoint; without a URL if only its id is known. */
export interface KnownEndpoint {
  id: string;
  url?: Secret;
}

/** What a person probably meant by a registration that is not in the hooks file. */
export interface ProbablyMeant {
  /** The probable endpoint, if the given one is unknown. */
  endpoint?: KnownEndpoint;
  /** The probable hook or pattern, if the given one is unknown. */
  hook?: string;
  /** The hooks and patterns that the endpoint is registered for, if none of them resembles the given one. */
  registeredFor?: readonly string[];
  /** Whether the given endpoint is the name of a hook. */
  isHook?: true;
}

/** Maximum edit distance of two URLs or ids; with a larger one they are usually two endpoints. */
const maxEdits = 2;

/** Maximum length of the differing parts of two URLs, in characters. */
const maxCompared = 64;

/**
 * Guesses what was meant by a registration that does not exist. Pure.
 * @param written.target a URL, or an endpoint's name or id
 * @param written.id the id of the target
 * @param written.others ids of endpoints that are not registered, but have deliveries queued
 * @returns undefined if nothing in the file resembles it
 */
export function probablyMeant(
  hooks: Hooks,
  written: { target: string; id: string; hook?: string | undefined; others?: readonly string[] },
): ProbablyMeant | undefined {
  const { target, id, hook, others = [] } = written;
  const { registrations } = hooks;
  const registered = [...new Set(registrations.flatMap(({ endpoints }) => endpoints))];
  const own = registered.find((each) => idsOf(each).includes(id));
  if (own === undefined && registrations.some(({ pattern }) => pattern === target)) return { isHook: true };
  const unregistered = others.filter((other) => registered.every((each) => each.id !== other));
  const known: KnownEndpoint[] = [...registered, ...unregistered.map((other) => ({ id: other }))];
  const endpoint = own === undefined ? nearestEndpoint(target, known) : undefined;
  const meant: ProbablyMeant = {};
  if (endpoint !== undefined) meant.endpoint = endpoint;
  const wanted = (own ?? endpoint)?.id;
  const patterns = registrations.filter(({ endpoints }) => endpoints.some((each) => each.id === wanted));
  const names = patterns.map(({ pattern }) => pattern);
  if (hook !== undefined && names.length > 0 && !names.includes(hook)) {
    const nearest = suggest(hook, names);
    if (nearest === undefined) meant.registeredFor = names;
    else meant.hook = nearest;
  }
  return Object.keys(meant).length === 0 ? undefined : meant;
}

/** The ids by which an endpoint may be given. */
function idsOf({ id, url }: KnownEndpoint): string[] {
  return url === undefined ? [id] : [id, unnamedEndpointId(url)];
}

/** First choice: the same URL except for scheme, case, query or last slash. Second: one within {@link maxEdits}. */
function nearestEndpoint(target: string, known: readonly KnownEndpoint[]): KnownEndpoint | undefined {
  const others = known.filter(({ id }) => id !== target);
  const loose = loosen(target);
  const urls = others.flatMap((endpoint) =>
    endpoint.url !== undefined && 'value' in endpoint.url
      ? [{ endpoint, loose: loosen(endpoint.url.value) }]
      : [],
  );
  const same = urls.find((each) => each.loose === loose);
  if (same !== undefined) return same.endpoint;
  const names = others.map(({ id }) => id).filter((id) => !id.includes('~'));
  const name = suggest(target, names);
  if (name !== undefined) return others.find(({ id }) => id === name);
  const texts = [...urls, ...others.map((endpoint) => ({ endpoint, loose: endpoint.id }))];
  return texts.find((each) => isClose(each.loose, loose))?.endpoint;
}

/** Strips the parts of a URL that are easily mistyped. */
function loosen(url: string): string {
  const text = url.toLowerCase().replace(/^[a-z]+:\/*/, '');
  return text
    .replace(/[?#].*$/s, '')
    .replace(/:(?:80|443)(?=\/|$)/, '')
    .replace(/\/+$/, '');
}

function isClose(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > maxEdits) return false;
  const shorter = Math.min(a.length, b.length);
  let begin = 0;
  while (begin < shorter && a[begin] === b[begin]) begin += 1;
  let end = 0;
  while (end < shorter - begin && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [restOfA, restOfB] = [a.slice(begin, a.length - end), b.slice(begin, b.length - end)];
  if (Math.max(restOfA.length, restOfB.length) > maxCompared) return false;
  // In short texts, two changed letters usually mean another endpoint.
  return shorter > 2 * maxEdits && distance(restOfA, restOfB) <= maxEdits;
}
