import { suggest } from '../../shared/suggest.js';
import { type Finding, quoted } from './finding.js';
import type { TreeEntry, TreeMap } from './yaml-tree.js';

/** Keys of the format that this version does not support. */
const PLANNED: ReadonlySet<string> = new Set([
  ...['from', 'auth', 'tls', 'network', 'allow', 'deny', 'trustProxy', 'staleFor'],
]);

/** A map's entries by key; every unknown key is a finding. */
export function entriesOf(
  map: TreeMap,
  known: readonly string[],
  findings: Finding[],
): Map<string, TreeEntry> {
  for (const { key, at } of map.entries) {
    if (!known.includes(key)) findings.push({ at, message: whyNot(key, known) });
  }
  return new Map(map.entries.map((entry) => [entry.key, entry]));
}

/** Whether a map has a key of a later version. Missing keys are then not reported. */
export function hasPlannedKey(map: TreeMap): boolean {
  return map.entries.some((entry) => PLANNED.has(entry.key));
}

function whyNot(key: string, known: readonly string[]): string {
  if (PLANNED.has(key)) return `'${key}' is not supported by this version of capnhook`;
  const nearest = suggest(key, known);
  const rest = nearest === undefined ? `known here: ${known.join(', ')}` : `did you mean '${nearest}'?`;
  return `unknown key${quoted(key) === undefined ? '' : ` ${quoted(key)}`}; ${rest}`;
}
