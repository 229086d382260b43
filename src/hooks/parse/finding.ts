import type { Problem } from '../../shared/errors.js';

/** Something that is wrong at an offset of a text. */
export interface Finding {
  at: number;
  message: string;
}

/** A value, and where it stands in the file. */
export interface Placed<T> {
  at: number;
  value: T;
}

const MAX_PROBLEMS = 1_000;

/**
 * A word of the file in quotes, if it can be shown: a short plain word. URLs,
 * addresses and anything with a space or a slash in it may be a secret in the
 * wrong place.
 */
export function quoted(word: string): string | undefined {
  return /^[\w.*<-]{1,40}$/.test(word) && !/^(whsec|whsk)_/.test(word) ? `'${word}'` : undefined;
}

/** Findings as lines and columns, in the file's order, each once; the first 1,000 of them. */
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

/** Turns offsets into lines and columns, which count from 1. */
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
