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
  built: Map<Node, { tree: Tree; size: number }>;
  open: Set<Node>;
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
    aliased: 0,
    broken: undefined,
  };
  const tree = document.contents === null ? undefined : build(document.contents, builder).tree;
  return { tree, findings: builder.findings, broken: builder.broken };
}

/** The text of a map's key as written: `404` and `true` are names like any other. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  if (typeof key.value === 'string') return key.value;
  return key.type === Scalar.PLAIN ? (key.source ?? '') : String(key.value ?? '');
}

function build(node: Node, builder: Builder): { tree: Tree; size: number } {
  if (isAlias(node)) return follow(node, node.source, builder);
  const anchor = 'anchor' in node ? node.anchor : undefined;
  if (typeof anchor === 'string') builder.anchors.set(anchor, node);
  builder.open.add(node);
  const built = isCollection(node) ? buildCollection(node, builder) : buildScalar(node);
  builder.open.delete(node);
  builder.built.set(node, built);
  return built;
}

function buildScalar(node: Node): { tree: Tree; size: number } {
  return { tree: { kind: 'scalar', at: offsetOf(node), value: isScalar(node) ? node.value : null }, size: 1 };
}

function buildCollection(node: Node & { items: unknown[] }, builder: Builder): { tree: Tree; size: number } {
  if (isMap(node)) return buildMap(node, builder);
  const children = node.items.map((item) => build(item as Node, builder));
  return {
    tree: { kind: 'list', at: offsetOf(node), items: children.map((one) => one.tree) },
    size: sizeOf(children),
  };
}

function buildMap(node: Node & { items: unknown[] }, builder: Builder): { tree: Tree; size: number } {
  const entries = new Map<string, TreeEntry>();
  const children: { size: number }[] = [];
  for (const pair of node.items.filter(isPair)) {
    const key = build(pair.key as Node, builder);
    const at = offsetOf(pair.key as Node);
    const value = pair.value === null ? buildNothing(at) : build(pair.value as Node, builder);
    children.push(key, value);
    const text = keyText(isAlias(pair.key) ? builder.anchors.get(pair.key.source) : pair.key);
    if (text === undefined)
      builder.findings.push({ at, message: 'a key must be a name, not a list or a map' });
    else if (entries.has(text))
      builder.findings.push({ at, message: `duplicate key ${quoted(text) ?? ''}`.trim() });
    else entries.set(text, { key: text, at, value: value.tree });
  }
  return {
    tree: { kind: 'map', at: offsetOf(node), entries: [...entries.values()] },
    size: sizeOf(children),
  };
}

/** A key without a value: `{a}`. */
function buildNothing(at: number): { tree: Tree; size: number } {
  return { tree: { kind: 'scalar', at, value: null }, size: 1 };
}

function follow(alias: Node, name: string, builder: Builder): { tree: Tree; size: number } {
  const target = builder.anchors.get(name);
  const at = offsetOf(alias);
  if (target === undefined) {
    const message = `nothing above is named by the anchor '&…' that this alias '*…' refers to`;
    builder.findings.push({ at, message });
    return buildNothing(at);
  }
  const giveUp = (message: string) => {
    builder.broken ??= { at, message };
    return buildNothing(at);
  };
  if (builder.open.has(target)) return giveUp('this alias contains itself');
  const built = builder.built.get(target)!;
  builder.aliased += built.size;
  if (builder.aliased <= MAX_ALIASED) return built;
  return giveUp(`the aliases up to here repeat more than ${MAX_ALIASED} values; write them out or use fewer`);
}

function sizeOf(children: readonly { size: number }[]): number {
  return children.reduce((sum, child) => sum + child.size, 1);
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
