/** Counts of attempts and a histogram of their durations, by endpoint, as Prometheus has them. */
import type { AttemptResult, ScannedAttempt } from '../../../journal/attempt-scan.js';

/** Upper bounds of the durations that are counted apart, in seconds. */
export const durationBounds: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60,
];

/** The label of all endpoints that are not registered: URLs that events name, of which there may be any number. */
export const otherLabel = 'other';

/** The counts of one endpoint. */
export interface LabelTotals {
  results: Map<AttemptResult, number>;
  /** How many durations are within each of {@link durationBounds} and not within the one before; the last counts the others. */
  durations: number[];
  /** The sum of the durations, in ms. */
  sumMs: number;
}

export interface AttemptTotals {
  add(attempt: Pick<ScannedAttempt, 'result' | 'endpoint' | 'ms'>): void;
  /** By label: the endpoint's id, or {@link otherLabel}. */
  readonly byLabel: ReadonlyMap<string, LabelTotals>;
}

/**
 * Makes counts.
 * @param options.labelOf the label of an endpoint's id
 * @param options.begin counts that these go on from; default: none
 */
export function createAttemptTotals({
  labelOf,
  begin = new Map(),
}: {
  labelOf(endpoint: string): string;
  begin?: ReadonlyMap<string, LabelTotals>;
}): AttemptTotals {
  const byLabel = new Map(begin);
  return {
    byLabel,
    add({ result, endpoint, ms }) {
      const label = labelOf(endpoint);
      let totals = byLabel.get(label);
      if (totals === undefined) {
        totals = emptyTotals();
        byLabel.set(label, totals);
      }
      totals.results.set(result, (totals.results.get(result) ?? 0) + 1);
      const bound = durationBounds.findIndex((seconds) => ms <= seconds * 1000);
      totals.durations[bound === -1 ? durationBounds.length : bound]! += 1;
      totals.sumMs += ms;
    },
  };
}

/** Counts of nothing. */
export function emptyTotals(): LabelTotals {
  return { results: new Map(), durations: new Array<number>(durationBounds.length + 1).fill(0), sumMs: 0 };
}
