/** Attempts and their durations over the last hour. The browser draws them; without its script there is the text. */

import type { Minute } from '../../usecases/inspect/status/traffic.js';
import type { ChartSeries } from '../chart-series.js';
import { counted, number } from './figures.js';
import { type Html, html } from './html.js';

/** Two charts: attempts a minute, and how long they took. */
export function charts(minutes: readonly Minute[]): Html {
  const series: ChartSeries = {
    at: minutes.map(({ at }) => at / 1000),
    delivered: minutes.map(({ attempts, failures }) => attempts - failures),
    failed: minutes.map(({ failures }) => failures),
    medianMs: minutes.map(({ medianMs }) => medianMs ?? null),
    p95Ms: minutes.map(({ p95Ms }) => p95Ms ?? null),
  };
  const json = JSON.stringify(series);
  const attempts = minutes.reduce((sum, each) => sum + each.attempts, 0);
  const failures = minutes.reduce((sum, each) => sum + each.failures, 0);
  const slowest = Math.max(...minutes.map(({ p95Ms }) => p95Ms ?? 0), 0);
  return html`<div class="charts">
<figure class="card" data-live-key="chart-attempts">
<figcaption>Attempts a minute <span class="legend"><span class="key delivered">delivered</span><span class="key failed">failed</span></span> <span class="dim">${counted(attempts, 'attempt')} in the last hour, ${number(failures)} failed</span></figcaption>
<div class="chart" data-chart="attempts" data-series="${json}" role="img" aria-label="Attempts a minute in the last hour: ${number(attempts)} in all, ${number(failures)} failed"></div>
</figure>
<figure class="card" data-live-key="chart-durations">
<figcaption>Duration of an attempt <span class="legend"><span class="key median">median</span><span class="key p95">95 %</span></span></figcaption>
<div class="chart" data-chart="durations" data-series="${json}" role="img" aria-label="Duration of attempts in the last hour: in the slowest minute 95 % took at most ${number(slowest)} milliseconds"></div>
</figure>
</div>`;
}
