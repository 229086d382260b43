import type { Document } from 'yaml';
import { CapnhookError } from '../../shared/errors.js';
import type { Draft } from '../parse/draft.js';
import { parseDraft } from '../parse/parse-hooks.js';
import { readDocument } from '../parse/yaml-source.js';
import { toTree } from '../parse/yaml-tree.js';
import { type Data, toData } from './data.js';

/** A valid hooks file, opened for an edit. */
export interface OpenFile {
  text: string;
  eol: '\n' | '\r\n';
  document: Document.Parsed;
  draft: Draft;
  data: Data;
}

/**
 * Opens the text of a hooks file for an edit.
 * @throws CapnhookError `HOOKS_FILE` with every problem; a broken file is not edited
 */
export function openFile(text: string): OpenFile {
  const parsed = parseDraft(text);
  if (!parsed.ok) {
    throw new CapnhookError('HOOKS_FILE', 'Cannot edit the hooks file: it has problems', {
      problems: parsed.problems,
      hint: 'Repair these first; nothing was changed.',
    });
  }
  const document = readDocument(text).document!;
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  return { text, eol, document, draft: parsed.draft, data: toData(toTree(document).tree) };
}

/** Whether a text is a valid hooks file with exactly this data. */
export function hasData(text: string, data: Data): boolean {
  return parseDraft(text).ok && JSON.stringify(openFile(text).data) === JSON.stringify(data);
}
