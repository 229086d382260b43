import type { Problem } from '../../shared/errors.js';

/** A problem at an offset of a text. */
export interface Finding {
  at: number;
  message: string;
}

/** A value and its offset in the file. */
export interface Positioned<T> {
  at: number;
  value: T;
}

const MAX_PROBLEMS = 1_000;

/**
 * Quotes a short plain word of the file; undefined for any other text. A URL, an
 * address or a text with a space or a slash may be a misplaced secret.
 */
export function quoted(word: string): string | undefined {
  return /^[\w.*<-]{1,40}$/.test(word) && !/^(whsec|whsk)_/.test(word) ? `'${word}'` : undefined;
}

/** Converts findings to lines and columns, in the file's order, without duplicates; at most 1,000. */
export function toProblems(findings: readonly Finding[], text: string): Problem[] {
  const locate = locator(text);
  const unique = new Map(findings.map((finding) => [`${finding.at} ${finding.message}`, finding]));
  const sorted = [...unique.values()].sort((a, b) => a.at - b.at);
  const problems: Problem[] = sorted
    .slice(0, MAX_PROBLEMS)
    .map(({ at, message }) => ({ message, ...locate(at) }));
  const more = sorted.length - problems.length;
  return more === 0 ? problems : [...problems, { message: `and ${more} more problems` }];
}

/** Returns a function from offsets to lines and columns, which count from 1. */
function locator(text: string): (at: number) => { line: number; column: number } {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return (at) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - starts[low]! + 1 };
  };
}
