/** Registrations by the hooks that they are for: exact names in a map, patterns in a tree. */
import { createPatternIndex } from './pattern-index.js';

/** Finds the registrations for a hook. */
export interface HookIndex {
  /** The numbers of the registrations whose name or pattern matches the hook, ascending. */
  matching(hook: string): readonly number[];
  /** Whether a registration is for exactly this name. */
  has(hook: string): boolean;
}

/** Makes an index of names and patterns, numbered from 0 in the given order. */
export function createHookIndex(patterns: readonly string[]): HookIndex {
  const exact = new Map<string, number[]>();
  const wild: number[] = [];
  patterns.forEach((pattern, number) => {
    if (pattern.includes('*')) wild.push(number);
    else exact.set(pattern, [...(exact.get(pattern) ?? []), number]);
  });
  const tree = createPatternIndex(wild.map((number) => patterns[number]!));

  return {
    matching(hook) {
      const named = exact.get(hook) ?? [];
      if (wild.length === 0) return named;
      const matched = tree.matching(hook).map((at) => wild[at]!);
      return [...named, ...matched].sort((a, b) => a - b);
    },
    has: (hook) => exact.has(hook),
  };
}
