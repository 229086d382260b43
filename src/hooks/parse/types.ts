import type { Finding, Placed } from './finding.js';
import type { Tree } from './yaml-tree.js';

/** Whether nothing is written there (or `null`). */
export function isNothing(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === null;
}

/** What stands there, for a message; never the value itself. */
export function found(tree: Tree): string {
  if (tree.kind !== 'scalar') return `a ${tree.kind}`;
  if (tree.value === null) return 'nothing';
  if (typeof tree.value === 'string') return 'text';
  if (typeof tree.value === 'boolean') return 'true or false';
  return typeof tree.value === 'number' || typeof tree.value === 'bigint'
    ? 'a number'
    : 'a value of another type';
}

/** Notes that a value is not of the type it must have. */
export function wrongType(tree: Tree, must: string, findings: Finding[]): undefined {
  findings.push({ at: tree.at, message: `${must}; found ${found(tree)}` });
}

/** A text with its place; anything else is a finding. */
export function readText(tree: Tree, must: string, findings: Finding[]): Placed<string> | undefined {
  if (tree.kind === 'scalar' && typeof tree.value === 'string') return { at: tree.at, value: tree.value };
  return wrongType(tree, must, findings);
}

/** A number with its place; anything else is a finding. */
export function readNumber(tree: Tree, must: string, findings: Finding[]): Placed<number> | undefined {
  if (tree.kind === 'scalar' && typeof tree.value === 'number') return { at: tree.at, value: tree.value };
  return wrongType(tree, must, findings);
}
