import type { Secret } from '../../endpoint/endpoint.js';
import { parseWebhookUrl } from '../../event/webhook-url.js';
import type { DraftEndpoint, DraftUrl } from './draft.js';
import type { Finding, Positioned } from './finding.js';
import { entriesOf } from './keys.js';
import { readText, wrongType } from './types.js';
import type { Tree, TreeEntry } from './yaml-tree.js';

const REFERENCES = ['env', 'file', 'credential'] as const;

/** Reads an endpoint's URL: text or a reference. */
export function readUrl({ value }: TreeEntry, findings: Finding[]): DraftUrl | undefined {
  const read = readSecret(value, "'url' must be a URL or a reference such as {env: NAME}", findings);
  return read && draftUrl(read.at, read.value);
}

/** A URL or a reference at an offset. */
export function draftUrl(at: number, value: Secret): DraftUrl {
  return { at, value, normal: normalUrl(value) };
}

function normalUrl(url: Secret): Secret | undefined {
  if (!('value' in url)) return url;
  const parsed = parseWebhookUrl(url.value);
  if (!parsed.ok) return undefined;
  return parsed.url === url.value ? url : { value: parsed.url };
}

/** Reads an endpoint's headers, each a text or a reference. */
export function readHeaders(entry: TreeEntry | undefined, findings: Finding[]): DraftEndpoint['headers'] {
  if (entry === undefined) return [];
  if (entry.value.kind !== 'map') {
    wrongType(entry.value, "'headers' must be a map of names and values", findings);
    return [];
  }
  return entry.value.entries.flatMap(({ key, at, value }) => {
    const must = "a header's value must be text (put a number in quotes) or a reference such as {env: NAME}";
    const read = readSecret(value, must, findings);
    return read === undefined ? [] : [{ name: { at, value: key }, value: read }];
  });
}

/** Reads the signing secrets: one reference or a list of references, never a literal secret. */
export function readSign(entry: TreeEntry | undefined, findings: Finding[]): Positioned<Secret>[] {
  if (entry === undefined) return [];
  const trees = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  return trees.flatMap((tree) => {
    const read = readReference(
      tree,
      "'sign' takes secrets by reference: {env: NAME} or {file: PATH}",
      findings,
    );
    return read === undefined ? [] : [read];
  });
}

function readSecret(tree: Tree, must: string, findings: Finding[]): Positioned<Secret> | undefined {
  if (tree.kind !== 'scalar') return readReference(tree, must, findings);
  const text = readText(tree, must, findings);
  return text && { at: text.at, value: { value: text.value } };
}

function readReference(tree: Tree, must: string, findings: Finding[]): Positioned<Secret> | undefined {
  if (tree.kind !== 'map') return wrongType(tree, must, findings);
  const entries = entriesOf(tree, REFERENCES, findings);
  const given = REFERENCES.filter((kind) => entries.has(kind));
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    const message = "a reference has exactly one of 'env', 'file' and 'credential'";
    if (kind !== undefined || entries.size === 0) findings.push({ at: tree.at, message });
    return undefined;
  }
  const text = readText(entries.get(kind)!.value, `'${kind}' must be text`, findings);
  return text && { at: text.at, value: { [kind]: text.value } as Secret };
}
