/** Tree → draft: types, keys and shorthands. A value of the wrong type is a finding, and left out of the draft. */
import type { Draft, DraftEndpoint, DraftHook, DraftItem } from './draft.js';
import type { Finding } from './finding.js';
import { entriesOf, hasPlannedKey } from './keys.js';
import { draftUrl, readHeaders, readSign, readUrl } from './references.js';
import { DEFAULTS, readDefaults, readSettings, SETTINGS } from './settings.js';
import { isNothing, typeName, wrongType } from './types.js';
import type { Tree, TreeEntry, TreeMap } from './yaml-tree.js';

const TOP_KEYS = ['hooks', 'endpoints', 'defaults'];
const ENDPOINT_KEYS = ['url', 'headers', 'sign', ...SETTINGS];

/** Converts a hooks file to one form: shorthands written out, every value with its offset. */
export function normalise(tree: Tree | undefined, findings: Finding[]): Draft {
  const top = new Map<string, TreeEntry>();
  if (tree?.kind === 'map')
    for (const [key, entry] of entriesOf(tree, TOP_KEYS, findings)) top.set(key, entry);
  else if (tree !== undefined && !isNothing(tree)) {
    findings.push({ at: tree.at, message: `a hooks file begins with 'hooks:'; found ${typeName(tree)}` });
  }
  const hooks = section(top.get('hooks'), 'a hook', findings);
  const endpoints = section(top.get('endpoints'), 'an endpoint', findings);
  const defaults = top.get('defaults');
  const draft: Draft = {
    hooks: hooks.map((entry) => readHook(entry, findings)),
    endpoints: endpoints.flatMap((entry) => readNamed(entry, findings)),
    inline: [],
    defaults: defaults === undefined ? {} : defaultsOf(defaults, findings),
  };
  for (const { items } of draft.hooks)
    for (const item of items) if ('endpoint' in item) draft.inline.push(item.endpoint);
  return draft;
}

/** The entries of a map that may be empty or missing. */
function section(entry: TreeEntry | undefined, of: string, findings: Finding[]): readonly TreeEntry[] {
  if (entry === undefined || isNothing(entry.value)) return [];
  if (entry.value.kind === 'map') return entry.value.entries;
  wrongType(entry.value, `'${entry.key}' must be a map with ${of}'s name on each line`, findings);
  return [];
}

function defaultsOf({ value }: TreeEntry, findings: Finding[]): Draft['defaults'] {
  if (isNothing(value)) return {};
  if (value.kind === 'map') return readDefaults(entriesOf(value, DEFAULTS, findings), findings);
  wrongType(value, "'defaults' must be a map of settings", findings);
  return {};
}

function readHook({ key, at, value }: TreeEntry, findings: Finding[]): DraftHook {
  return { pattern: { at, value: key }, items: itemsOf(value).flatMap((item) => readItem(item, findings)) };
}

function itemsOf(value: Tree): readonly Tree[] {
  if (value.kind === 'list') return value.items;
  return isNothing(value) ? [] : [value];
}

function readItem(tree: Tree, findings: Finding[]): DraftItem[] {
  if (tree.kind === 'map') return [{ at: tree.at, endpoint: readEndpoint(tree, findings) }];
  if (tree.kind === 'scalar' && typeof tree.value === 'string') return [readText(tree.at, tree.value)];
  wrongType(tree, "this must be a URL, an endpoint's name, or a map with a 'url'", findings);
  return [];
}

/** A text with a scheme is a URL, any other is an endpoint's name. */
function readText(at: number, text: string): DraftItem {
  return text.includes('://') ? { at, endpoint: bareEndpoint(at, text) } : { at, name: text };
}

function readNamed({ key, at, value }: TreeEntry, findings: Finding[]): DraftEndpoint[] {
  const name = { at, value: key };
  if (value.kind === 'map') return [{ ...readEndpoint(value, findings), name, bare: false }];
  if (value.kind === 'scalar' && typeof value.value === 'string') {
    return [{ ...bareEndpoint(value.at, value.value), name, bare: false }];
  }
  wrongType(value, "an endpoint must be a URL or a map with a 'url'", findings);
  // Registrations may still use the name: one mistake is one problem.
  return [{ at, name, headers: [], sign: [], bare: false }];
}

function bareEndpoint(at: number, url: string): DraftEndpoint {
  return { at, url: draftUrl(at, { value: url }), headers: [], sign: [], bare: true };
}

function readEndpoint(map: TreeMap, findings: Finding[]): DraftEndpoint {
  const entries = entriesOf(map, ENDPOINT_KEYS, findings);
  const url = entries.get('url');
  if (url === undefined && !hasPlannedKey(map))
    findings.push({ at: map.at, message: "this endpoint has no 'url'" });
  return {
    at: map.at,
    url: url && readUrl(url, findings),
    headers: readHeaders(entries.get('headers'), findings),
    sign: readSign(entries.get('sign'), findings),
    ...readSettings(entries, findings),
    bare: entries.size === 1 && url !== undefined,
  };
}
