/** One endpoint. */
import type { FailureGroup } from '../../usecases/inspect/log-summary.js';
import type { EndpointStatus } from '../../usecases/inspect/status/status-data.js';
import type { Traffic } from '../../usecases/inspect/status/traffic.js';
import { charts } from './charts.js';
import { groupTable } from './failures.js';
import { ageBar, ageLegend, agesOf, due, number, when } from './figures.js';
import { foreign, type Html, html, nothing } from './html.js';
import type { View } from './layout.js';
import { endpointPath, entriesPath } from './links.js';
import { originOf, stateOf } from './overview.js';

export interface EndpointOptions {
  now: number;
  isReadOnly: boolean;
  traffic: Traffic;
  groups: readonly FailureGroup[];
}

/** The page of an endpoint. */
export function endpointView(
  row: EndpointStatus,
  { now, isReadOnly, traffic, groups }: EndpointOptions,
): View {
  return {
    title: `Endpoint ${row.endpoint.id}`,
    isLive: true,
    main: html`<p class="crumb"><a href="/">Overview</a></p>
<h1>${foreign(row.endpoint.id)} ${originOf(row.endpoint)}</h1>
<p class="lead" data-live-key="state">${stateOf(row, now)}</p>
${facts(row, now)}
${isReadOnly ? nothing : actions(row)}
${charts(traffic.minutes)}
<section class="card table-card" aria-labelledby="failures-title"><h2 id="failures-title">Failures of the last day</h2>
${groups.length === 0 ? html`<p class="empty">No attempt has failed.</p>` : groupTable(groups, now)}
</section>`,
  };
}

function facts(row: EndpointStatus, now: number): Html {
  const { endpoint, queued, lastMinute, lastHour, lastError } = row;
  const { id } = endpoint;
  const ages = agesOf(queued);
  const answer = [lastError?.what, lastError?.answer].filter((each) => each !== undefined).join(': ');
  return html`<dl class="facts" data-live-key="facts">
<div><dt>Queued</dt><dd><a href="${entriesPath({ endpoint: id })}">${number(queued.total)}</a></dd></div>
<div><dt>Dead</dt><dd><a href="${entriesPath({ state: 'dead', endpoint: id })}">${number(row.dead)}</a></dd></div>
<div class="wide"><dt>Age</dt><dd>${ageBar(ages)} ${ageLegend(ages)}</dd></div>
<div><dt>Oldest</dt><dd>${when(queued.oldest, now)}</dd></div>
<div><dt>Next try</dt><dd>${due(row.nextTry, now)}</dd></div>
<div><dt>Oldest is given up</dt><dd>${when(row.givesUp, now)}</dd></div>
<div><dt>Last error</dt><dd>${answer === '' ? html`<span class="dim">&ndash;</span>` : foreign(answer)}</dd></div>
<div><dt>Last minute</dt><dd>${tally(lastMinute)}</dd></div>
<div><dt>Last hour</dt><dd>${tally(lastHour)}</dd></div>
</dl>`;
}

function tally({ attempts, failures }: { attempts: number; failures: number }): string {
  return `${number(attempts)} attempts, ${number(failures)} failed`;
}

function actions({ endpoint: { id }, state }: EndpointStatus): Html {
  const button = (action: string, title: string, tone = ''): Html =>
    html`<button name="do" value="${action} endpoint" class="${tone}">${title}</button>`;
  return html`<form method="post" action="/steer" class="actions" data-live-key="actions">
<input type="hidden" name="of" value="${id}"><input type="hidden" name="back" value="${endpointPath(id)}">
${button('retry', 'Retry all of it…')}
${state === 'paused' ? button('resume', 'Resume') : button('pause', 'Pause')}
${button('drop', 'Drop all of it…', 'danger')}
</form>`;
}
