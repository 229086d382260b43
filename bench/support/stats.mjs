/** The arithmetic of a row: medians, ratios, bars. Pure. */

/** The median; of an even number the upper one of the two in the middle. */
function median(numbers) {
  return quantile(numbers, 0.5);
}

/** The number below which a share of them lies: 0.5 is the median, 0.99 the 99th percentile. */
export function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** A bar that the ratio of medians must not be above. */
export function atMost(limit) {
  return { text: `<= ${limit}`, isMet: ({ ratio }) => ratio <= limit };
}

/** A bar that the ratio of medians must not be below. */
export function atLeast(limit) {
  return { text: `>= ${limit}`, isMet: ({ ratio }) => ratio >= limit };
}

/** A bar for our own median, in the row's unit. */
export function oursAtMost(limit, unit) {
  return { text: `<= ${limit} ${unit}`, isMet: ({ ours }) => ours <= limit };
}

/**
 * What is to be told of samples that were taken in turn.
 * @param {{ ours: number[], theirs: number[] }} samples the n-th of each make a pair
 */
export function summarize({ ours, theirs }) {
  const ratios = ours.map((value, n) => value / theirs[n]);
  const medians = { ours: median(ours), theirs: median(theirs) };
  return {
    ...medians,
    ratio: medians.ours / medians.theirs,
    least: Math.min(...ratios),
    most: Math.max(...ratios),
  };
}

/** A word on whether a bar is met. */
export function verdict(bar, summary) {
  if (bar === undefined) return 'no bar';
  return bar.isMet(summary) ? 'met' : 'NOT MET';
}
