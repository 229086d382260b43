/** Whose turn it is: round robin, so that none waits for another's backlog. How much a turn is, others say. */
export interface Turns {
  /** It gets a turn after all that have one already. */
  add(endpoint: string): void;
  /** Takes the next turn, if there is one. */
  next(): string | undefined;
}

/** Nobody's turn. */
export function createTurns(): Turns {
  const waiting = new Set<string>();
  /** In their order. The set has one, too, but finding its first takes the longer the more were taken out before. */
  let order: string[] = [];
  let taken = 0;
  return {
    add(endpoint) {
      if (waiting.has(endpoint)) return;
      waiting.add(endpoint);
      order.push(endpoint);
    },
    next() {
      const endpoint = order[taken];
      if (endpoint === undefined) return undefined;
      taken += 1;
      waiting.delete(endpoint);
      if (2 * taken > order.length) [order, taken] = [order.slice(taken), 0];
      return endpoint;
    },
  };
}
