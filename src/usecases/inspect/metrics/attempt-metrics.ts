/** Counts of attempts as metrics, and back: a text file that was written goes on being counted from. Pure. */
import { type AttemptResult, attemptResults } from '../../../journal/attempt-scan.js';
import { durationBounds, emptyTotals, type LabelTotals } from './attempt-totals.js';
import type { Family, Sample } from './exposition.js';

const attemptsName = 'capnhook_delivery_attempts_total';
const durationName = 'capnhook_delivery_duration_seconds';

/** @param since words for what is counted: since when, and where from */
export function attemptMetrics(byLabel: ReadonlyMap<string, LabelTotals>, since: string): Family[] {
  const all = [...byLabel].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    {
      name: attemptsName,
      type: 'counter',
      help: `Attempts by result, ${since}.`,
      samples: all.flatMap(([endpoint, { results }]) =>
        attemptResults.map((result) => ({ labels: { endpoint, result }, value: results.get(result) ?? 0 })),
      ),
    },
    {
      name: durationName,
      type: 'histogram',
      help: `How long attempts took, ${since}.`,
      samples: all.flatMap(([endpoint, totals]) => histogramOf(endpoint, totals)),
    },
  ];
}

function histogramOf(endpoint: string, { durations, sumMs }: LabelTotals): Sample[] {
  let count = 0;
  const buckets = durations.map((number, at): Sample => {
    count += number;
    const le = durationBounds[at] === undefined ? '+Inf' : String(durationBounds[at]);
    return { suffix: '_bucket', labels: { endpoint, le }, value: count };
  });
  return [
    ...buckets,
    { suffix: '_sum', labels: { endpoint }, value: sumMs / 1000 },
    { suffix: '_count', labels: { endpoint }, value: count },
  ];
}

const line =
  /^capnhook_delivery_(attempts_total|duration_seconds_bucket|duration_seconds_sum)\{endpoint="([^"\\]*)"(?:,(?:result|le)="([^"\\]*)")?\} (\S+)$/gm;

/** Reads the counts from what {@link attemptMetrics} was rendered to; lines of other metrics are passed over. */
export function parseAttemptMetrics(text: string): Map<string, LabelTotals> {
  const byLabel = new Map<string, LabelTotals>();
  for (const [, what, label = '', detail = '', number] of text.matchAll(line)) {
    const value = Number(number);
    if (!Number.isFinite(value) || value < 0) continue;
    const totals = byLabel.get(label) ?? emptyTotals();
    byLabel.set(label, totals);
    if (what === 'duration_seconds_sum') totals.sumMs = Math.round(value * 1000);
    else if (what === 'attempts_total') totals.results.set(detail as AttemptResult, value);
    else totals.durations[boundOf(detail)] = value;
  }
  for (const totals of byLabel.values())
    totals.durations = totals.durations.map((count, at, all) => Math.max(count - (all[at - 1] ?? 0), 0));
  return byLabel;
}

function boundOf(le: string): number {
  return le === '+Inf' ? durationBounds.length : durationBounds.indexOf(Number(le));
}
