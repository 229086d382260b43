/**
 * Edits of the hooks file's text. Every byte outside the edit stays: comments,
 * order, quoting, indentation, line endings. Each result is parsed again and
 * compared with the intended data. If they differ, the whole file is rewritten
 * (`edit/rewrite.ts`), which keeps values and comments.
 */

import { isHookPattern } from '../../event/hook-pattern.js';
import { parseWebhookUrl } from '../../event/webhook-url.js';
import { CapnhookError } from '../../shared/errors.js';
import { suggest } from '../../shared/suggest.js';
import { cutItems } from './cut.js';
import { type Data, type Removal, withItem, withoutItems } from './data.js';
import { hasData, type OpenFile, openFile } from './file.js';
import { insertItem } from './insert.js';
import { rewriteWithItem, rewriteWithout } from './rewrite.js';
import { isTarget } from './target.js';

/** A hook's name or pattern, and the URL (or the name of an endpoint in the file) that receives its events. */
export interface NewRegistration {
  hook: string;
  url: string;
}

/** What to remove: a URL, an endpoint's name or its id, from one hook or from all. */
export interface OldRegistration {
  target: string;
  hook?: string;
}

const MARK = '\uFEFF';

/**
 * Registers a URL for a hook. Nothing changes if it is already registered, also
 * by another spelling of the URL or by a named endpoint with this URL.
 *
 * @throws CapnhookError `USAGE` for a bad hook name, URL or endpoint name; `HOOKS_FILE` if the text has problems
 */
export function addRegistration(
  text: string,
  { hook, url }: NewRegistration,
): { text: string; changed: boolean } {
  const [mark, body] = splitMark(text);
  const file = openFile(body);
  checkRegistration(file, { hook, url });
  const items = file.draft.hooks.find(({ pattern }) => pattern.value === hook)?.items ?? [];
  if (items.some(isTarget(url, file.draft))) return { text, changed: false };
  const intended = withItem(file.data, hook, url);
  const edited = firstCorrect(intended, [
    () => insertItem(file, hook, url),
    () => rewriteWithItem(file, hook, url),
  ]);
  return { text: mark + edited, changed: true };
}

/**
 * Removes registrations, and hooks that have none left. Definitions under
 * `endpoints:` stay.
 *
 * @returns the names and patterns it was removed from, in the file's order
 * @throws CapnhookError `HOOKS_FILE` if the text has problems
 */
export function removeRegistration(
  text: string,
  { target, hook }: OldRegistration,
): { text: string; removedFrom: string[] } {
  const [mark, body] = splitMark(text);
  const file = openFile(body);
  const matches = isTarget(target, file.draft);
  const removal = new Map<number, Set<number>>();
  for (const [index, { pattern, items }] of file.draft.hooks.entries()) {
    if (hook !== undefined && pattern.value !== hook) continue;
    const found = [...items.keys()].filter((item) => matches(items[item]!));
    if (found.length > 0) removal.set(index, new Set(found));
  }
  if (removal.size === 0) return { text, removedFrom: [] };
  const removedFrom = [...removal.keys()].map((index) => file.draft.hooks[index]!.pattern.value);
  return { text: mark + removeItems(file, removal), removedFrom };
}

function removeItems(file: OpenFile, removal: Removal): string {
  const intended = withoutItems(file.data, removal);
  return firstCorrect(intended, [() => cutItems(file, removal), () => rewriteWithout(file, removal)]);
}

/** The result of the first edit that yields the intended data. */
function firstCorrect(intended: Data, edits: readonly (() => string | undefined)[]): string {
  for (const edit of edits) {
    const text = edit();
    if (text !== undefined && hasData(text, intended)) return text;
  }
  throw new Error('Cannot edit the hooks file: no edit yields the intended data');
}

function checkRegistration({ draft }: OpenFile, { hook, url }: NewRegistration): void {
  if (!isHookPattern(hook)) {
    throw new CapnhookError('USAGE', 'Cannot register: this is not a hook name or pattern', {
      hint: "A hook looks like build.failed; a pattern like 'build.*' or 'build.**'.",
    });
  }
  const names = draft.endpoints.map(({ name }) => name?.value ?? '');
  if (!parseWebhookUrl(url).ok && !names.includes(url)) {
    const meant = suggest(url, names);
    throw new CapnhookError(
      'USAGE',
      'Cannot register: this is neither a URL nor an endpoint of the hooks file',
      {
        hint: meant === undefined ? 'A URL looks like https://host/path.' : `Did you mean ${meant}?`,
      },
    );
  }
}

function splitMark(text: string): [string, string] {
  return text.startsWith(MARK) ? [MARK, text.slice(1)] : ['', text];
}
