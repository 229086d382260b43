/**
 * The same edits on the YAML library's document, which then rewrites the whole
 * file. Values and comments stay, the layout may change. Aliases are expanded
 * first, so that a change to one hook does not change another.
 */
import { type Document, isMap, isScalar, isSeq, type Node, visit, YAMLMap, YAMLSeq } from 'yaml';
import { readDocument } from '../parse/yaml-source.js';
import { keyText } from '../parse/yaml-tree.js';
import type { Removal } from './data.js';
import type { OpenFile } from './file.js';
import { type Entry, entryAt } from './text.js';

/** Rewrites the file with an item added to a hook's list. */
export function rewriteWithItem(file: OpenFile, hook: string, item: string): string {
  const document = withoutAliases(file);
  const top = document.contents as Node | null;
  if (!isMap(top)) document.contents = succeed(new YAMLMap(), top);
  const hooks = childOf(document, document.contents as YAMLMap, 'hooks', new YAMLMap());
  if (!isMap(hooks.value)) hooks.value = succeed(new YAMLMap(), hooks.value);
  const list = childOf(document, hooks.value as YAMLMap, hook, new YAMLSeq());
  if (!isSeq(list.value)) list.value = listWith(list.value);
  (list.value as YAMLSeq).add(document.createNode(item));
  return write(document, file);
}

/** Rewrites the file without some items. */
export function rewriteWithout(file: OpenFile, removal: Removal): string {
  const document = withoutAliases(file);
  const hooks = entryAt(document.contents, 'hooks')!.value as unknown as YAMLMap<Node, Node>;
  hooks.items = hooks.items.filter((pair, index) => {
    const items = removal.get(index);
    if (items === undefined) return true;
    if (!isSeq(pair.value)) return false;
    pair.value.items = pair.value.items.filter((_, item) => !items.has(item));
    return pair.value.items.length > 0;
  });
  return write(document, file);
}

function withoutAliases({ text }: OpenFile): Document<Node> {
  const document = readDocument(text).document! as unknown as Document<Node>;
  visit(document, { Alias: (_, alias) => succeed(alias.resolve(document)!.clone() as Node, alias) });
  visit(document, {
    Value: (_, node) => {
      delete node.anchor;
    },
  });
  return document;
}

function childOf(document: Document<Node>, map: YAMLMap, key: string, value: Node): Entry {
  const pair = map.items.find((each) => keyText(each.key) === key);
  if (pair === undefined) map.add(document.createPair(key, value));
  else pair.value ??= value; // the key in `{a}` has no value
  return entryAt(map, key)!;
}

function listWith(value: Node): YAMLSeq {
  const list = new YAMLSeq();
  if (isScalar(value) && value.value === null) return succeed(list, value);
  list.add(value);
  return list;
}

/** Takes over the comments of the node that it replaces. */
function succeed<T extends Node>(node: T, before: Node | null): T {
  const comments = [before?.commentBefore, before?.comment].filter((comment) => comment != null);
  if (comments.length > 0) node.commentBefore = comments.join('\n');
  return node;
}

function write(document: Document<Node>, { eol }: OpenFile): string {
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  return eol === '\n' ? text : text.replaceAll(/\r?\n/g, eol);
}
