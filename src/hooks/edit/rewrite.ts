/**
 * The same edits by way of the library's document, which then writes the whole
 * file anew: values and comments stay, the layout may not. Aliases are written
 * out first, so that a change to one hook is no change to another.
 */
import { type Document, isMap, isScalar, isSeq, type Node, visit, YAMLMap, YAMLSeq } from 'yaml';
import { readDocument } from '../parse/yaml-source.js';
import { keyText } from '../parse/yaml-tree.js';
import type { Gone } from './data.js';
import type { OpenFile } from './file.js';
import { type Entry, entryAt } from './text.js';

/** The file, written anew, with an item more in a hook's list. */
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

/** The file, written anew, without some items. */
export function rewriteWithout(file: OpenFile, gone: Gone): string {
  const document = withoutAliases(file);
  const hooks = entryAt(document.contents, 'hooks')!.value as unknown as YAMLMap<Node, Node>;
  hooks.items = hooks.items.filter((pair, index) => {
    const items = gone.get(index);
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
  else pair.value ??= value; // in `{a}` it has none
  return entryAt(map, key)!;
}

function listWith(value: Node): YAMLSeq {
  const list = new YAMLSeq();
  if (isScalar(value) && value.value === null) return succeed(list, value);
  list.add(value);
  return list;
}

/** Takes the comments of what stood there. */
function succeed<T extends Node>(node: T, before: Node | null): T {
  const comments = [before?.commentBefore, before?.comment].filter((comment) => comment != null);
  if (comments.length > 0) node.commentBefore = comments.join('\n');
  return node;
}

function write(document: Document<Node>, { eol }: OpenFile): string {
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  return eol === '\n' ? text : text.replaceAll(/\r?\n/g, eol);
}
