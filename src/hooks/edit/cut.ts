/**
 * Removes registrations by editing the text. For an unforeseen layout the result
 * is undefined or wrong; the caller checks it.
 */
import { isMap, isSeq, type Node, type Pair, type YAMLSeq } from 'yaml';
import type { Removal } from './data.js';
import type { OpenFile } from './file.js';
import {
  type Collection,
  dashesOf,
  endOf,
  entryAt,
  indentAt,
  lineEnd,
  lineStart,
  type Splice,
  splice,
  startOf,
} from './text.js';

/** Removes items from the text, and hooks that have none left. @returns undefined for an unforeseen layout */
export function cutItems(file: OpenFile, removal: Removal): string | undefined {
  const pair = entryAt(file.document.contents, 'hooks');
  if (pair === undefined || !isMap(pair.value)) return undefined;
  const hooks = pair.value;
  const empty = new Set<number>();
  const splices: (Splice | undefined)[] = [];
  for (const [index, items] of removal) {
    if (items.size === file.draft.hooks[index]!.items.length) empty.add(index);
    else splices.push(...fromHook(file, hooks.items[index] as Pair<Node, Node>, items));
  }
  splices.push(...(hooks.flow ? fromFlow(file.text, hooks, empty) : fromBlock(file, hooks, empty)));
  if (!hooks.flow && empty.size === hooks.items.length) splices.push(emptyMap(file.text, pair.key));
  const sure = splices.filter((one) => one !== undefined);
  return sure.length === splices.length ? splice(file.text, sure) : undefined;
}

function fromHook(
  file: OpenFile,
  { value }: Pair<Node, Node>,
  items: ReadonlySet<number>,
): (Splice | undefined)[] {
  // An alias stays: the list it refers to is edited, if necessary.
  if (!isSeq(value)) return [];
  return value.flow ? fromFlow(file.text, value, items) : fromBlockList(file.text, value, items);
}

function fromBlockList(text: string, seq: YAMLSeq, items: ReadonlySet<number>): (Splice | undefined)[] {
  const dashes = dashesOf(seq);
  return [...items].map((item) => wholeLines(text, dashes[item], endOf(seq.items[item])));
}

function fromBlock({ text }: OpenFile, map: Collection, pairs: ReadonlySet<number>): (Splice | undefined)[] {
  return [...pairs].map((index) => wholeLines(text, startOf(map.items[index]), endOf(map.items[index])));
}

function wholeLines(text: string, start: number | undefined, end: number): Splice | undefined {
  if (start === undefined || indentAt(text, start) === undefined) return undefined;
  return { from: lineStart(text, start), to: lineEnd(text, end), put: '' };
}

/** From a flow collection: whole lines if an item is alone on them, else the item and one comma. */
function fromFlow(text: string, from: Collection, removed: ReadonlySet<number>): (Splice | undefined)[] {
  const kept = from.items.findIndex((_, index) => !removed.has(index));
  return [...removed].map((index) => {
    const [start, end] = [startOf(from.items[index]), endOf(from.items[index])];
    const rest = text.slice(end, lineEnd(text, end));
    if (/^[ \t]*,?[ \t]*(#.*)?\r?\n$/.test(rest)) {
      const lines = wholeLines(text, start, end);
      if (lines !== undefined) return lines;
    }
    const [before, after] = [from.items[index - 1], from.items[index + 1]];
    if (kept >= 0 && kept < index) return onOneLine(text, endOf(before), end);
    return onOneLine(text, start, after === undefined ? end : startOf(after));
  });
}

/** Cuts a part of one line, unless a comment would be lost with it. */
function onOneLine(text: string, from: number, to: number): Splice | undefined {
  return /[\n#]/.test(text.slice(from, to).replaceAll(/(?<=\S)#/g, '')) ? undefined : { from, to, put: '' };
}

/** Writes `{}` after a `hooks:` whose last entry was removed. */
function emptyMap(text: string, key: Node): Splice | undefined {
  const colon = endOf(key);
  return text[colon] === ':' ? { from: colon + 1, to: colon + 1, put: ' {}' } : undefined;
}
