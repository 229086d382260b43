/**
 * Edits of the hooks file's text. Outside of the edited place every byte stays:
 * comments, order, quoting, indents, line endings. Each result is read again
 * and compared with what was meant; where the surgery did not achieve that, the
 * file is written anew (`edit/rewrite.ts`), which keeps values and comments.
 */
import { parseWebhookUrl } from '../../event/webhook-url.js';
import { isHookPattern } from '../../routing/pattern.js';
import { CapnhookError } from '../../shared/errors.js';
import { suggest } from '../../shared/suggest.js';
import { cutItems } from './cut.js';
import { type Data, type Gone, withItem, withoutItems } from './data.js';
import { type OpenFile, openFile, says } from './file.js';
import { insertItem } from './insert.js';
import { rewriteWithItem, rewriteWithout } from './rewrite.js';
import { isTarget } from './target.js';

/** A hook's name or pattern, and the URL (or the name of an endpoint of the file) that gets its events. */
export interface NewRegistration {
  hook: string;
  url: string;
}

/** What to remove: a URL, an endpoint's name or its id; from one hook, or from every one. */
export interface OldRegistration {
  target: string;
  hook?: string;
}

const MARK = '\uFEFF';

/**
 * Registers a URL for a hook. What is registered already, also by another
 * spelling of the URL or by a named endpoint that has it, changes nothing.
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
  const meant = withItem(file.data, hook, url);
  const edited = firstRight(meant, [
    () => insertItem(file, hook, url),
    () => rewriteWithItem(file, hook, url),
  ]);
  return { text: mark + edited, changed: true };
}

/**
 * Removes registrations. A hook without any left goes too; definitions under
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
  const gone = new Map<number, Set<number>>();
  for (const [index, { pattern, items }] of file.draft.hooks.entries()) {
    if (hook !== undefined && pattern.value !== hook) continue;
    const found = [...items.keys()].filter((item) => matches(items[item]!));
    if (found.length > 0) gone.set(index, new Set(found));
  }
  if (gone.size === 0) return { text, removedFrom: [] };
  const removedFrom = [...gone.keys()].map((index) => file.draft.hooks[index]!.pattern.value);
  return { text: mark + without(file, gone), removedFrom };
}

function without(file: OpenFile, gone: Gone): string {
  const meant = withoutItems(file.data, gone);
  return firstRight(meant, [() => cutItems(file, gone), () => rewriteWithout(file, gone)]);
}

/** The first edit that says what was meant. */
function firstRight(meant: Data, edits: readonly (() => string | undefined)[]): string {
  for (const edit of edits) {
    const text = edit();
    if (text !== undefined && says(text, meant)) return text;
  }
  throw new Error('Cannot edit the hooks file: no edit of it said what was meant');
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
