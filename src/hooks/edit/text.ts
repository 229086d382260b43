/** Offsets in a text and in its parsed nodes. */
import {
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Node,
  type Pair,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { keyText } from '../parse/yaml-tree.js';

/** A replacement of the text between two offsets. */
export interface Splice {
  from: number;
  to: number;
  put: string;
}

/** A collection in either style. */
export type Collection = YAMLMap | YAMLSeq;

/** A key and its value, both present. */
export type Entry = Pair<Node, Node> & { value: Node };

/** Applies splices, which must not overlap. */
export function splice(text: string, splices: readonly Splice[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { from, to, put } of [...splices].sort((a, b) => a.from - b.from || a.to - b.to)) {
    pieces.push(text.slice(at, from), put);
    at = to;
  }
  return pieces.join('') + text.slice(at);
}

/** The start of an offset's line. */
export function lineStart(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
}

/** The end of the line on which something ends, line break included. */
export function lineEnd(text: string, end: number): number {
  if (text[end - 1] === '\n') return end;
  const at = text.indexOf('\n', end);
  return at < 0 ? text.length : at + 1;
}

/** The indent before an offset; undefined if there is other text before it on its line. */
export function indentAt(text: string, at: number): string | undefined {
  const before = text.slice(lineStart(text, at), at);
  return before.trim() === '' ? before : undefined;
}

/** Inserts whole lines after the line on which something ends. */
export function linesAfter(text: string, end: number, lines: readonly string[], eol: string): Splice {
  const at = lineEnd(text, end);
  const complete = at === 0 || text[at - 1] === '\n';
  return {
    from: at,
    to: at,
    put: complete ? lines.map((line) => line + eol).join('') : eol + lines.join(eol),
  };
}

/** The start of a node or pair; anchors and tags are before it. */
export function startOf(node: unknown): number {
  return isPair(node) ? startOf(node.key) : ((node as Node).range?.[0] ?? 0);
}

/** The end of the last value in a node or pair; comments and line breaks are after it. */
export function endOf(node: unknown): number {
  if (isPair(node)) return endOf(node.value ?? node.key);
  const last = isCollection(node) && !node.flow ? node.items.at(-1) : undefined;
  return last === undefined ? ((node as Node).range?.[1] ?? 0) : endOf(last);
}

/** The entry of a map with this key; undefined if it has no value, as in `{a}`. */
export function entryAt(map: unknown, key: string): Entry | undefined {
  const pair = isMap(map) ? map.items.find((one) => keyText(one.key) === key) : undefined;
  return pair === undefined || pair.value === null ? undefined : (pair as Entry);
}

/** The offsets of a block list's dashes. */
export function dashesOf(seq: YAMLSeq): number[] {
  if (seq.srcToken?.type !== 'block-seq') return [];
  return seq.srcToken.items.flatMap(({ start }) =>
    start.filter(({ type }) => type === 'seq-item-ind').map(({ offset }) => offset),
  );
}

/** Formats a text as a YAML scalar that is safe in every context, quoted like its sibling. */
export function scalarLike(text: string, sibling: unknown): string {
  const style = isScalar(sibling) ? sibling.type : undefined;
  if (style === Scalar.QUOTE_SINGLE && /^[ -~]*$/.test(text)) return `'${text.replaceAll("'", "''")}'`;
  const plain = /^[A-Za-z_][\w.\-/:?=&%+~@;$()!*']*$/.test(text) && !text.endsWith(':') && !isWord(text);
  return plain && style !== Scalar.QUOTE_DOUBLE ? text : JSON.stringify(text);
}

/** Whether some YAML parsers would not read a word as text. */
function isWord(text: string): boolean {
  return /^(null|true|false|yes|no|on|off|y|n)$/i.test(text);
}
