import type { Hooks } from '../../routing/hooks.js';
import type { Problem } from '../../shared/errors.js';
import { buildHooks } from './build.js';
import type { Draft } from './draft.js';
import { type Finding, toProblems } from './finding.js';
import { normalise } from './normalise.js';
import { readPlainTree } from './plain-hooks.js';
import { rules } from './rules/all.js';
import { isNothing } from './types.js';
import { readDocument } from './yaml-source.js';
import { type Tree, toTree } from './yaml-tree.js';

/** The contents of a hooks file, or all its problems. */
export type ParsedHooks = { ok: true; hooks: Hooks } | { ok: false; problems: Problem[] };

/**
 * The same, before defaults are filled in. `lacks` names what is missing: everything (the file has only comments), or
 * the map under `hooks`.
 */
export type ParsedDraft =
  | { ok: true; draft: Draft; lacks?: 'everything' | 'hooks' }
  | { ok: false; problems: Problem[] };

/**
 * Parses the text of a hooks file (YAML 1.2, so JSON too). Pure. A file without
 * hooks is valid here, because `register` adds the first one to it. A drain
 * refuses it; see `lacks` of {@link parseDraft}.
 *
 * @returns the hooks, or every problem in the file's order; no message shows a URL or a secret
 * @example
 * parseHooks('hooks: {complete: [https://panda.dog.com/run]}');
 */
export function parseHooks(text: string): ParsedHooks {
  const parsed = parseDraft(text);
  return parsed.ok ? { ok: true, hooks: buildHooks(parsed.draft) } : parsed;
}

/** Parses and checks the text of a hooks file, and keeps the offset of every value. */
export function parseDraft(textWithMark: string): ParsedDraft {
  const text = textWithMark.replace(/^\uFEFF/, '');
  const fail = (findings: readonly Finding[]) => ({
    ok: false as const,
    problems: toProblems(findings, text),
  });
  const read = readTree(text);
  if (read.broken !== undefined) return fail(read.broken);
  const draft = normalise(read.tree, read.findings);
  read.findings.push(...rules.flatMap((rule) => [...rule.check(draft)]));
  if (read.findings.length > 0) return fail(read.findings);
  const lacks = lackOf(read.tree);
  return lacks === undefined ? { ok: true, draft } : { ok: true, draft, lacks };
}

/** The tree of a text, and problems with keys and aliases; or what is broken, after which the rest cannot be trusted. */
function readTree(text: string): { tree: Tree | undefined; findings: Finding[]; broken?: Finding[] } {
  const plain = readPlainTree(text);
  if (plain !== undefined) return { tree: plain, findings: [] };
  const { document, findings } = readDocument(text);
  if (findings.length > 0) return { tree: undefined, findings: [], broken: onePerLine(findings, text) };
  if (document === undefined) return { tree: undefined, findings: [] };
  const { broken, ...read } = toTree(document);
  return broken === undefined ? read : { ...read, broken: [broken] };
}

/** The part that a drain needs and a tree without problems lacks. */
function lackOf(tree: Tree | undefined): 'everything' | 'hooks' | undefined {
  if (tree === undefined || isNothing(tree)) return 'everything';
  const hooks = tree.kind === 'map' ? tree.entries.find(({ key }) => key === 'hooks') : undefined;
  return hooks === undefined || isNothing(hooks.value) ? 'hooks' : undefined;
}

/** Keeps the first syntax error of each line: one slip causes several. */
function onePerLine(findings: readonly Finding[], text: string): Finding[] {
  const sorted = [...findings].sort((a, b) => a.at - b.at);
  return sorted.filter(
    ({ at }, index) => index === 0 || text.slice(sorted[index - 1]!.at, at).includes('\n'),
  );
}
