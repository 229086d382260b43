const MAX_LENGTH = 64;

/**
 * Finds the candidate that a mistyped word was probably meant to be: the nearest
 * by Damerau-Levenshtein distance, ignoring case. At most a third of the word may differ.
 *
 * @example
 * suggest('tiemout', ['timeout', 'retry']); // 'timeout'
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  let nearest: string | undefined;
  let limit = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) >= limit) continue;
    const found = distance(word.toLowerCase(), candidate.toLowerCase());
    if (found >= limit) continue;
    nearest = candidate;
    limit = found;
  }
  return nearest;
}

/** Damerau-Levenshtein distance: letters to insert, remove or replace, or neighbours to swap. */
export function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= a.length; row++) {
    const above = rows[row - 1]!;
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swap = swapped ? rows[row - 2]![column - 2]! + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(replaced, above[column]! + 1, current[column - 1]! + 1, swap));
    }
    rows.push(current);
  }
  return rows[a.length]![b.length]!;
}
