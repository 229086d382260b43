/**
 * A YAML document → a plain tree with offsets: aliases resolved, keys as text.
 * Shared nodes stay shared, and the number of aliased values is bounded, so that
 * aliases of aliases cannot exhaust memory.
 */
import { type Document, isAlias, isCollection, isMap, isPair, isScalar, type Node, Scalar } from 'yaml';
import { type Finding, quoted } from './finding.js';

/** One node of the file. Only the first of several equal keys is kept. */
export type Tree = TreeScalar | TreeList | TreeMap;
export interface TreeScalar {
  kind: 'scalar';
  at: number;
  value: unknown;
}
export interface TreeList {
  kind: 'list';
  at: number;
  items: Tree[];
}
export interface TreeMap {
  kind: 'map';
  at: number;
  entries: TreeEntry[];
}
export interface TreeEntry {
  key: string;
  at: number;
  value: Tree;
}

const MAX_ALIASED = 100_000;

interface Builder {
  findings: Finding[];
  anchors: Map<string, Node>;
  /** Of nodes with an anchor, since only those can be aliased. */
  built: Map<Node, { tree: Tree; size: number }>;
  open: Set<Node>;
  /** Number of values so far, aliased ones included. */
  size: number;
  aliased: number;
  /** The first alias that was not resolved; the rest of the tree cannot be trusted. */
  broken: Finding | undefined;
}

/** The tree of a document (undefined if it is empty), and the problems with its keys and aliases. */
export function toTree(document: Document): {
  tree: Tree | undefined;
  findings: Finding[];
  /** An alias that contains itself, or too many aliases; all other findings are then meaningless. */
  broken: Finding | undefined;
} {
  const builder: Builder = {
    findings: [],
    anchors: new Map(),
    built: new Map(),
    open: new Set(),
    size: 0,
    aliased: 0,
    broken: undefined,
  };
  const tree = document.contents === null ? undefined : build(document.contents, builder);
  return { tree, findings: builder.findings, broken: builder.broken };
}

/** The text of a map's key as written: `404` and `true` are names like any other. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  if (typeof key.value === 'string') return key.value;
  return key.type === Scalar.PLAIN ? (key.source ?? '') : String(key.value ?? '');
}

function build(node: Node, builder: Builder): Tree {
  if (isAlias(node)) return follow(node, node.source, builder);
  const anchor = 'anchor' in node ? node.anchor : undefined;
  return typeof anchor === 'string' ? buildAnchored(node, anchor, builder) : buildNode(node, builder);
}

function buildAnchored(node: Node, anchor: string, builder: Builder): Tree {
  builder.anchors.set(anchor, node);
  builder.open.add(node);
  const before = builder.size;
  const tree = buildNode(node, builder);
  builder.open.delete(node);
  builder.built.set(node, { tree, size: builder.size - before });
  return tree;
}

function buildNode(node: Node, builder: Builder): Tree {
  builder.size += 1;
  if (isMap(node)) return buildMap(node, builder);
  const at = offsetOf(node);
  if (!isCollection(node)) return { kind: 'scalar', at, value: isScalar(node) ? node.value : null };
  return { kind: 'list', at, items: node.items.map((item) => build(item as Node, builder)) };
}

function buildMap(node: Node & { items: unknown[] }, builder: Builder): Tree {
  const entries = new Map<string, TreeEntry>();
  for (const pair of node.items.filter(isPair)) {
    const key = pair.key as Node;
    build(key, builder);
    const at = offsetOf(key);
    const value = pair.value === null ? buildNothing(at, builder) : build(pair.value as Node, builder);
    const text = keyText(isAlias(key) ? builder.anchors.get(key.source) : key);
    if (text === undefined)
      builder.findings.push({ at, message: 'a key must be a name, not a list or a map' });
    else if (entries.has(text))
      builder.findings.push({ at, message: `duplicate key ${quoted(text) ?? ''}`.trim() });
    else entries.set(text, { key: text, at, value });
  }
  return { kind: 'map', at: offsetOf(node), entries: [...entries.values()] };
}

/** A key without a value: `{a}`. */
function buildNothing(at: number, builder: Builder): Tree {
  builder.size += 1;
  return { kind: 'scalar', at, value: null };
}

function follow(alias: Node, name: string, builder: Builder): Tree {
  const target = builder.anchors.get(name);
  const at = offsetOf(alias);
  if (target === undefined) {
    const message = `nothing above is named by the anchor '&…' that this alias '*…' refers to`;
    builder.findings.push({ at, message });
    return buildNothing(at, builder);
  }
  const giveUp = (message: string) => {
    builder.broken ??= { at, message };
    return buildNothing(at, builder);
  };
  if (builder.open.has(target)) return giveUp('this alias contains itself');
  const built = builder.built.get(target)!;
  builder.aliased += built.size;
  builder.size += built.size;
  if (builder.aliased <= MAX_ALIASED) return built.tree;
  return giveUp(`the aliases up to here repeat more than ${MAX_ALIASED} values; write them out or use fewer`);
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
