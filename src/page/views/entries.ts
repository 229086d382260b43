/** Entries by state, with filters, a page at a time. */
import type { ListedEntry } from '../../usecases/inspect/describe-entry.js';
import type { ListState } from '../../usecases/inspect/list-state.js';
import type { EntryPage, RowFilter } from '../page-data.js';
import { number, when } from './figures.js';
import { foreign, type Html, html, nothing } from './html.js';
import type { View } from './layout.js';
import { endpointPath, entriesPath, eventPath, filterFields, hiddenFields } from './links.js';

/** The states that can be asked for, in the order of an event's way. */
export const stateNames: Readonly<Record<ListState, string>> = {
  incoming: 'not taken in yet',
  queued: 'queued',
  parked: 'parked',
  paused: 'paused',
  'on-hold': 'on hold',
  retry: 'retried alone',
  unclaimed: 'unclaimed',
  dead: 'dead',
  corrupt: 'corrupt',
  sent: 'delivered and kept',
};

/** Where a retry or a drop makes sense. */
const retried: ReadonlySet<ListState | undefined> = new Set([
  undefined,
  'queued',
  'parked',
  'paused',
  'retry',
  'unclaimed',
  'dead',
]);
const dropped: ReadonlySet<ListState | undefined> = new Set([
  undefined,
  'incoming',
  'queued',
  'parked',
  'paused',
  'on-hold',
  'retry',
]);

export interface EntriesOptions {
  now: number;
  isReadOnly: boolean;
  /** Where this page begins; undefined for the first one. */
  after: string | undefined;
}

/** The list. */
export function entriesView(filter: RowFilter, page: EntryPage, options: EntriesOptions): View {
  const { rows, next } = page;
  return {
    title: filter.state === undefined ? 'Deliveries' : `Deliveries: ${stateNames[filter.state]}`,
    main: html`<h1>Deliveries</h1>
${stateTabs(filter)}
${filterForm(filter)}
<form method="post" action="/steer" class="card table-card" id="entries">
${hiddenFields(filterFields(filter))}
${rows.length === 0 ? html`<p class="empty">${options.after === undefined ? 'Nothing matches.' : 'That was the last one.'}</p>` : entryTable(rows, options)}
${pager(filter, { next, options, shown: rows.length })}
${options.isReadOnly ? nothing : actions(filter, rows.length)}
</form>`,
  };
}

function stateTabs(filter: RowFilter): Html {
  const states: (ListState | undefined)[] = [undefined, ...(Object.keys(stateNames) as ListState[])];
  return html`<nav class="tabs" aria-label="States">${states.map((state) => html`<a href="${entriesPath({ ...filter, state })}"${filter.state === state ? html` aria-current="page"` : nothing}>${state === undefined ? 'all' : stateNames[state]}</a>`)}</nav>`;
}

function filterForm(filter: RowFilter): Html {
  const { state, ...others } = filter;
  const given = Object.fromEntries(filterFields(others));
  return html`<form method="get" action="/entries" class="filter" role="search" aria-label="Filter">
${hiddenFields(filterFields({ state }))}
${field({ name: 'endpoint', label: 'Endpoint', value: given.endpoint, hint: 'id or name' })}
${field({ name: 'hook', label: 'Hook', value: given.hook, hint: 'complete' })}
${field({ name: 'since', label: 'Since', value: given.since, hint: '2h or 2026-11-30' })}
${field({ name: 'before', label: 'Before', value: given.before, hint: '30d' })}
<button>Filter</button>${Object.keys(given).length === 0 ? nothing : html` <a href="${entriesPath({ state })}">Clear</a>`}
</form>`;
}

interface Field {
  name: string;
  label: string;
  value: string | undefined;
  hint: string;
}

function field({ name, label, value = '', hint }: Field): Html {
  return html`<span class="field"><label for="filter-${name}">${label}</label><input id="filter-${name}" name="${name}" value="${value}" placeholder="${hint}" autocomplete="off" spellcheck="false"></span>`;
}

function entryTable(rows: readonly ListedEntry[], { now, isReadOnly }: EntriesOptions): Html {
  return html`<table class="rows entries">
<thead><tr>${isReadOnly ? nothing : html`<th scope="col" class="pick"><input type="checkbox" id="pick-all" aria-label="Select all rows of this page"></th>`}<th scope="col">Event</th><th scope="col">State</th><th scope="col">Hook</th><th scope="col">Endpoint</th><th scope="col">Accepted</th><th scope="col" class="num">Attempts</th><th scope="col">Reason</th></tr></thead>
<tbody>${rows.map((row) => entryRow(row, { now, isReadOnly }))}</tbody>
</table>`;
}

function entryRow(row: ListedEntry, { now, isReadOnly }: { now: number; isReadOnly: boolean }): Html {
  const { id, state, hook, acceptedAt, attempts, events, reason } = row;
  const endpoint = row.endpoint?.id;
  const isCorrupt = state === 'corrupt';
  const name = isCorrupt ? foreign(id) : html`<a href="${eventPath(id)}">${foreign(id)}</a>`;
  return html`<tr data-row>
${isReadOnly ? nothing : html`<td class="pick">${isCorrupt ? nothing : html`<input type="checkbox" name="entry" value="${entryValue(row)}" aria-label="Select ${id}">`}</td>`}
<th scope="row" class="id">${name}${events === undefined || events === 1 ? nothing : html` <span class="badge">${number(events)} events</span>`}</th>
<td data-label="State"><span class="state"><span class="dot ${dotOf[state]}"></span>${stateNames[state]}</span></td>
<td data-label="Hook">${hook === undefined ? html`<span class="dim">&ndash;</span>` : foreign(hook)}</td>
<td data-label="Endpoint">${endpoint === undefined ? html`<span class="dim">&ndash;</span>` : html`<a href="${endpointPath(endpoint)}">${foreign(endpoint)}</a>`}</td>
<td data-label="Accepted">${when(acceptedAt, now)}</td>
<td data-label="Attempts" class="num">${isCorrupt ? html`<span class="dim">&ndash;</span>` : number(attempts)}</td>
<td data-label="Reason" class="reason">${reason === undefined ? nothing : foreign(reason)}</td>
</tr>`;
}

const dotOf: Readonly<Record<ListState, string>> = {
  incoming: 'well',
  queued: 'well',
  parked: 'waiting',
  paused: 'stopped',
  'on-hold': 'stopped',
  retry: 'waiting',
  unclaimed: 'trouble',
  dead: 'trouble',
  corrupt: 'trouble',
  sent: 'well',
};

/** An entry as the value of a form's field. Ids have no slash. */
function entryValue({ state, endpoint, id }: Pick<ListedEntry, 'state' | 'endpoint' | 'id'>): string {
  return [state, endpoint?.id ?? '', id].join('/');
}

function pager(
  filter: RowFilter,
  { next, options, shown }: { next: string | undefined; options: EntriesOptions; shown: number },
): Html {
  if (next === undefined && options.after === undefined) return nothing;
  return html`<nav class="pager" aria-label="Pages of the list">
${options.after === undefined ? nothing : html`<a href="${entriesPath(filter)}" data-key="p">First page</a>`}
<span class="dim">${number(shown)} shown</span>
${next === undefined ? nothing : html`<a href="${entriesPath(filter, next)}" data-key="n" rel="next">Next page</a>`}
</nav>`;
}

function actions({ state }: RowFilter, shown: number): Html {
  if (state === 'corrupt' || shown === 0) return nothing;
  const buttons: Html[] = [];
  if (retried.has(state)) {
    buttons.push(
      html`<button name="do" value="retry selected" data-needs-selection data-key="r">Retry selected</button>`,
    );
    buttons.push(html`<button name="do" value="retry matching">Retry all that match&hellip;</button>`);
  }
  if (dropped.has(state)) {
    buttons.push(
      html`<button name="do" value="drop selected" data-needs-selection class="danger">Drop selected</button>`,
    );
    buttons.push(
      html`<button name="do" value="drop matching" class="danger">Drop all that match&hellip;</button>`,
    );
  }
  return html`<div class="actions" role="group" aria-label="Actions"><span id="picked" class="dim" role="status"></span>${buttons}</div>`;
}
