/** What is shown where something cannot be shown. */
import type { CapnhookError } from '../../shared/errors.js';
import { foreign, html, nothing } from './html.js';
import type { View } from './layout.js';

/** An address that leads nowhere. */
export function notFoundView(): View {
  return {
    title: 'Not found',
    main: html`<div class="card message"><h1>There is nothing here</h1><p>The address is mistyped, or what was here has been delivered or removed. <a href="/">To the overview</a></p></div>`,
  };
}

/** A failure, in its words, and what to do. */
export function errorView({ message, hint }: CapnhookError): View {
  return {
    title: 'Not possible now',
    main: html`<div class="card message" role="alert"><h1>${foreign(message)}</h1>${hint === undefined ? nothing : html`<p>${foreign(hint)}</p>`}</div>`,
  };
}
