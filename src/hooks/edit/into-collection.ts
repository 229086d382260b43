import { isPair } from 'yaml';
import type { OpenFile } from './file.js';
import { type Collection, endOf, indentAt, lineEnd, linesAfter, type Splice, startOf } from './text.js';

/**
 * Adds an item to the end of a flow collection: on a line of its own if the last
 * item has one. Comma and comment of the last item stay.
 *
 * @param write formats the item, quoted like the given scalar
 */
export function intoCollection(file: OpenFile, into: Collection, write: (like: unknown) => string): Splice[] {
  const { text, eol } = file;
  const last = into.items.at(-1);
  const inside = startOf(into) + 1;
  if (last === undefined) return [{ from: inside, to: inside, put: write(undefined) }];
  const item = write(isPair(last) ? last.key : last);
  const [end, close] = [endOf(last), endOf(into) - 1];
  const indent = indentAt(text, startOf(last));
  if (indent === undefined || close < lineEnd(text, end)) return [{ from: end, to: end, put: `, ${item}` }];
  const hasComma = /^[ \t]*,/.test(text.slice(end, close));
  if (hasComma) return [linesAfter(text, end, [`${indent}${item},`], eol)];
  return [{ from: end, to: end, put: ',' }, linesAfter(text, end, [`${indent}${item}`], eol)];
}
