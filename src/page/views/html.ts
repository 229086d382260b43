/** Text of other programs, made safe to show. Everything that `html` is given is escaped. */
import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { visible } from '../../shared/visible.js';

/** Escaped HTML. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export { html };

/** Nothing. */
export const nothing: HtmlEscapedString = raw('');

/** A foreign text on one line: control characters are written out, and its direction changes nothing around it. */
export function foreign(text: string): Html {
  return html`<bdi>${visible(text)}</bdi>`;
}

/** A foreign text of several lines: line feeds and tabs are kept, and all other control characters are written out. */
export function foreignLines(text: string): string {
  return text.split('\n').map(visibleLine).join('\n');
}

function visibleLine(line: string): string {
  return line.split('\t').map(visible).join('\t');
}
