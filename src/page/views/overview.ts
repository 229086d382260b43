/** The first page: the spool at a glance, and its endpoints. */
import { formatSpan } from '../../shared/duration.js';
import { stateWords } from '../../usecases/inspect/status/state-words.js';
import type {
  DrainStatus,
  EndpointState,
  EndpointStatus,
  NextStep,
  Status,
} from '../../usecases/inspect/status/status-data.js';
import type { Traffic } from '../../usecases/inspect/status/traffic.js';
import { charts } from './charts.js';
import {
  ageBar,
  ageLegend,
  agesOf,
  bytes,
  counted,
  due,
  number,
  percent,
  sparkline,
  when,
} from './figures.js';
import { foreign, type Html, html, nothing } from './html.js';
import type { View } from './layout.js';
import { endpointPath, entriesPath } from './links.js';

/** Maximum number of endpoints on the first page: those that need a person come first. */
const maxEndpoints = 200;

/** The first page. */
export function overviewView(status: Status, traffic: Traffic): View {
  const { endpoints, totals } = status;
  const others = endpoints.length - maxEndpoints;
  return {
    title: totals.queued.total === 0 ? 'Overview' : `${number(totals.queued.total)} queued`,
    isLive: true,
    main: html`<h1 class="hidden-title">Overview</h1>
${drainLine(status.drain, Date.parse(status.time))}
${hooksLine(status)}
${tiles(status)}
${charts(traffic.minutes)}
<section aria-labelledby="endpoints-title" class="card table-card">
<h2 id="endpoints-title">Endpoints <span class="dim">${number(endpoints.length)}</span></h2>
${endpoints.length === 0 ? noEndpoint() : endpointTable(endpoints.slice(0, maxEndpoints), { status, traffic })}
${others > 0 ? html`<p class="dim pad">and ${counted(others, 'endpoint')} more; <code>capnhook status</code> has them all</p>` : nothing}
</section>
${nextSteps(status.next)}`,
  };
}

function drainLine({ isRunning, mode, pid, host, since, isVisible }: DrainStatus, now: number): Html {
  if (!isRunning)
    return html`<p class="drain" data-live-key="drain"><span class="dot trouble"></span><span>Nobody drains. <code>capnhook start</code> starts a drain in the background.</span></p>`;
  const where = isVisible === false ? ` on ${host ?? 'another machine'}` : '';
  const age = since === undefined ? '' : `, for ${formatSpan(now - Date.parse(since))}`;
  return html`<p class="drain" data-live-key="drain"><span class="dot well"></span><span>A drain runs (${mode}, pid ${pid})${foreign(where)}${age}</span></p>`;
}

function hooksLine({ hooksFile: { isUsable, isMissing, problem = '' } }: Status): Html {
  if (isUsable || isMissing) return nothing;
  return html`<p class="drain" data-live-key="hooks"><span class="dot trouble"></span><span>${foreign(problem)}; the endpoints&rsquo; settings are not known.</span></p>`;
}

function tiles({ totals }: Status): Html {
  const { queued, dead, unclaimed, corrupt, freeBytes, journalBytes } = totals;
  return html`<ul class="tiles" aria-label="Totals">
${tile({ name: 'Queued', value: queued.total, path: entriesPath() })}
${tile({ name: 'Dead', value: dead, path: entriesPath({ state: 'dead' }), isBad: true })}
${tile({ name: 'Unclaimed', value: unclaimed, path: entriesPath({ state: 'unclaimed' }), isBad: true })}
${tile({ name: 'Corrupt', value: corrupt, path: entriesPath({ state: 'corrupt' }), isBad: true })}
<li class="tile" data-live-key="tile-space"><div><span class="tile-name">Free space</span><span class="tile-value">${freeBytes === undefined ? '–' : bytes(freeBytes)}</span><span class="dim">journal ${bytes(journalBytes)}</span></div></li>
</ul>`;
}

interface Tile {
  name: string;
  value: number;
  path: string;
  /** Whether any at all are trouble. */
  isBad?: boolean;
}

function tile({ name, value, path, isBad = false }: Tile): Html {
  const tone = isBad && value > 0 ? 'tile bad' : 'tile';
  return html`<li class="${tone}" data-live-key="tile-${name}"><a href="${path}"><span class="tile-name">${name}</span><span class="tile-value" data-figure="${name.toLowerCase()}" data-value="${value}">${number(value)}</span></a></li>`;
}

function noEndpoint(): Html {
  return html`<p class="empty">No endpoint is registered yet. <code>capnhook register complete https://example.com/in</code> registers one.</p>`;
}

function endpointTable(
  rows: readonly EndpointStatus[],
  { status, traffic }: { status: Status; traffic: Traffic },
): Html {
  const now = Date.parse(status.time);
  return html`<table class="rows endpoints">
<thead><tr><th scope="col">Endpoint</th><th scope="col">State</th><th scope="col" class="num">Queued</th><th scope="col" class="age">Age ${ageLegend()}</th><th scope="col">Oldest</th><th scope="col">Next try</th><th scope="col">Last hour</th><th scope="col" class="num">Failed</th></tr></thead>
<tbody>${rows.map((row) => endpointRow(row, { now, traffic }))}</tbody>
</table>`;
}

function endpointRow(row: EndpointStatus, { now, traffic }: { now: number; traffic: Traffic }): Html {
  const { endpoint, queued, dead, nextTry, lastHour } = row;
  const { id } = endpoint;
  return html`<tr data-row data-live-key="endpoint-${id}" data-endpoint="${id}">
<th scope="row"><a class="name" href="${endpointPath(id)}">${foreign(id)}</a> ${originOf(endpoint)}</th>
<td data-label="State">${stateOf(row, now)}</td>
<td data-label="Queued" class="num"><span data-figure="queued" data-value="${queued.total}">${number(queued.total)}</span>${dead > 0 ? html` <a class="dead-count" href="${entriesPath({ state: 'dead', endpoint: id })}"><span data-figure="dead" data-value="${dead}">${number(dead)}</span> dead</a>` : nothing}</td>
<td data-label="Age">${ageBar(agesOf(queued))}</td>
<td data-label="Oldest">${when(queued.oldest, now)}</td>
<td data-label="Next try">${due(nextTry, now)}</td>
<td data-label="Last hour">${sparkline(traffic.byEndpoint.get(id))}</td>
<td data-label="Failed" class="num" data-figure="attempts" data-value="${lastHour.attempts}">${percent(lastHour.failures, lastHour.attempts)}</td>
</tr>`;
}

/** Scheme and host, where they are known. */
export function originOf({ scheme, host }: EndpointStatus['endpoint']): Html {
  if (scheme === undefined || host === undefined) return nothing;
  return html`<span class="dim origin">${foreign(`${scheme}://${host}`)}</span>`;
}

const dots: Readonly<Record<EndpointState, string>> = {
  misconfigured: 'trouble',
  paused: 'stopped',
  'on-hold': 'stopped',
  parked: 'waiting',
  rejecting: 'trouble',
  recovering: 'waiting',
  ok: 'well',
};

/** A dot in the colour of the state, and the words. @param now ms since the epoch */
export function stateOf(row: EndpointStatus, now: number): Html {
  return html`<span class="state" data-figure="state" data-value="${row.state}"><span class="dot ${dots[row.state]}"></span>${foreign(stateWords(row, { now }))}</span>`;
}

function nextSteps(steps: readonly NextStep[]): Html {
  if (steps.length === 0) return nothing;
  return html`<section class="next" aria-labelledby="next-title" data-live-key="next"><h2 id="next-title">On the command line</h2>
<ul>${steps.map(({ command, why }) => html`<li><code>${foreign(command)}</code> <span class="dim">${foreign(why)}</span></li>`)}</ul></section>`;
}
