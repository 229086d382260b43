/** A budget of memory, for which endpoints may wait in a queue. */
export interface Budget {
  /** Bytes. */
  max: number;
  used: number;
  /** Endpoints that wait, in order, and the bytes that each needs. */
  queue: Map<string, number>;
  /** The endpoint that was called, and has not taken its bytes yet. */
  called: string | undefined;
}

/** Makes an unused budget. @param max bytes */
export function createBudget(max: number): Budget {
  return { max, used: 0, queue: new Map(), called: undefined };
}

/** Whether a payload fits into what is left. A payload larger than the budget fits alone. */
export function fits({ used, max }: Budget, bytes: number): boolean {
  return used === 0 || used + bytes <= max;
}

/** Whether an endpoint may take bytes now: they fit, and no other endpoint is before it. */
export function isFreeFor(budget: Budget, endpoint: string, bytes: number): boolean {
  const { called, queue } = budget;
  const isNext = called === endpoint || (called === undefined && queue.size === 0);
  return isNext && fits(budget, bytes);
}

/** Puts an endpoint into the queue: at its head if it was called, and the bytes did not fit. */
export function waitFor(budget: Budget, endpoint: string, bytes: number): void {
  if (budget.called === endpoint) budget.queue = new Map([[endpoint, bytes], ...budget.queue]);
  else budget.queue.set(endpoint, bytes);
}
