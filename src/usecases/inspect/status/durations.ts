/** Durations, counted in steps of a fifth, so that a quantile of any number of them takes a few hundred bytes. */

/** Steps for twice the duration. */
const stepsPerDouble = 4;

export interface Durations {
  add(ms: number): void;
  /**
   * The duration that this share of them does not exceed, in ms, at most a tenth off; undefined where there are none.
   * @param share 0 < share ≤ 1
   */
  quantile(share: number): number | undefined;
}

/** Makes an empty count. */
export function createDurations(): Durations {
  const steps: number[] = [];
  let total = 0;
  return {
    add(ms) {
      const step = Math.round(Math.log2(Math.max(ms, 0) + 1) * stepsPerDouble);
      steps[step] = (steps[step] ?? 0) + 1;
      total += 1;
    },
    quantile(share) {
      if (total === 0) return undefined;
      let left = Math.ceil(total * share);
      const step = steps.findIndex((number = 0) => {
        left -= number;
        return left <= 0;
      });
      return Math.round(2 ** (step / stepsPerDouble) - 1);
    },
  };
}
