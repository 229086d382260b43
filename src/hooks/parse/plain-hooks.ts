/**
 * Hooks files that begin with `hooks:`, and have only URLs and names of
 * endpoints there, are read without the YAML library: it takes 50 µs for each
 * hook, and loading it is a tenth of a drain that has nothing to do. What is
 * read here has the same tree as by the library, which reads everything else.
 */
import { readDocument } from './yaml-source.js';
import { type Tree, type TreeEntry, type TreeMap, type TreeScalar, toTree } from './yaml-tree.js';

/** URLs whose characters all stand for themselves, in brackets, too. */
const URL = String.raw`https?://[\w.~:/?=&+%@!$;*-]*[\w~/=&+%-]`;
/** Names, and no words that YAML reads as another type. */
const NAME = String.raw`(?!(?:true|false|null)\b)[A-Za-z_][\w-]*`;
const ITEM = `(?:${URL}|${NAME})`;
const LINE_END = String.raw`(?:\n|$)`;

const SKIPPED = new RegExp(`(?: *(?:#[^\\n]*)?${LINE_END})*`, 'y');
const HOOK = new RegExp(
  `( +)([A-Za-z_][\\w.*-]{0,127}):(?: (?:(${ITEM})|\\[(${ITEM}(?:, ${ITEM})*)\\]))?${LINE_END}`,
  'yi',
);
const LISTED = new RegExp(`( +)- (${ITEM})${LINE_END}`, 'yi');
const TITLE = 'hooks:\n';

/** The tree of a hooks file; undefined if the library has to read all of it. Never throws. */
export function readPlainTree(text: string): TreeMap | undefined {
  const at = skip(text, 0);
  if (!text.startsWith(TITLE, at)) return undefined;
  const hooks = readHooks(text, skip(text, at + TITLE.length));
  if (hooks === undefined) return undefined;
  const others = readOthers(text, hooks.end);
  if (others === undefined || others.some(({ key }) => key === 'hooks')) return undefined;
  return { kind: 'map', at, entries: [{ key: 'hooks', at, value: hooks.tree }, ...others] };
}

/** What comes after the hooks, read by the library at the same offsets. */
function readOthers(text: string, from: number): readonly TreeEntry[] | undefined {
  const others = text.slice(from);
  if (others === '') return [];
  if (!/^[A-Za-z]/.test(others) || /^(?:---|\.\.\.|%)/m.test(others)) return undefined;
  const { document, findings } = readDocument(`${' '.repeat(from - 1)}\n${others}`);
  if (document === undefined || findings.length > 0) return undefined;
  const read = toTree(document);
  const isRead = read.broken === undefined && read.findings.length === 0;
  return isRead && read.tree?.kind === 'map' ? read.tree.entries : undefined;
}

function readHooks(text: string, from: number): { tree: TreeMap; end: number } | undefined {
  const entries = new Map<string, TreeEntry>();
  const indent = indentAt(text, from);
  let end = from;
  while (text[end] === ' ') {
    const hook = readHook(text, end, indent);
    if (hook === undefined || entries.has(hook.entry.key)) return undefined;
    entries.set(hook.entry.key, hook.entry);
    end = skip(text, hook.end);
  }
  if (entries.size === 0) return undefined;
  return { tree: { kind: 'map', at: from + indent, entries: [...entries.values()] }, end };
}

function readHook(text: string, from: number, indent: number): { entry: TreeEntry; end: number } | undefined {
  HOOK.lastIndex = from;
  const [, spaces, key, item, items] = HOOK.exec(text) ?? [];
  if (key === undefined || spaces?.length !== indent) return undefined;
  const end = HOOK.lastIndex;
  const at = from + indent;
  const valueAt = at + key.length + 2;
  const entry = (value: Tree): TreeEntry => ({ key, at, value });
  if (item !== undefined) return { entry: entry(scalar(valueAt, item)), end };
  if (items !== undefined) return { entry: entry(flowList(valueAt, items)), end };
  const list = readList(text, skip(text, end), indent);
  return list && { entry: entry(list.tree), end: list.end };
}

/** @param items of `[a, b]`, without the brackets */
function flowList(at: number, items: string): Tree {
  let next = at + 1;
  const scalars = items.split(', ').map((item) => {
    const one = scalar(next, item);
    next += item.length + 2;
    return one;
  });
  return { kind: 'list', at, items: scalars };
}

/** A list with an item on each line. @param least what it is indented by at least */
function readList(text: string, from: number, least: number): { tree: Tree; end: number } | undefined {
  const indent = indentAt(text, from);
  if (indent < least) return undefined;
  const items: TreeScalar[] = [];
  let end = from;
  while (indentAt(text, end) === indent) {
    LISTED.lastIndex = end;
    const [, , item] = LISTED.exec(text) ?? [];
    if (item === undefined) break;
    items.push(scalar(end + indent + 2, item));
    end = skip(text, LISTED.lastIndex);
  }
  return items.length === 0 ? undefined : { tree: { kind: 'list', at: from + indent, items }, end };
}

function scalar(at: number, value: string): TreeScalar {
  return { kind: 'scalar', at, value };
}

/** The offset after lines that are empty, or comments. */
function skip(text: string, from: number): number {
  SKIPPED.lastIndex = from;
  SKIPPED.test(text);
  return SKIPPED.lastIndex;
}

function indentAt(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at += 1;
  return at - from;
}
