/**
 * Adds a registration by editing the text. For an unforeseen layout the result is
 * undefined or wrong; the caller checks it.
 */
import { isAlias, isCollection, isMap, isSeq, type Node, type YAMLMap } from 'yaml';
import { type DataMap, flowText } from './data.js';
import type { OpenFile } from './file.js';
import { intoCollection } from './into-collection.js';
import {
  dashesOf,
  type Entry,
  endOf,
  entryAt,
  indentAt,
  lineEnd,
  linesAfter,
  type Splice,
  scalarLike,
  splice,
  startOf,
} from './text.js';

/** Adds an item to a hook's list. @returns undefined for an unforeseen layout */
export function insertItem(file: OpenFile, hook: string, item: string): string | undefined {
  const splices = intoTop(file, hook, item);
  return splices && splice(file.text, splices);
}

function intoTop(file: OpenFile, hook: string, item: string): Splice[] | undefined {
  const { text, eol } = file;
  const top = file.document.contents as unknown as Node | null;
  const lines = ['hooks:', `  ${scalarLike(hook, undefined)}:`, `    - ${scalarLike(item, undefined)}`];
  if (top === null) return [linesAfter(text, text.length, lines, eol)];
  if (!isMap(top)) return undefined;
  const hooks = entryAt(top, 'hooks');
  if (hooks === undefined) {
    const flow = (like: unknown) => `${scalarLike('hooks', like)}: {${entry(hook, item, like)}}`;
    return top.flow ? intoCollection(file, top, flow) : [linesAfter(text, endOf(top), lines, eol)];
  }
  if (isEmpty(hooks.value, text)) return top.flow ? undefined : unfold(file, hooks, lines.slice(1));
  return isMap(hooks.value) ? intoHooks(file, hooks.value, hook, item) : undefined;
}

function intoHooks(file: OpenFile, hooks: YAMLMap, hook: string, item: string): Splice[] | undefined {
  const pair = entryAt(hooks, hook);
  if (pair !== undefined) return intoHook(file, pair, item, hooks.flow === true);
  if (hooks.flow) return intoCollection(file, hooks, (like) => entry(hook, item, like));
  const last = hooks.items.at(-1) as Entry;
  const indent = indentAt(file.text, startOf(last));
  if (indent === undefined) return undefined;
  const key = `${indent}${scalarLike(hook, last.key)}:`;
  const sibling = isSeq(last.value) ? last.value.items.at(-1) : last.value;
  const value = scalarLike(item, sibling);
  const lines =
    isSeq(last.value) && last.value.flow
      ? [`${key} [${value}]`]
      : [key, `${dashIndent(file, last)}- ${value}`];
  return [linesAfter(file.text, endOf(last), lines, file.eol)];
}

function intoHook(file: OpenFile, pair: Entry, item: string, inFlow: boolean): Splice[] | undefined {
  const { value } = pair;
  if (isSeq(value)) {
    if (value.flow) return intoCollection(file, value, (like) => scalarLike(item, like));
    const line = `${dashIndent(file, pair)}- ${scalarLike(item, value.items.at(-1))}`;
    return [linesAfter(file.text, endOf(value), [line], file.eol)];
  }
  if (isAlias(value)) return copyOut(file, pair, item);
  if (inFlow) return wrapInFlow(value, item);
  if (isEmpty(value, file.text))
    return unfold(file, pair, [`${dashIndent(file, pair)}- ${scalarLike(item, undefined)}`]);
  return wrapInBlock(file, pair, item);
}

/** Replaces an alias by a list of its own, so that the hook it refers to does not change. */
function copyOut({ draft, data }: OpenFile, { key, value }: Entry, item: string): Splice[] {
  const index = draft.hooks.findIndex(({ pattern }) => pattern.at === startOf(key));
  const hooks = (data as DataMap).pairs.find(([name]) => name === 'hooks')?.[1] as DataMap;
  const items = hooks.pairs[index]?.[1];
  const copied = Array.isArray(items) ? [...items, item] : [items, item];
  return [{ from: startOf(value), to: endOf(value), put: flowText(copied) }];
}

function wrapInFlow(value: Node, item: string): Splice[] {
  const [from, to] = [startOf(value), endOf(value)];
  return [
    { from, to: from, put: '[' },
    { from: to, to, put: `, ${scalarLike(item, value)}]` },
  ];
}

/** Turns a single item into the first of a block list; a comment after it stays after it. */
function wrapInBlock(file: OpenFile, pair: Entry, item: string): Splice[] | undefined {
  const { text, eol } = file;
  const [start, end] = [startOf(pair.value), endOf(pair.value)];
  const added = (indent: string) =>
    linesAfter(text, end, [`${indent}- ${scalarLike(item, pair.value)}`], eol);
  const own = indentAt(text, start);
  if (own !== undefined) {
    const body = text.slice(start, end).replaceAll(/\n(?=[^\r\n])/g, '\n  ');
    return [{ from: start, to: end, put: `- ${body}` }, added(own)];
  }
  const keyEnd = endOf(pair.key);
  const colon = /^:[ \t]+$/.exec(text.slice(keyEnd, start));
  if (colon === null) return undefined;
  const indent = dashIndent(file, pair);
  return [{ from: keyEnd + 1, to: start, put: `${eol}${indent}- ` }, added(indent)];
}

/** Puts lines under a key whose value is missing, `null` or `{}`. */
function unfold({ text, eol }: OpenFile, { key, value }: Entry, lines: readonly string[]): Splice[] {
  const [from, to] = [startOf(value), endOf(value)];
  const blank = from < to && text.slice(endOf(key) + 1, from).trim() === '' ? endOf(key) + 1 : from;
  const below = linesAfter(text, lineEnd(text, to) === to ? endOf(key) : to, lines, eol);
  return from === to ? [below] : [{ from: blank, to, put: '' }, below];
}

/** The indent of a hook's dashes: the existing one, or two columns right of the key. */
function dashIndent({ text }: OpenFile, { key, value }: Entry): string {
  const dash = isSeq(value) && !value.flow ? dashesOf(value).at(-1) : undefined;
  const indent = dash === undefined ? undefined : indentAt(text, dash);
  return indent ?? `${indentAt(text, startOf(key)) ?? ''}  `;
}

function entry(hook: string, item: string, like: unknown): string {
  return `${scalarLike(hook, like)}: [${scalarLike(item, like)}]`;
}

function isEmpty(value: Node, text: string): boolean {
  const source = text.slice(startOf(value), endOf(value));
  return isCollection(value) ? /^\{\s*\}$/.test(source) : /^(~|null|Null|NULL)?$/.test(source);
}
