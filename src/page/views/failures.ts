/** Failures, grouped by their reason. */
import type { FailureGroup } from '../../usecases/inspect/log-summary.js';
import { number, when } from './figures.js';
import { foreign, type Html, html, nothing } from './html.js';
import type { View } from './layout.js';
import { endpointPath, eventPath } from './links.js';

/** How far back the page looks. */
export const spans: ReadonlyArray<readonly [name: string, title: string]> = [
  ['1h', 'last hour'],
  ['24h', 'last day'],
  ['7d', 'last week'],
];

export interface FailuresOptions {
  now: number;
  /** One of {@link spans}. */
  span: string;
  endpoint: string | undefined;
}

/** The page of failures. */
export function failuresView(groups: readonly FailureGroup[], options: FailuresOptions): View {
  const { span, endpoint } = options;
  return {
    title: 'Failures',
    isLive: span === '1h',
    main: html`<h1>Failures${endpoint === undefined ? nothing : html` of ${foreign(endpoint)}`}</h1>
<nav class="tabs" aria-label="Time">${spans.map(([name, title]) => html`<a href="${failuresPath(name, endpoint)}"${name === span ? html` aria-current="page"` : nothing}>${title}</a>`)}</nav>
<section class="card table-card" aria-label="Failures by reason">
${groups.length === 0 ? html`<p class="empty">No attempt has failed.</p>` : groupTable(groups, options.now)}
</section>`,
  };
}

function failuresPath(span: string, endpoint: string | undefined): string {
  const query = new URLSearchParams({ span });
  if (endpoint !== undefined) query.set('endpoint', endpoint);
  return `/failures?${query}`;
}

/** Groups as rows, the most frequent first. */
export function groupTable(groups: readonly FailureGroup[], now: number): Html {
  return html`<table class="rows failures">
<thead><tr><th scope="col" class="num">Attempts</th><th scope="col">Reason</th><th scope="col">Endpoints</th><th scope="col">First</th><th scope="col">Last</th><th scope="col">Last event</th></tr></thead>
<tbody>${groups.slice(0, maxGroups).map((group) => groupRow(group, now))}</tbody></table>`;
}

/** Maximum number of reasons on a page. */
const maxGroups = 200;

/** Maximum number of endpoints that are named for a reason. */
const maxNamed = 5;

function groupRow(
  { failures, reason, endpoints, firstAt, lastAt, lastEvent }: FailureGroup,
  now: number,
): Html {
  const more = endpoints.length - maxNamed;
  return html`<tr data-row data-live-key="group-${reason}">
<th scope="row" class="num" data-figure="failures" data-value="${failures}">${number(failures)}</th>
<td data-label="Reason" class="reason">${foreign(reason)}</td>
<td data-label="Endpoints"><span>${endpoints.slice(0, maxNamed).map(({ endpoint: { id }, failures: count }) => html`<a href="${endpointPath(id)}">${foreign(id)}</a> <span class="dim">${number(count)}</span> `)}${more > 0 ? `and ${number(more)} more` : nothing}</span></td>
<td data-label="First">${when(firstAt, now)}</td>
<td data-label="Last">${when(lastAt, now)}</td>
<td data-label="Last event">${lastEvent === undefined ? nothing : html`<a href="${eventPath(lastEvent)}" class="id">${foreign(lastEvent)}</a>`}</td>
</tr>`;
}
