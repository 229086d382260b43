import type { Finding, Positioned } from './finding.js';
import type { Tree } from './yaml-tree.js';

/** Whether a value is left out or `null`. */
export function isNothing(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === null;
}

/** The type of a value, for a message; never the value itself. */
export function typeName(tree: Tree): string {
  if (tree.kind !== 'scalar') return `a ${tree.kind}`;
  if (tree.value === null) return 'nothing';
  if (typeof tree.value === 'string') return 'text';
  if (typeof tree.value === 'boolean') return 'true or false';
  return typeof tree.value === 'number' || typeof tree.value === 'bigint'
    ? 'a number'
    : 'a value of another type';
}

/** Adds a finding about a value of the wrong type. */
export function wrongType(tree: Tree, must: string, findings: Finding[]): undefined {
  findings.push({ at: tree.at, message: `${must}; found ${typeName(tree)}` });
}

/** Reads a text; any other value is a finding. */
export function readText(tree: Tree, must: string, findings: Finding[]): Positioned<string> | undefined {
  if (tree.kind === 'scalar' && typeof tree.value === 'string') return { at: tree.at, value: tree.value };
  return wrongType(tree, must, findings);
}

/** Reads a number; any other value is a finding. */
export function readNumber(tree: Tree, must: string, findings: Finding[]): Positioned<number> | undefined {
  if (tree.kind === 'scalar' && typeof tree.value === 'number') return { at: tree.at, value: tree.value };
  return wrongType(tree, must, findings);
}
